"""Words that label ids: who or what a number belongs to, what is said around it, what it is.

One vocabulary for the patterns that read ids and for the triggers that call for them, so that the
two cannot differ.
"""

from __future__ import annotations

from typing import Final

# In front of "number", "id", "ref" …: what a person has or is.
HOLDERS: Final = (
    r"user|account|acct|member(?:ship)?|mbr|login|profile|loyalty|frequent fl[yi]er|flyer"
    r"|subscriber|employee|emp|staff|payroll|personnel|student|pupil|learner|matric(?:ulation)?"
    r"|enrol?lment|voter|pension(?:er)?|donor|library card|library|badge|insured|reader|rewards?"
    r"|passenger|patient|medical record|hospital|hosp|health card|policy ?holder|policy|insurance"
    r"|tax|national|identity|tenancy|contract|agreement|mortgage|loan|cardholder|insurer|ff(?= n)"
    # words that also name parts of programs: only in writing of people, and only their numbers
    r"|tenant(?= )|consumer(?= n)|candidate(?= n)"
)
CUSTOMERS: Final = r"\bcust(?:omer)?|\bclient"
NUMBERS: Final = (
    r"id(?:entifier)?|number|num|no\.?|nr\.?|n[º°]|#|code|ref(?:erence)?(?: (?:number|no\.?))?"
)
# Without any word for "number": "badge B-20418"; a value with letters only, for some are sums too.
LETTERED_HOLDERS: Final = (
    r"a/c|badge|subscriber|pension|tenancy|agreement|contract|loan|mortgage|payroll|library card"
    r"|frequent fl[yi]er|rewards|donor|pupil|membership|policy|insurance"
)
# Between the label and the value: "you have for me", "on the portal", "with you"
ASIDE: Final = (
    r"(?:,? (?:on file|you have|i have|there|here|below|please|(?:with|for) (?:me|you|us|them"
    r"|him|her)"
    r"|(?:on|in|at|from) (?:my|the|your|our|this) \w{3,12})){0,2}"
)
# The other speaker answers: "…? \nCustomer: one sec... it's"
ANSWER: Final = (
    r"[?.:]\s{1,2}(?:\w{1,12}: ?)?(?:(?:yes|sure|ok|okay|yeah|yep|um|uh|so|well|it'?s|it is|that'?s"
    r"|one sec(?:ond)?|hang on|hold on|let me (?:see|look|check)|here it is|here you go|i think)"
    r"[,.…]{0,3} ){0,4}"
)
IS: Final = r"(?: (?:is|of|was|should be|reads|ends in|ending in)(?: under)?)"
# Short words that are no prefix of an id: "policy number for 2024"
NO_PREFIX: Final = (
    r"(?!(?:is|of|on|in|at|to|by|and|for|was|via|per|are|the|an?|my|all|but|or|so|no|it|be|as|if|up"
    r"|out|not|has|had|with|from)\b)"
)

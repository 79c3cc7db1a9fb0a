"""Telephone numbers in international notation, and in national notations of many countries."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipeline.redaction.detectors.base import CODE, PLAIN_CONTEXT, PROSE, Context, Detector
from pipeline.redaction.detectors.lexicon import words
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import PHONE_NUMBER, Span, span_of

_EXTENSION = TextPattern(r",? ?(?:x|ext\.?|extension|#|durchwahl|poste) ?:?(\d{1,6})(?!\w)", re.I)
# Digits with at most two separators between them; each way of reading the run is decided after it.
_RUN = TextPattern(
    r"[+(\d](?<![A-Za-z0-9_.@#$€£%].)(?<![A-Za-z0-9][-/_].)(?<!\d,.)[+ (]{0,2}"
    r"(?:[ .\-/()\u2010-\u2015\u00b7]{0,3}\d){6,16}"
)
_NANP = TextPattern(
    r"(?:\+?1[ .-]{0,2}|001[ .-])?(?:\(\d{3}\)[ .-]{0,2}|\d{3}[ ./-]|\d{3} - )\d{3}(?:[ .-]"
    r"| - )?\d{4}$"
)
_LETTER_OR_DIGIT = re.compile(r"[A-Za-z0-9]")
_GROUPS = TextPattern(r"\d+")
_DATE = TextPattern(
    r"(?:(?:19|20)\d\d[-./](?:0?[1-9]|1[0-2])[-./](?:0?[1-9]|[12]\d|3[01])"
    r"|(?:0?[1-9]|[12]\d|3[01])[-./](?:0?[1-9]|[12]\d|3[01])[-./](?:19|20)?\d\d)(?![-./]?\d)"
)
_DECIMAL = TextPattern(r"\d+\.\d+(?:[ ,]+\d+\.\d+)*$")
_WORD = TextPattern(r"[^\W\d_]+|#")
_CUES: Final = dict.fromkeys(
    words(
        """phone phones telephone telephones tel telefon telefono teléfono fon mobile mobil mobiel
    movil móvil portable cell cellular cellphone celular handy fax call calls called calling contact
    contacts contacted reach reached reachable ring dial dialed dialing text texted texting sms
    whatsapp signal viber telegram hotline landline voicemail ext extension téléphone telephone
    rufnummer appelez llama llamar llámame chiama chiamami bel tlf digits ph phoned
    callback gsm pager ringing rang helpline
        numero número nummer numéro simu тел line nuber numbr phne telephon
    ligue ligar soita soittakaa puhelin puhelinnumero puh numeroon zadzwoń dzwonić telefonu hívjon
    telefonszám sunați arayın ara bellen bel anrufen anruf rufen llame llamen llámeme appeler
    rappeler rappelez joindre telefoonnummer telefonnummer mobilnummer mobilen handynummer
    rückrufnummer telefonnr mob tfno tfn tlfn nomor hp ringa
    ringe telefonla chiamare chiami cellulare cel area cb cp telemóvel telemovel telefone celulares
    numerem numerze kom komórka komórkowy zelle venmo gcash cashapp paytm gpay bizum zap wsp hmu
    otp ctcm ctcb ctch"""
    ),
    1,
) | dict.fromkeys(
    words(
        """order orders item items tracking track id ids sku isbn invoice invoices ref reference
    ticket account acct card version serial part case claim policy reservation flight confirmation
    transaction po zip code routing passport license licence ssn model batch build job pid port
    timestamp epoch request session trace span commit hash product parcel shipment coordinates
    coordinate lat lon latitude longitude nhs iban swift upc ean asin byte bytes size total amount
    price cost balance aadhaar imei vin date time # sort checking savings row rows offset
    partition"""
    ),
    -1,
)
# Scripts without blanks between words are searched for the word itself.
_CUE_ELSEWHERE = re.compile(
    "手机|手機|电话|電話|携帯|連絡先|联系|연락처|전화|휴대|मोबाइल|फ़ोन|फोन|هاتف|جوال|رقم|โทร|телефон|номер"
)


# "My number" is a telephone's, whatever was spoken of before; an order's has its noun in between.
_MY_NUMBER = TextPattern(
    r"\b(?:my|our|his|her|their)(?: (?:new|old|work|home|other|own))? (?:number|num|no|nr)\b"
    r"[^\w.?!]*(?:is|'s|was)?[^\w.?!]*$"
)
# What introduces a telephone's number without a word for one; of weight where no word is. "A
# number", "the best number for me is", "his # is", "you can get me at", "home 555 0142".
_INTRODUCED = TextPattern(
    r"\b(?:a|the|best|new|only|current|other|direct|emergency|daytime|alternate|his|her|my|their)"
    r" (?:number|num|no|nr)(?: (?:for|to|of) (?:me|him|her|us|them|this|get|have|try|use))?"
    r"(?: (?:is|was)|[,:])?\W{0,3}$"
    r"|\b(?:get|find|hit|buzz|catch|got)(?: a?hold of)? (?:me|him|her|us|them)(?: up| back)?"
    r"(?: (?:at|on|via))? $|\bi'?m (?:at|on) $"
    r"|\b(?:home|work|office|desk|reception|direct|main|daytime|evenings?)[:.]? {1,2}$"
    r"|\b(?:his|her|my|their|the) # (?:is |was )?$"
)
_NUMBER_AFTER = TextPattern(
    r"^,? is (?:(?:the|my|his|her|our|their|a) )?(?:(?:best|new|only|good|current|direct) )+"
    r"(?:number|no\b)"
)
# a sentence ends, or a speaker's turn: what another number was called before it says nothing
_SENTENCE_END = re.compile(r"[.!?] {1,2}(?=[A-Z])|\n(?=\S+ )")
_SEVEN_DIGITS: Final = r"\d(?:[ .\-/()]{0,3}\d){6}"
# with other hyphens and dots, which take many states: once is enough
_SEVEN_SET_APART: Final = r"\d(?:[ .\-/()\x{2010}-\x{2015}\x{b7}]{0,3}\d){6}"
_CUE_TRIGGER: Final = (
    r"(?i)\b(?:"
    + "|".join(sorted(word for word, kind in _CUES.items() if kind > 0 and word.isascii()))
    + r")(?:\b|_)|\b(?:my|our|his|her|their)(?: \w+)? (?:number|num|no|nr)\b"
    r"|\b(?:a|the|best|new|only|current|other|direct|good) (?:number|num|no|nr)\b"
    r"|\b(?:his|her|my|their|the) #"
    r"|\b(?:get|find|hit|buzz|catch|got|hold of) (?:me|him|her|us|them)\b|\bi'?m (?:at|on) "
    r"|\b(?:home|work|office|desk|reception|direct|main|daytime|evenings?)[:.]? +[(\d]"
)
_OWNERS: Final = frozenset(["his", "her", "my", "your", "their", "our", "the"])
# Forms of their own: (11) 3555-0142, 98220 55501, 91 98220 55501
_NATIONAL_FORM = TextPattern(
    r"\(\d{2,4}\)\ ?\d{3,5}[ -]\d{4}$|\d{3}\ \d{3}\ \d\d\ \d\d$"
    r"|8[ -]\(?\d{3}\)?[ -]\d{3}-\d\d-\d\d$|(?:91[ -])?[6-9]\d{4}[ -]\d{5}$|91[ -][6-9]\d{9}$"
)
_COMMAS = TextPattern(r"\d\d(?<![\w.,$-]..)\d, ?[2-9]\d\d, ?\d{4}(?!\w|[.,-]\d)")
# Sneha 9822555014: a mobile of ten digits right behind a name
_BEHIND_NAME = TextPattern(r"(?:^|\W)[A-Z][a-z]+(?: [-–]|,)? $")


class PhoneDetector(Detector):
    """Telephone numbers with country code, in North American form, or in a national form.

    A national number needs the shape of one (a leading zero, groups) or words that say so; a bare
    run of digits always needs the words. Words that name another number (an order, an item) win
    when they stand closer.
    """

    ENTITIES: ClassVar = (PHONE_NUMBER,)
    # shapes of telephone numbers, or seven digits and a word that says so
    TRIGGERS: ClassVar = (
        rf"[(+][(+ ]?{_SEVEN_DIGITS}",
        rf"\b00[1-9]{_SEVEN_DIGITS}",
        r"\b0\d{1,4}[ .\-/)]{1,2}\d\d(?:[ .\-/()]{0,3}\d){3}",
        r"\b0[6-9]\d{8}",
        r"\b\d{3}[ .\-/)]{1,3}\d{3}[ .\-]{0,3}\d{4}\b",
        r"\b[6-9]\d{4}[ -]\d{5}\b",
        r"\b91[ -][6-9]\d{9}\b",
        r"[a-z](?: [-–]|,)? [6-9]\d{9}\b",
        r"\b(?:\d{3}|0 \d{3}) \d{3} \d\d \d\d\b",
        r"\b8[ -]\(?\d{3}\)?[ -]\d{3}-\d\d-\d\d\b",
        (_SEVEN_DIGITS, _CUE_TRIGGER),
        (_SEVEN_SET_APART, r"[^\x00-\x7f]"),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans with country code and extension; scores from .5 to .9."""
        spans = []
        for match in _RUN.finditer(text):
            start, end = _trim(text, match.start(), match.end())
            start, end, score = _read(text, start, end, context)
            if not score:
                continue
            extension = _EXTENSION.match(text, end)
            if extension:
                end = extension.end()
            elif _LETTER_OR_DIGIT.match(text, end):
                continue
            spans.append(span_of(start, end, PHONE_NUMBER, score, "PhoneDetector"))
        return spans


def _trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Leave out a parenthesis that encloses the number, and blanks at its ends."""
    while text[start] == " ":
        start += 1
    if text[start] == "(" and ")" not in text[start:end]:
        start += 1
    return start, end


def _read(text: str, start: int, end: int, context: Context) -> tuple[int, int, float]:
    """Return the bounds of the number in `[start, end)` and its score; 0 for no number."""
    run = text[start:end]
    if text[end : end + 1].isdigit():
        return start, end, 0.0
    if run[0] == "+" or run.startswith(("00", "(+", "011")):
        length = _international(run)
        if length:
            cue = _cue(text, start, start + length)
            if run[0] != "0" or cue > 0 or context.hint == PHONE_NUMBER or not run.isdigit():
                return start, start + length, 0.9 if cue > 0 else 0.75
        if run[0] == "+":
            return start, end, 0.0
    date = _DATE.match(run)
    if date or _DECIMAL.match(run):
        return start, end, 0.0
    cue = 1 if context.hint == PHONE_NUMBER else _cue(text, start, end)
    if _NANP.match(run):
        return start, end, 0.0 if cue < 0 else (0.9 if cue else 0.7)
    digits = sum(map(str.isdigit, run))
    groups = [len(group) for group in _GROUPS.findall(run)]
    if cue == 0 and _introduced(text, start, end):
        cue = 1
    if cue > 0:
        shaped = 7 <= digits <= 15 and max(groups) >= 2
        return start, end, (0.7 if len(groups) > 1 else 0.6) if shaped else 0.0
    if cue < 0 or context.register == CODE:
        return start, end, 0.0
    if _NATIONAL_FORM.match(run):
        return start, end, 0.5
    if cue == 0 and len(groups) == 1:
        # an unseparated number with a trunk zero, as people type their mobile's
        mobile = run[0] == "0" and run[1] in "6789" and digits in (10, 11)
        if digits == 10 and run[0] in "6789":
            mobile = _BEHIND_NAME.search(text[max(0, start - 24) : start]) is not None
        return start, end, 0.4 if mobile and context.register == PROSE else 0.0
    grouped = len(groups) > 1 and min(groups[1:]) >= 2 and max(groups) <= 8
    if run.lstrip("(")[0] == "0" and 9 <= digits <= 12 and grouped:
        return start, end, 0.5
    return start, end, 0.0


def _international(run: str) -> int:
    """Return how many characters of `run`, which starts with + or 00, make up a number, or 0."""
    digits = ""
    ends: list[int] = []
    for offset, char in enumerate(run):
        if char.isdigit():
            digits += char
            ends.append(offset + 1)
    prefix = 2 if run.startswith("00") else 3 if run.startswith("011") else 0
    number = digits[prefix:]
    if number.startswith("1"):
        if len(number) < 11:
            return 0
        return ends[prefix + 10] if len(number) > 11 else ends[-1]
    if number.startswith("0") or len(number) < 7:
        return 0
    if len(number) <= 15:
        return ends[-1]
    for count in range(15 + prefix, 7 + prefix, -1):
        if not run[ends[count - 1]].isdigit():
            return ends[count - 1]
    return 0


def _cue(text: str, start: int, end: int) -> int:
    """Return 1 if the nearest word around says telephone, -1 if it says another number, else 0."""
    written = text[max(0, start - 48) : start]
    window = written.lower().replace("area code", "area")
    if " n" in window and _MY_NUMBER.search(window):
        return 1
    found = 0
    words = _WORD.findall(window)
    for word in reversed(words):
        if word in _CUES:
            found = _CUES[word] if word != "#" else _sign(words)
            break
    if found < 0 and ("\n" in written or ". " in written or "? " in written):
        # what another number was called in the sentence before says nothing
        *_, last = _SENTENCE_END.split(written)
        words = _WORD.findall(last.lower())
        found = next((_CUES[word] for word in reversed(words) if word in _CUES), 0)
    if found:
        return found
    if not window.isascii() and _CUE_ELSEWHERE.search(window):
        return 1
    for word in _WORD.findall(text[end : end + 32].lower()):
        if word in _CUES:
            return max(_CUES[word], 0)
    return 0


def _sign(words: list[str]) -> int:
    """Return what the last `#` of `words` says: "cell # 555…", "her # is" are telephone's."""
    before = len(words) - 2 - words[::-1].index("#")
    word = words[before] if before >= 0 else ""
    return 0 if word in _OWNERS else _CUES.get(word, -1)


def _introduced(text: str, start: int, end: int) -> bool:
    """Whether the phrase around a number makes it a telephone's, though no word says so."""
    return (
        _INTRODUCED.search(text[max(0, start - 48) : start].lower()) is not None
        or _NUMBER_AFTER.search(text[end : end + 32].lower()) is not None
    )


class DictatedPhoneDetector(Detector):
    """North American numbers with commas where a speaker paused: 305, 555, 0118."""

    ENTITIES: ClassVar = (PHONE_NUMBER,)
    TRIGGERS: ClassVar = (r"\b\d{3}, ?\d{3}, ?\d{4}\b",)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .6, unless words call it another number."""
        return [
            span_of(*match.span(), PHONE_NUMBER, 0.6, "DictatedPhoneDetector")
            for match in _COMMAS.finditer(text)
            if _cue(text, *match.span()) >= 0
        ]

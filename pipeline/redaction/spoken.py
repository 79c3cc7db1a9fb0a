"""What people spell out: `ann dot lee at example dot com`, `four one five …`, `4 1 5 5 …`.

Voice transcripts and careful writers do so. Each spelling becomes what it stands for, with the way
back to where it was written.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from pipeline.redaction.automata import Scanner
from pipeline.redaction.plain import Plain, replaced

_DIGIT_WORDS: Final = {
    "zero": "0",
    "oh": "0",
    "o": "0",
    "nought": "0",
    "one": "1",
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
}
_WORD: Final = "|".join(_DIGIT_WORDS)
_TENS: Final = dict(
    zip(
        ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"],
        range(2, 10),
        strict=True,
    )
)
_TEENS: Final = dict(
    zip(
        [
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ],
        range(10, 20),
        strict=True,
    )
)
# one digit, a pair of digits ("fifty five"), or the zeros of "eight hundred"
_UNIT: Final = (
    rf"(?:(?:(?:double|triple)[ ])?(?:{_WORD})|{'|'.join(_TEENS)}|(?:{'|'.join(_TENS)})"
    rf"|hundred|thousand)"
)
_SAID_DOT: Final = r"(?:[ ]?[\[({][ ]?dot[ ]?[\])}][ ]?|[ ]dot[ ])"
_MARKED_AT: Final = r"[ ]?[\[({][ ]?(?:at|@)[ ]?[\])}][ ]?"
# ann underscore lee; j o dot lee: signs and single letters that are said
_SAID_SIGNS: Final = {"underscore": "_", "dash": "-", "hyphen": "-", "minus": "-", "plus": "+"}
_SAID_SIGN: Final = rf"[ ](?:{'|'.join(_SAID_SIGNS)})[ ]"
_PIECE: Final = r"(?:(?:\w[ ]){2,16}\w(?!\w)|[\w+-]{1,64})"
_NAME: Final = rf"(?<![\w.+-]){_PIECE}(?:(?:\.|{_SAID_DOT}|{_SAID_SIGN}){_PIECE}){{0,4}}"
# "at" alone is a word like any other: then a dot of the domain must be spelled as well
_ADDRESS: Final = re.compile(
    rf"(?i){_NAME}(?:{_MARKED_AT}[\w-]{{1,64}}(?:(?:\.|{_SAID_DOT})[\w-]{{1,24}}){{1,4}}"
    rf"|[ ]at[ ][\w-]{{1,64}}(?:[ ](?:dash"
    rf"|hyphen)[ ][\w-]{{1,64}})?(?:{_SAID_DOT}[\w-]{{1,24}}){{1,4}})"
)
_DOT: Final = re.compile(rf"(?i){_SAID_DOT}")
_SIGN: Final = re.compile(rf"(?i){_SAID_SIGN}")
_AT: Final = re.compile(rf"(?i){_MARKED_AT}|[ ]at[ ]")
# what stands between two digits: "six one seven, uh, five five five dash oh one nine nine"
_PAUSE: Final = (
    r"(?:[ ,-]{1,2}(?:(?:uh|um|er|then|and[ ]then)[ ,]{1,2})?|[ ]?\.{2,3}[ ]?"
    r"|,?[ ](?:dash|hyphen),?[ ])"
)
_DIGITS: Final = re.compile(
    rf"(?i)\b(?:(?:double|triple)[ ])?(?:{_WORD}|{'|'.join(_TEENS)}|{'|'.join(_TENS)})"
    rf"(?:{_PAUSE}(?:{_UNIT}|\d{{1,4}}(?!\w))){{4,24}}\b"
)
# 617 555 oh 199; 510 dash 555 dash 0177; 0 double 7 911 20: what a transcriber half wrote in digits
_MIXED: Final = re.compile(
    rf"(?i)(?<![\w.,-])(?:\d{{1,5}}|oh?|zero|(?:double|triple)[ ]\d)"
    rf"(?:{_PAUSE}(?:\d{{1,5}}(?!\w)|oh?\b|zero\b|(?:double|triple)[ ](?:\d\b|{_WORD}))){{2,12}}"
    r"(?![\w-]|\.\d)"
)
# 4 1 5 5 …; 4 5 3 9, 7 8 1 2, …
_SPACED: Final = re.compile(r"(?<![\w.-])\d[ ]\d(?:,?[ ]\d){5,17}(?![\w-]|\.\d)")
_NANP: Final = re.compile(r"[2-9]\d\d[2-9]\d{6}")
_TRUNK_DIGITS: Final = (10, 11)
_FEWEST_DIGITS: Final = 7
_FEWEST_WORDS: Final = 3
_TIMES: Final = re.compile(r"(?i)(double|triple)[ ](\w+)")

_SAID: Final = rf"(?:{_WORD}|{'|'.join(_TEENS)}|{'|'.join(_TENS)}|hundred|thousand)"
_BETWEEN: Final = rf"{_PAUSE}(?:(?:double|triple)[ ])?"
# what each spelling cannot do without; almost every text has none of it
_SCAN: Final = Scanner(
    [
        r"(?i)[ \[({]dot[ \])}]",
        r"(?i)[ ]at[ ]",
        r"(?i)[\[({][ ]?(?:at|@)",
        rf"(?i){_SAID}(?:{_BETWEEN}(?:{_SAID}|\d{{1,4}})){{2}}",
        r"\d[ ]\d,?[ ]\d,?[ ]\d",
        r"(?i)[ ](?:oh|dash|hyphen|zero)[ ]|\b(?:double|triple)[ ]\d",
        r"\d",
    ],
    [((0, 1), 0), ((2,), 0), ((3,), 1), ((4,), 2), ((5, 6), 3)],
)
_ADDRESS_MAY: Final = 1
_DIGITS_MAY: Final = 2
_SPACED_MAY: Final = 4
_MIXED_MAY: Final = 8


def without_spelling(text: str) -> Plain | None:
    """Return `text` with addresses and numbers written as such, or None where nothing is spelled.

    Time is linear: every repetition is bounded.
    """
    try:
        may = _SCAN.outcomes(text)[0]
    except UnicodeEncodeError:
        # half of a surrogate pair: read it the long way
        may = _ADDRESS_MAY | _DIGITS_MAY | _SPACED_MAY | _MIXED_MAY
    if not may:
        return None
    plain: Plain | None = None
    if may & _ADDRESS_MAY:
        plain = _step(plain, text, _ADDRESS)
    if may & _DIGITS_MAY:
        plain = _step(plain, text, _DIGITS)
    if may & _MIXED_MAY:
        plain = _step(plain, text, _MIXED)
    if may & _SPACED_MAY:
        plain = _step(plain, text, _SPACED, _joined)
    return plain


def _step(
    before: Plain | None,
    text: str,
    pattern: re.Pattern[str],
    form: Callable[[str], str] | None = None,
) -> Plain | None:
    source = text if before is None else before.text
    if pattern.search(source) is None:
        return before
    after = replaced(source, pattern, form or _written)
    return after if before is None else after.over(before)


def _joined(spelling: str) -> str:
    return spelling.replace(" ", "").replace(",", "")


def _written(spelling: str) -> str:
    """Return what a spelling stands for."""
    if _AT.search(spelling):
        spelling = _DOT.sub(".", _AT.sub("@", spelling, count=1))
        spelling = _SIGN.sub(lambda match: _SAID_SIGNS[match[0].strip().lower()], spelling)
        return spelling.replace(" ", "")
    spelling = _TIMES.sub(
        lambda match: " ".join([match[2]] * (2 if match[1].lower() == "double" else 3)), spelling
    )
    words = re.split(r"[ ,.-]+", spelling.lower())
    digits = "".join(_digits_of(words))
    if any(map(str.isdigit, spelling)):
        # digits and words side by side: one number only if the words are digits too, or if there
        # are more of them than the one of "on 555 0142 one more thing"
        said = sum(map(str.isalpha, words))
        fewest = _FEWEST_WORDS if spelling[0].isalpha() else 1
        if said < fewest or len(digits) < _FEWEST_DIGITS:
            return spelling
    if _NANP.fullmatch(digits):
        # said aloud a telephone number is often all there is: no word calls it one
        return f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    if digits[0] == "0" and _TRUNK_DIGITS[0] <= len(digits) <= _TRUNK_DIGITS[1]:
        # one with a trunk zero, too
        return f"{digits[:4]} {digits[4:7]} {digits[7:]}"
    return digits


def _digits_of(words: list[str]) -> list[str]:
    """Return the digits of each word; "fifty" before "five" is a five alone."""
    digits = []
    for place, word in enumerate(words):
        if word in _TENS:
            follows = _DIGIT_WORDS.get(words[place + 1] if place + 1 < len(words) else "", "0")
            digits.append(str(_TENS[word]) + ("0" if follows == "0" else ""))
        elif word in _TEENS:
            digits.append(str(_TEENS[word]))
        elif word.isdecimal():
            digits.append(word)
        else:
            digits.append(
                {"hundred": "00", "thousand": "000"}.get(word, _DIGIT_WORDS.get(word, ""))
            )
    return digits

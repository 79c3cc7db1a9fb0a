"""What the words around a part of a name say: whether it is one, and how surely."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from pipeline.redaction.detectors.base import PROSE, Context
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.name_checks import (
    ARTICLES_BEFORE,
    INTERJECTIONS,
    LOOK_BACK,
    MONTH_NAMES,
    NAMED_FROM,
    NEXT_WORD,
    SIGNED_WITH,
    SOURCES,
    SPEAKERS,
    asks,
    is_company,
    is_compound,
    is_family,
    is_product,
    is_venue,
)
from pipeline.redaction.detectors.name_cues import (
    ADDRESSING,
    COLOURS,
    CONVERTING,
    COPULAS,
    DETERMINING,
    ENGLISH,
    ENGLISH_LABELS,
    LEADING,
    NAME_LABELS,
    NAMING,
    PLACING,
    REPORTING,
    ROLES,
    SHARED,
    TECHNICAL,
    THING_LABELS,
    THINGS,
    TOPICAL,
    TOPONYMS,
)
from pipeline.redaction.detectors.name_runs import Part
from pipeline.redaction.detectors.word_classes import TITLES

_QUOTES: Final = "\"'“”‘’*_([{<`>|-–—•,~#"
_ENDS: Final = ".!?:;|•"
_AROUND: Final = _QUOTES + _ENDS
# "Eircode: D02" is a label
_WORD_BEHIND_COLON = re.compile(r" ?: ?[^\W\d_]+(?!\d)")
# a model's number, no time, count of years or telephone number
_MODEL_NUMBER = re.compile(r" \d{1,2}(?![\w:./-]| \d|,)")
_SIGNATURE = re.compile(r"[\s*_~–—-]*$")


class _Before(NamedTuple):
    """What stands in front of a part."""

    word: str
    second: str
    opens: bool  # a text, a line or a sentence
    label: bool  # the word is a label: it ends in a colon


_OWNED: Final = frozenset(["account", "name", "profile", "reservation", "booking", "ticket"])
_MENTIONED: Final = frozenset(["U", "N", "M", "full"])
_NO_NAME_BEFORE: Final = frozenset("_/\\@=")
LONE: Final = 0.5
CUED: Final = 0.8
# what may still turn out to be a place
GUESSED: Final = 0.6


def _before(text: str, start: int) -> _Before:
    window = text[max(0, start - LOOK_BACK) : start]
    # the last two words, and what is in front of them in one piece
    words = window.rsplit(None, 2)
    if not words:
        return _Before("", "", opens=True, label=False)
    last = words[-1]
    # nearly always one blank, and no new line
    gap = window[len(window.rstrip()) :] if window[-1] == "\n" or window[-2:-1].isspace() else ""
    # most words are letters alone
    word = last.lower() if last.isalpha() else last.strip(_AROUND).lower()
    second = words[-2].strip(_AROUND).lower() if len(words) > 1 else ""
    opens = last[-1] in _ENDS or "\n" in gap or not word
    return _Before(word, second, opens, ":" in last and last.rstrip("*_\"'")[-1:] == ":")


def _inside(part: Part) -> _Before:
    return _Before(part.before_word, "", opens=not part.before, label=False)


def is_foreign(text: str) -> bool:
    """Whether the text seems to be in another language: no common English word, foreign letters."""
    words = text.lower().split()
    if not ENGLISH_LABELS.isdisjoint(words):
        return False
    common = ENGLISH.intersection(words)
    if not common <= SHARED:
        return False
    if len(words) <= (5 if text.isascii() else 2):
        return False
    if not common:
        return True
    # words that other languages have too: only now is it worth counting the rest
    known = lexicon()
    lower = [word.strip(_AROUND) for word in text.split() if word[:1].islower()]
    english = sum(map(known.is_ordinary, lower))
    others = sum(word in known.foreign and word not in ENGLISH for word in lower)
    return others > max(1, english)


def score_of(text: str, start: int, end: int, part: Part, context: Context) -> float:
    """Return how sure `[start, end)` is a name in its surroundings; 0 for no name."""
    if part.kind == "titled":
        return 0.85
    following = text[end : end + 1]
    if following in _NO_NAME_BEFORE or (following == "(" and part.kind != "full"):
        return 0.0
    if following == "." and text[end + 1 : end + 2].isalnum() and part.kind != "full":
        return 0.0
    if part.first and start and text[start - 1] in "`.@=":
        mention = text[start - 1] == "@" and following in (" ", ",", "") and part.kind in _MENTIONED
        pair = text[start - 1] == "=" and (part.kind == "full" or part.kind == "N")
        if not mention and not pair:
            return 0.0
    if part.after in ("K", "Z", "Y") or part.before in ("Z", "Y"):
        return 0.0
    if part.kind == "full":
        return _score_full(text, start, end, part, context)
    before = _before(text, start) if part.first else _inside(part)
    if part.kind == "pair":
        cued = _named(before) or _addressed(before) or before.word in ROLES or part.before == "R"
        # a place that is a given name and stands with another word alone: a key, a cell of a table
        alone = part.lead == "G" and start == 0 and end == len(text)
        return CUED if cued or alone else 0.0
    return _score_single(text, start, end, part, before, context)


def _named(before: _Before) -> bool:
    """Whether the words in front introduce a name, so that even an ordinary word is one."""
    word, second, _, label = before
    return (
        word in NAMING
        or (label and (word in NAME_LABELS or word in ROLES))
        # Portuguese: "sou o Wanderley", "aqui é a Thaís"
        or (word in ("o", "a") and second in ("sou", "é"))
        or (word in COPULAS and second in ("name", "name's", "names", "surname"))
        or (word == "of" and second in _OWNED)
    )


def _addressed(before: _Before) -> bool:
    """Whether the words in front are said to or of a person: "Hi", "ask", "this is"."""
    word, second, _, _ = before
    return (
        word in ADDRESSING
        or (word == "is" and second in ("this", "it", "here"))
        or (word == "ist" and second == "hier")
        or (word == "me" and second in ("call", "calls", "called"))
        or (word in ("it's", "its", "am") and second in ("hi", "hello", "hey", "i", ""))
    )


def _score_full(text: str, start: int, end: int, part: Part, context: Context) -> float:
    """Several words are a name but behind an article ("the Grace Kelly handbag")."""
    if not part.first:
        return 0.0 if part.before_word in _ARTICLES else 0.75
    if text.endswith((" the ", " a ", " an "), 0, start):
        return 0.75 if text.endswith(_ARTICLED, 0, start) else 0.0
    if part.lead == "I" and text[max(0, start - 2) : start - 1].isdigit():
        return 0.0
    if part.lead == "L" and text.endswith(_WAYS, 0, start):
        return 0.0
    if text.endswith(_STREETS, start, end) and text.endswith(_ON_STREETS, 0, start):
        # "bins on Abbey Lane": a road, whose detectors know better
        return 0.0
    if "'s " in text[start:end] and text.endswith(_WAYS, 0, start):
        # "meet at King's Cross"
        return 0.0
    if text.endswith(": ", 0, start) and _before(text, start).word in THING_LABELS:
        return 0.0
    if part.lead in "UL" and text.endswith(" in ", 0, start) and is_venue(text, start, end):
        return 0.0
    if part.lead == "U" and text.endswith(" at ", 0, start) and is_venue(text, start, end):
        return 0.0
    if text.startswith(_TOPONYMS, start) and text.count(" ", start, end) == 1:
        return 0.0
    if text.startswith(" & ", end) and is_company(text, end):
        return 0.0
    return 0.75 if context.register == PROSE else 0.6


_STORMS: Final = words("storm hurricane typhoon cyclone")
_TOPONYMS: Final = tuple(
    f"{word}{stop} "
    for word in map(str.capitalize, sorted(TOPONYMS | _STORMS))
    for stop in ("", ".")
)
_ARTICLES: Final = frozenset(["the", "a", "an"])
# the Portuguese article stands in front of names too
_ARTICLED: Final = (" é a ", " sou a ", " com a ", " para a ", " e a ")
# German: "im Sommer", "zum Bauer"; a name has no article there, but in speech
_WITH_ARTICLE: Final = frozenset(["im", "zum", "ins", "vom"])
_CALLING: Final = words("call ask tell contact email text dear hi hello thanks meet")
_STREETS: Final = (
    " Lane",
    " Way",
    " Drive",
    " Court",
    " Street",
    " Road",
    " Avenue",
    " Close",
    " Rise",
)
_ON_STREETS: Final = (
    " on ",
    " off ",
    " along ",
    " down ",
    " onto ",
    " across ",
    " up ",
    " between ",
)
_WAYS: Final = (" in ", " at ", " near ", " from ", " to ", " via ", " of ", " into ", " visit ")


def _score_single(
    text: str, start: int, end: int, part: Part, before: _Before, context: Context
) -> float:
    kind, after = part.kind, part.after
    word, second, opens, _ = before
    if _named(before):
        if before.label and kind in "ABS" and asks(text, end, word):
            return 0.0
        return 0.0 if after in ("O", "P", "X") and kind in "ABSPL" else 0.85
    if kind == "C":
        # "CALL DAUGHTER IFEOMA"
        role = part.before == "R" and part.before_word not in SPEAKERS
        return 0.6 if role or part.before_word in _CALLING else 0.0
    if text.startswith(" & ", end) and is_company(text, end):
        return 0.0
    if part.before and (
        part.before_word.rstrip(".") in TOPONYMS or _MODEL_NUMBER.match(text, end) is not None
    ):
        # St. Louis; Trek Marlin 7
        return 0.0
    if kind in "NUM" and text.startswith(" ", end) and is_product(text, end):
        return 0.0
    if before.label and word in THING_LABELS:
        return 0.0
    if word == "from" and (
        second in SOURCES or (kind == "U" and NAMED_FROM.search(text, max(0, start - 24), start))
    ):
        return 0.0
    if (
        kind in "NM"
        and part.before == "P"
        and text.endswith(ARTICLES_BEFORE, 0, start - part.start)
    ):
        # "a Skoda Octavia"
        return 0.0
    if word.isdigit() and text[start:end] in MONTH_NAMES:
        # "22 Dec to 2 Jan"
        return 0.0
    if kind in "NM" and ((word in THINGS and not opens) or part.before_word in THINGS):
        # "vessel Emma", "room Curie"
        return 0.0
    if word in LEADING and kind in "UNM" and not opens:
        if word == "to" and second in CONVERTING:
            return 0.0
        return 0.0 if after in ("O", "P", "X", "S") and kind != "N" else 0.6
    if _addressed(before) and kind != "L":
        return 0.0 if after in ("O", "P", "X", "S") and kind not in "NU" else CUED
    if part.before_word in SIGNED_WITH and kind in "UNM":
        return CUED
    if part.before == "R" and (kind in "UNMABG" or part.before_word in TITLES):
        return CUED
    if word in ROLES and kind in "UNMGB" and not opens:
        return 0.75
    if before.label and kind in "UNM" and word[:-1] in ROLES and word.endswith("s"):
        # the plural of a role: "Key holders" and then Ambika, Rolf
        return 0.75
    if word == "the" and kind == "U" and is_family(text[start:end]):
        return 0.6
    if word in ("the", "a", "an") and not opens and kind in "UNM":
        return 0.0
    if word in DETERMINING and after in ("O", "S"):
        return 0.0
    if kind == "N":
        if word in _WITH_ARTICLE and not opens:
            return 0.0
        return 0.0 if word in ("the", "a", "an") and after else 0.6
    if kind in "MBG" and _reports(text, end, kind, before):
        return 0.6
    if kind == "M" and part.before and text.endswith(": ", 0, start - part.start):
        # a colour behind its label is none
        return 0.0
    if kind == "M" and not opens and word not in DETERMINING and after != "O":
        return 0.55
    if kind in "ABSG" and _signs(text, start, end):
        return 0.6
    if kind != "U" or context.register != PROSE:
        return 0.0
    if after in ("O", "P", "X", "L", "S") or part.before in ("P", "X", "L"):
        return 0.0
    if word in DETERMINING or word in PLACING or word in TECHNICAL:
        return 0.0
    if part.before_word in THINGS or (not opens and (word in THINGS or word in COLOURS)):
        return 0.0
    if (word.isdigit() and not opens) or (word == "of" and second in TOPICAL):
        return 0.0
    if part.before and text.endswith(
        (" the ", " a ", " an ", " my ", " our "), 0, start - part.start
    ):
        # "the Shark Stratos"
        return 0.0
    if text[start - 1 : start] in ('"', "“", "'") and text[end : end + 1] in ('"', "”", "'"):
        return 0.0
    if opens and (text[start:end] in INTERJECTIONS or is_compound(text[start:end].lower())):
        return 0.0
    if opens and text[end : end + 2].lstrip().startswith(":"):
        # a label or a speaker; a speaker goes on in words
        follows = _WORD_BEHIND_COLON.match(text, end)
        return LONE if follows is not None else 0.0
    return LONE


def is_labelled(text: str, origin: int) -> bool:
    """Whether a label in front of a run says that it is a person."""
    if not text.endswith(": ", 0, origin):
        return False
    word = _before(text, origin).word
    if word in SPEAKERS and text.startswith(_ANSWERS, origin):
        return False
    return word in NAME_LABELS or word in ROLES


# How a speaker may begin; no first words of a name: "Agent" and then "Okay Moses"
_ANSWERS: Final = (
    *("Okay ", "Ok ", "OK ", "Thanks ", "Hi ", "Hello ", "Yes ", "No ", "Sure ", "Right "),
    *("Sorry ",),
    *("Well ", "Good ", "Great ", "Perfect ", "Alright ", "And ", "But ", "So ", "Is ", "Dear "),
)


def _reports(text: str, end: int, kind: str, before: _Before) -> bool:
    """Whether a word that may be a name opens a sentence and does what only people do."""
    if not before.opens:
        return False
    follows = NEXT_WORD.match(text, end)
    if not follows or not follows[1].islower():
        return False
    return follows[1] in REPORTING or (text[end] == "," and kind in "MB" and follows[1] in _ASKING)


_ASKING: Final = frozenset(
    ["please", "could", "can", "would", "will", "do", "did", "are", "have", "thanks", "thank", "i"]
)


def _signs(text: str, start: int, end: int) -> bool:
    """Whether the word stands alone on the last line of a letter."""
    if text[end:].strip(" \n.!*_"):
        return False
    line = text.rfind("\n", 0, start) + 1
    return line > 1 and "\n" in text[: line - 1] and bool(_SIGNATURE.match(text[line:start]))

"""Street addresses of many countries, with what is attached: unit, city, state, code, country."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from pipeline.redaction.detectors.address_patterns import (
    ADDRESS_CUE,
    BEHIND_TYPE,
    CUED,
    HOLDS_TYPE,
    INFORMAL,
    LEAD,
    MAY_LEAD,
    NAMED,
    NUMBER_AGAIN,
    NUMBERED,
    OTHER_TYPES,
    ROUTE_NUMBER,
    ROUTES,
    SURE_TYPES,
    WRITTEN_TYPES,
)
from pipeline.redaction.detectors.address_tail import address_tail
from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector, Trigger
from pipeline.redaction.detectors.cues import cue_before
from pipeline.redaction.detectors.lexicon import lexicon
from pipeline.redaction.detectors.patterns import AnyPattern
from pipeline.redaction.detectors.roads import is_public
from pipeline.redaction.spans import STREET_ADDRESS, Span, span_of

_STREETS = "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Terrace|Crescent"
_ABBREVIATION = re.compile(
    r"(?:\w\.)+|(?:[NSns][EWew]|St[aeo]?|[MFP]t|[DJS]r|Avd?a?e?|Ctra|Pza|Urb|Gen|Col|Capt|Lt|Sgt|Rev|Prof|Gov|No)\."
)
_YEAR = re.compile(r"(?:19|20)\d\d\b")
_MEASURE = re.compile(
    r"\d+\s+(?:minutes?|mins?|hours?|hrs?|miles?|km|kilometers?|days?|weeks?|months?|years?|meters?"
    r"|people|times|more|other|different|new|easy|long|short|way)\b",
    re.IGNORECASE,
)
Street = tuple[int, int, float]
"""Start, end and score of a street before what is attached to it is read."""
_LEAD_REACH: Final = 60
UNCERTAIN: Final = 0.6
"""The score of a number and words that are an address only if what is attached says so."""


class AddressDetector(Detector):
    """What the detectors of addresses share: from streets to spans of whole addresses."""

    ENTITIES: ClassVar = (STREET_ADDRESS,)

    def __init__(self) -> None:
        super().__init__()
        self._tail = address_tail()

    def streets(self, text: str, context: Context) -> Iterable[Street]:
        """Return the streets in `text`, in any order; they may overlap."""
        raise NotImplementedError

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans with what is attached in front and behind."""
        spans: list[Span] = []
        reached = 0
        streets = list(self.streets(text, context))
        if len(streets) > 1:
            streets.sort(key=_first_and_longest)
        for start, end, score in streets:
            if start < reached or (score == UNCERTAIN and not self._tail.is_certain(text, end)):
                continue
            begin = max(reached, _lead(text, start))
            reached = self._tail.end(text, end)
            spans.append(span_of(begin, reached, STREET_ADDRESS, score, self.name))
        return spans


def _lead(text: str, start: int) -> int:
    """Return where what leads to the street at `start` begins: "Room 1203, Building 7, "."""
    if not start:
        return start
    first, last = max(0, start - _LEAD_REACH), start + 8
    if not MAY_LEAD.matches(text[first:last]):
        return start
    for match in LEAD.finditer(text, first, last):
        if match.start() <= start <= match.end():
            return match.start()
    return start


def _holds_an_end(words: list[str]) -> bool:
    """Whether a sentence ends between `words`."""
    return any(word[-1] == "." and not _ABBREVIATION.fullmatch(word) for word in words[:-1])


def _first_and_longest(street: Street) -> tuple[int, int]:
    return street[0], -street[1]


class StreetDetector(AddressDetector):
    """A number, words and a word for a street.

    Without a word for a street, what is attached decides: a unit, a state, a code.
    """

    TRIGGERS: ClassVar = (
        # a number and a capital behind it; which word follows is not for the gate: there are many
        r"\d[A-Za-z]?,? (?:[A-Z]|[^\x00-\x7f]|\d+(?:st|nd|rd|th)|1/2)",
        (
            r"\d[A-Za-z]? [a-z]|\d(?:st|nd|rd|th) ",
            rf"(?i)\b(?:{WRITTEN_TYPES})\b",
        ),
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .85 with a word for a street, .7 in lower case, `UNCERTAIN` without one."""
        for match in NUMBERED.finditer(text):
            start = match.start()
            written = match["words"]
            words = written.split(" ")
            if "." in written and _holds_an_end(words):
                continue
            if text.endswith(("No. ", "no. ", "No.", "No "), max(0, start - 4), start):
                start = text.rindex("o", 0, start) - 1
            end = self._street_end(text, match, words)
            if end:
                yield start, end, 0.85
            else:
                again = NUMBER_AGAIN.match(text, match.end())
                yield start, again.end() if again else match.end(), UNCERTAIN
        if HOLDS_TYPE.matches(text):
            for match in INFORMAL.finditer(text):
                if not _MEASURE.match(match[0]):
                    yield (*match.span(), 0.7)

    def _street_end(self, text: str, match: re.Match[str], words: list[str]) -> int:
        """Return where the street ends: behind the last word for one; 0 if there is none.

        A number that may be a year and a word such as Hill are a title unless more is attached.
        """
        end = match.end()
        for place in range(len(words) - 1, -1, -1):
            word = words[place]
            kind = word.lower().rstrip(".")
            sure = kind in SURE_TYPES
            if sure or (kind in OTHER_TYPES and word[0].isupper()):
                break
            end -= len(word) + 1
        else:
            return 0
        if kind in ROUTES and (route := ROUTE_NUMBER.match(text, end)):
            return route.end()
        if place == 0:
            # 5 Broadway; 10 Avenue of the Americas
            return end if kind == "broadway" else match.end() if kind == "avenue" else 0
        if (behind := BEHIND_TYPE.match(text, end)) is not None:
            end = behind.end()
        if _YEAR.match(match[0]) and (not sure or word.islower()):
            return end if self._tail.end(text, end) > end else 0
        return end


class NamedStreetDetector(AddressDetector):
    """A street without a number behind a word of place: "on Old Quarry Rd"."""

    TRIGGERS: ClassVar = (
        (
            r"\b(?:[Oo]n|[Aa]t|[Oo]ff|[Nn]ear|[Ff]rom|[Aa]long|[Tt]o|[Ii]n|[Oo]f) [A-Z]",
            rf"[a-z’'] (?:{_STREETS})\b",
        ),
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .5 for each but those that are talked of as roads that all use."""
        return [
            (*match.span(1), 0.5)
            for match in NAMED.finditer(text)
            if not is_public(text, *match.span(1))
        ]


class CuedAddressDetector(AddressDetector):
    """A number and a name, where the words before say that it is an address."""

    TRIGGERS: ClassVar = (
        (
            r"\d[A-Za-z]?,? (?:[A-Z]|[^\x00-\x7f])",
            r"(?i)address|\blives? |\bliving |\bresid|\bship|\bdeliver|\bmove|\blocated|\bsend "
            r"|\bmail"
            r"|\bhome\b|\bbilling|anschrift|adresse|direcci|indirizzo|endere",
        ),
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:
        """Return .65 for each."""
        hinted = context.hint == STREET_ADDRESS
        return [
            (*match.span(), 0.65)
            for match in CUED.finditer(text)
            if hinted or cue_before(ADDRESS_CUE, text, match.start())
        ]


class FormDetector(AddressDetector):
    """Addresses of one form, such as Hauptstraße 12a or PO Box 5."""

    def __init__(
        self,
        name: str,
        pattern: AnyPattern,
        trigger: Trigger,
        score: float = 0.85,
        *,
        more: tuple[Trigger, ...] = (),
    ) -> None:
        """Look for `pattern` where `trigger`, or one of `more`, opens the gate."""
        super().__init__()
        self._score = score
        self.name = name
        self.triggers = (trigger, *more)
        self._pattern = pattern

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return the form's score for each."""
        return [
            (*match.span(), self._score)
            for match in self._pattern.finditer(text)
            if not self._is_english(match[0])
        ]

    def _is_english(self, street: str) -> bool:
        """Whether one word and a number are English: "Engineering 101" is in no `-ring`."""
        word, _, rest = street.partition(" ")
        return rest.isdigit() and word.isascii() and lexicon().is_ordinary(word.lower())

"""Street addresses of many countries, with what is attached: unit, city, state, code, country."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from pipeline.redaction.detectors.address_patterns import (
    ADDRESS_CUE,
    CUED,
    INFORMAL,
    LEAD,
    MILITARY,
    NAMED,
    NUMBER_BEHIND,
    NUMBERED,
    NUMBERED_ROUTE,
    OTHER_TYPES,
    PO_BOX,
    SURE_TYPES,
    UNMARKED,
    UNMARKED_BEHIND,
)
from pipeline.redaction.detectors.address_tail import AddressTail
from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector, Trigger
from pipeline.redaction.detectors.cues import cue_before
from pipeline.redaction.spans import STREET_ADDRESS, Span

_SURE = frozenset(SURE_TYPES.split("|"))
_CAPITALISED_TYPES = "|".join(word[0].upper() + word[1:] for word in OTHER_TYPES.split("|"))
_STREETS = "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Terrace|Crescent"
_YEAR = re.compile(r"(?:19|20)\d\d\b")
_MEASURE = re.compile(
    r"\d+\s+(?:minutes?|mins?|hours?|hrs?|miles?|km|kilometers?|days?|weeks?|months?|years?|meters?"
    r"|people|times|more|other|different|new|easy|long|short|way)\b",
    re.IGNORECASE,
)
Street = tuple[int, int, float]
"""Start, end and score of a street before what is attached to it is read."""
UNCERTAIN: Final = 0.6
"""The score of a number and words that are an address only if what is attached says so."""


class AddressDetector(Detector):
    """What the detectors of addresses share: from streets to spans of whole addresses."""

    ENTITIES: ClassVar = (STREET_ADDRESS,)

    def __init__(self) -> None:
        super().__init__()
        self._tail = AddressTail()

    def streets(self, text: str, context: Context) -> Iterable[Street]:
        """Return the streets in `text`, in any order; they may overlap."""
        raise NotImplementedError

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans with what is attached in front and behind."""
        spans: list[Span] = []
        reached = 0
        leads: list[tuple[int, int]] | None = None
        for start, end, score in sorted(self.streets(text, context), key=_first_and_longest):
            if start < reached or (score == UNCERTAIN and not self._tail.is_certain(text, end)):
                continue
            if leads is None:
                leads = [match.span() for match in LEAD.finditer(text)]
            reached = self._tail.end(text, end)
            begin = next((low for low, high in leads if low <= start <= high), start)
            spans.append(Span(begin, reached, STREET_ADDRESS, score, self.name))
        return spans


def _first_and_longest(street: Street) -> tuple[int, int]:
    return street[0], -street[1]


class StreetDetector(AddressDetector):
    """A number, words and a word for a street; boxes and military addresses.

    Without a word for a street, what is attached decides: a unit, a state, a code.
    """

    TRIGGERS: ClassVar = (
        (r"\d", rf"(?i)\b(?:{SURE_TYPES})\b"),
        (r"\d", rf" (?:{_CAPITALISED_TYPES})\b"),
        (
            r"\d",
            r"(?i)\bbox\b|\bp\.? ?o\.? ?b|postfach|postbus|apartado|casilla|\bb\.?p\b|locked bag"
            r"|\bpmb"
            r"|\bpsc|\bcmr|caixa postal|te postale",
        ),
        (
            r"\d[A-Za-z]? (?:[A-Z]|[^\x00-\x7f])",
            r"(?i)\b(?:apt|apartment|suite|unit|ste|flat)\b|[,\n] ?[A-Z]",
        ),
        r"[a-z] \d{1,4}[A-Za-z]?, [A-Z]",
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .85 for known forms, .7 in lower case, `UNCERTAIN` for the rest."""
        for match in NUMBERED.finditer(text):
            if self._is_street(text, match):
                yield (*match.span(), 0.85)
        for match in NUMBERED_ROUTE.finditer(text):
            yield (*match.span(), 0.85)
        for match in INFORMAL.finditer(text):
            if not _MEASURE.match(match[0]):
                yield (*match.span(), 0.7)
        for pattern in (PO_BOX, MILITARY, NUMBER_BEHIND):
            for match in pattern.finditer(text):
                yield (*match.span(), 0.85)
        for pattern in (UNMARKED, UNMARKED_BEHIND):
            for match in pattern.finditer(text):
                yield (*match.span(), UNCERTAIN)

    def _is_street(self, text: str, match: re.Match[str]) -> bool:
        """Whether a number, words and a word such as Hill are a street, not a title with a year."""
        if match["type"].lower() in _SURE:
            return not (_YEAR.match(match[0]) and match["type"].islower())
        if not match["type"][0].isupper():
            return False
        return not _YEAR.match(match[0]) or self._tail.end(text, match.end()) > match.end()


class NamedStreetDetector(AddressDetector):
    """A street without a number behind a word of place: "on Old Quarry Rd"."""

    TRIGGERS: ClassVar = (
        (
            r"\b(?:[Oo]n|[Aa]t|[Oo]ff|[Nn]ear|[Ff]rom|[Aa]long|[Tt]o|[Ii]n|[Oo]f) [A-Z]",
            rf"[a-z’'] (?:{_STREETS})\b",
        ),
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .5 for each."""
        return [(*match.span(1), 0.5) for match in NAMED.finditer(text)]


class CuedAddressDetector(AddressDetector):
    """A number and a name, where the words before say that it is an address."""

    TRIGGERS: ClassVar = (
        (
            r"\d",
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
    """Addresses of one form used elsewhere in the world, such as Hauptstraße 12a."""

    def __init__(self, name: str, pattern: re.Pattern[str], trigger: Trigger) -> None:
        """Look for `pattern` where `trigger` opens the gate."""
        super().__init__()
        self.name = name
        self.triggers = (trigger,)
        self._pattern = pattern

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .85 for each."""
        return [(*match.span(), 0.85) for match in self._pattern.finditer(text)]

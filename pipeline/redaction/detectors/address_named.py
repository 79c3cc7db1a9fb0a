"""Streets and houses that are named without a number: homes, houses with names, crossings.

"a flat on Fairview Way", "Rose Cottage, Church Road", "near Fulton & 3rd".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from pipeline.redaction.detectors.address import AddressDetector, Street
from pipeline.redaction.detectors.base import Context
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.patterns import TextPattern

_NAME: Final = r"[A-ZÀ-ÖØ-Þ][\w'’]{1,20}(?:\ [A-ZÀ-ÖØ-Þ][\w'’]{1,20}){0,2}"
_TYPES: Final = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Terrace|Crescent"
    r"|Close|Grove|Mews|Way|Place|Pl|Gardens|Walk|Rise|Square|Row|Parade|Approach|Hill|Brow|Green)"
)
# Words of homes and deliveries, right in front: what follows is a street, whatever its type.
_HOME: Final = (
    r"(?i:\b(?:liv(?:e|es|ed|ing)|house|home|flat|apartment|apt|cottage|bungalow|resid(?:e|es|ing)"
    r"|mov(?:e|ed|ing)|neighbou?rs?|tenants?|property|door)(?:\ (?:up|down|over|back|just|is))?)"
)
_AT_HOME: Final = TextPattern(
    rf"{_HOME}\ (?:on|in|at|to|from)\ (?P<street>{_NAME}\ {_TYPES})(?!\w)"
)
_HOUSES: Final = (
    r"(?:Cottage|House|Farm|Farmhouse|Barn|Lodge|Rectory|Vicarage|Forge|Manor|Villa|Hall|Grange"
    r"|Bungalow|Gatehouse|Mill|Croft|Stables)"
)
# Rose Cottage, Church Road; The Gables, Station Approach; The Willows, 8 Mill Lane
_HOUSE: Final = TextPattern(
    rf"(?<!\w)(?:[Tt]he\ {_NAME}|(?:[A-ZÀ-ÖØ-Þ][\w'’]{{1,20}}\ ){{1,2}}{_HOUSES})"
    rf",\ (?:\d{{1,4}}[A-Za-z]?\ )?{_NAME}\ {_TYPES}(?!\w)"
)
# 5 the crescent; 3 The Paddocks
_THE: Final = TextPattern(
    r"\d(?<![\w.,-].)\d{0,2}[A-Za-z]?\ [Tt]he\ (?P<what>(?i:crescent|close|grove|drive|avenue|mews"
    r"|paddocks?|orchards?|maltings|square|terrace|willows|oaks|cedars|parade|meadows?|rise|limes"
    r"|poplars|beeches|elms|birches|courtyard|spinney|copse|glebe|chestnuts|laurels|hawthorns"
    r"|rowans|firs|pines))(?!\w)"
)
# Ilica 5, Zagreb; Los Olivos 123, Las Condes: of a place that is on the list
_IN_PLACE: Final = TextPattern(
    r"(?<![\w-])(?P<name>[A-ZÀ-ÖØ-ÞČŠŽŁŚ][\w'’-]{2,20}(?:\ [A-ZÀ-ÖØ-ÞČŠŽŁŚ][\w'’-]{2,20}){0,2})"
    r"\ \d{1,4}[A-Za-z]?,\ (?P<place>[A-ZÀ-ÖØ-Þ][\w'’-]{2,20}(?:\ [A-ZÀ-ÖØ-Þ][\w'’-]{2,20}){0,2})"
)
# Ballyduff, Co. Kerry
_COUNTY: Final = TextPattern(
    r"(?<!\w)(?:[A-Z][\w'’]{2,20}(?:\ [A-Z][\w'’]{2,20}){0,2}),\ Co\.\ (?!Ltd|Inc|LLC)[A-Z][a-z]{3,12}(?!\w)"
)
_ORDINAL: Final = r"\d{1,3}(?:st|nd|rd|th)"
# near Fulton & 3rd; the corner of 5th and Main; between Pine St and 4th Ave
_CROSSING: Final = TextPattern(
    r"\b(?:[Cc]orner\ of|[Ii]ntersection\ of|[Nn]ear|[Aa]t|[Oo]n|[Oo]ff|[Bb]y|[Bb]etween)\ "
    rf"(?P<street>(?P<one>{_NAME}|{_ORDINAL})(?:\ {_TYPES})?\ (?:&|and)\ "
    rf"(?P<other>{_ORDINAL}|[A-Z][a-z]{{2,20}})(?:\ {_TYPES})?)(?![\w'’-])"
)
_DAYS: Final = words(
    """monday tuesday wednesday thursday friday saturday sunday mon tue tues wed thu thurs fri sat
    sun january february march april may june july august september october november december
    jan feb mar apr jun jul aug sep sept oct nov dec christmas easter"""
)


class NamedHomeDetector(AddressDetector):
    """Streets and houses that have a name and no number, and crossings of streets."""

    TRIGGERS: ClassVar = (
        (rf"{_HOME} (?:on|in|at|to|from) [A-Z]", rf"[a-z’'] {_TYPES}\b"),
        rf"(?:[Tt]he [A-Z][\w'’]+(?: [A-Z][\w'’]+)?|\b{_HOUSES}), (?:\d+[A-Za-z]? )?[A-Z]",
        r"\d[A-Za-z]? [Tt]he [A-Za-z]",
        r"(?:[a-z]|[^\x00-\x7f]) \d{1,4}[A-Za-z]?, [A-Z]",
        r", Co\. [A-Z]",
        rf"\d(?:st|nd|rd|th)(?: {_TYPES})? (?:&|and) [A-Z]|[a-z] (?:&|and) \d{{1,3}}(?:st|nd|rd|th)\b",
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .5 for a street, .6 for a house and for a crossing."""
        for match in _AT_HOME.finditer(text):
            yield (*match.span("street"), 0.5)
        for match in _HOUSE.finditer(text):
            yield (*match.span(), 0.65)
        for match in _THE.finditer(text):
            yield (*match.span(), 0.65)
        for match in _COUNTY.finditer(text):
            yield (*match.span(), 0.65)
        for match in _IN_PLACE.finditer(text):
            if self._tail.is_place(match["place"]) and not _is_known(match["name"]):
                yield (*match.span(), 0.65)
        for match in _CROSSING.finditer(text):
            if _is_crossing(match):
                yield (*match.span("street"), 0.65)


def _is_known(name: str) -> bool:
    """Whether a word is ordinary, a day's or a thing's: "Room 5, Paris", "May 5, Paris"."""
    known = lexicon(name_list=False)
    return any(
        word in known.proper or word in known.ambiguous or known.is_ordinary(word)
        for word in name.lower().split()
    )


def _is_crossing(match: re.Match[str]) -> bool:
    """Whether one of two names is counted, and neither is a day: "on 3rd and Monday"."""
    one, other = match["one"], match["other"]
    if one[0].isdigit() == other[0].isdigit():
        return False
    named = other if one[0].isdigit() else one
    return _DAYS.isdisjoint(named.lower().split())

"""Streets and houses that are named without a number, or told by where they are.

"a flat on Fairview Way", "Rose Cottage, Church Road", "near Fulton & 3rd", "Ballyduff, Co. Kerry".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Final

from pipeline.redaction.detectors.address import AddressDetector, Street
from pipeline.redaction.detectors.address_tail import MONTHS
from pipeline.redaction.detectors.base import Context, Trigger
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.patterns import TextPattern

_WORD: Final = r"[A-ZÀ-ÖØ-ÞČŠŽŁŚ][\w'’-]{1,20}"
_NAME: Final = rf"{_WORD}(?:\ {_WORD}){{0,2}}"
_TYPES: Final = (
    r"(?:Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Ct|Terrace|Crescent"
    r"|Close|Grove|Mews|Way|Place|Pl|Gardens|Walk|Rise|Square|Row|Parade|Approach|Hill|Brow|Green)"
)
# Words of homes and deliveries, right in front: what follows is a street, whatever its type.
_HOME: Final = (
    r"(?i:\b(?:liv(?:e|es|ed|ing)|house|home|flat|apartment|apt|cottage|bungalow|resid(?:e|es|ing)"
    r"|mov(?:e|ed|ing)|neighbou?rs?|tenants?|property|door)(?:\ (?:up|down|over|back|just|is))?)"
)
_STREET_OF_HOME: Final = TextPattern(
    rf"{_HOME}\ (?:on|in|at|to|from)\ (?P<street>{_NAME}\ {_TYPES})(?!\w)"
)
_HOUSES: Final = (
    r"(?:Cottage|House|Farm|Farmhouse|Barn|Lodge|Rectory|Vicarage|Forge|Manor|Villa|Hall|Grange"
    r"|Bungalow|Gatehouse|Mill|Croft|Stables|Dairy|Oast|Schoolhouse|Smithy|Parsonage|Granary)"
)
# Rose Cottage, Church Road; The Gables, Station Approach; The Willows, 8 Mill Lane
_HOUSE: Final = TextPattern(
    rf"(?<!\w)(?P<street>(?:[Tt]he\ {_NAME}|(?:{_WORD}\ ){{1,2}}{_HOUSES})"
    rf",\ (?:\d{{1,4}}[A-Za-z]?\ )?{_NAME}\ {_TYPES})(?!\w)"
)
# deliver to The Old Forge, Nether Wallop; lives at Rose Cottage, Diss
_HOUSE_OF_SOMEBODY: Final = TextPattern(
    r"(?i:\b(?:deliver(?:ed|ies|y)?|live|lives|lived|living|moved|residing|resident|staying|sent|send"
    r"|post(?:ed)?|address|home|of)(?: (?:it|them|is|now))?(?: (?:at|to|in|is))?:?) "
    rf"(?P<street>(?:[Tt]he )?(?:{_WORD} ){{1,2}}{_HOUSES}, {_NAME})(?!\w)"
)
# Copperfield Apartments, unit 14C
_BUILDING_UNIT: Final = TextPattern(
    rf"(?<!\w)(?P<street>{_NAME} (?:Apartments?|Apts|Mansions?|Towers?|Residences?|Residency|Condos"
    r"|Condominiums?|Flats|Lofts|Villas|Court|House|Heights),? (?i:unit|flat|apt|apartment|room|no"
    r"|suite|\#)\.? ?\#?(?:\d{1,4}[A-Za-z]?|[A-Z]\d{0,3})(?!\w))"
)
_CLOSES: Final = (
    r"crescent|close|grove|drive|avenue|mews|paddocks?|orchards?|maltings|square|terrace|willows"
    r"|oaks|cedars|parade|meadows?|rise|limes|poplars|beeches|elms|birches|courtyard|spinney|copse"
    r"|glebe|chestnuts|laurels|hawthorns|rowans|firs|pines"
)
# 5 the crescent; 3 The Paddocks
_NUMBER_AND_THE: Final = TextPattern(
    rf"(?P<street>\d(?<![\w.,-].)\d{{0,2}}[A-Za-z]?\ [Tt]he\ (?i:{_CLOSES}))(?!\w)"
)
# Ilica 5, Zagreb; Los Olivos 123, Las Condes: of a place that is on the list
_IN_PLACE: Final = TextPattern(
    # a capital leads, so that the scanner skips to capitals; what must not stand before it follows
    r"(?P<street>(?P<name>[A-ZÀ-ÖØ-ÞČŠŽŁŚ](?<![\w-].)[\w'’-]{1,20}"
    rf"(?:\ {_WORD}){{0,2}})\ \d{{1,4}}[A-Za-z]?,\ (?P<place>{_NAME}))"
)
# Ballyduff, Co. Kerry
_IN_COUNTY: Final = TextPattern(
    rf"(?<!\w)(?P<street>{_NAME},\ Co\.\ (?!Ltd|Inc|LLC)[A-Z][a-z]{{3,12}})(?!\w)"
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
    sun christmas easter"""
) | {month.lower() for month in MONTHS}
Accept = Callable[[re.Match[str]], bool]


class NamedAddressDetector(AddressDetector):
    """Streets and houses that have a name and no number, or are told by where they are."""

    def __init__(self, name: str, pattern: TextPattern, trigger: Trigger, accept: Accept) -> None:
        """Look for the part `street` of `pattern` where `trigger` opens the gate."""
        super().__init__()
        self.name = name
        self.triggers = (trigger,)
        self._pattern = pattern
        self._accept = accept

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .65 for each."""
        return [
            (*match.span("street"), 0.65)
            for match in self._pattern.finditer(text)
            if self._accept(match)
        ]


def named_address_detectors() -> tuple[NamedAddressDetector, ...]:
    """Return one detector for each form, each with a trigger of its own."""
    return (
        NamedAddressDetector(
            "StreetOfHome",
            _STREET_OF_HOME,
            (
                r"(?i)\b(?:liv(?:e|es|ed|ing)|house|home|flat|apartment|apt|cottage|bungalow|resid"
                r"|mov(?:e|ed|ing)|neighbo|tenant|property|door) ",
                rf"[a-z’'] {_TYPES}\b",
            ),
            bool,
        ),
        NamedAddressDetector(
            "HouseWithName",
            _HOUSE,
            (
                rf"(?:[Tt]he [A-Z][a-z]+|{_HOUSES}), ",
                rf"[a-z’'] {_TYPES}\b",
            ),
            bool,
        ),
        NamedAddressDetector(
            "HouseOfSomebody",
            _HOUSE_OF_SOMEBODY,
            rf"(?:at|to|in|is|of|address:?|home:?) (?:[Tt]he )?[A-Z][a-z’']+ (?:[A-Z][a-z’']+ )?"
            rf"{_HOUSES}, [A-Z]",
            bool,
        ),
        NamedAddressDetector(
            "UnitOfBuilding",
            _BUILDING_UNIT,
            r"(?:Apartments?|Apts|Mansions?|Towers?|Residences?|Residency|Condos|Condominiums?|Flats"
            r"|Lofts|Villas|Court|House|Heights),? (?i:unit|flat|apt|apartment|room|no|suite|#)",
            bool,
        ),
        NamedAddressDetector(
            "NumberAndThe", _NUMBER_AND_THE, rf"\d[A-Za-z]? [Tt]he (?i:{_CLOSES})\b", bool
        ),
        NamedAddressDetector("PlaceInCounty", _IN_COUNTY, r", Co\. [A-Z]", bool),
        NamedAddressDetector(
            "NumberInPlace",
            _IN_PLACE,
            r"(?:[a-z]|[^\x00-\x7f]) \d{1,4}[A-Za-z]?, [A-Z0-9]",
            _is_in_place,
        ),
        NamedAddressDetector(
            "Crossing",
            _CROSSING,
            r"\d(?:st|nd|rd|th) (?:[A-Z][a-z]+ )?(?:&|and) [A-Z]"
            r"|[a-z] (?:&|and) \d{1,3}(?:st|nd|rd|th)\b",
            _is_crossing,
        ),
    )


def _is_in_place(match: re.Match[str]) -> bool:
    """Whether a street that is no known word lies in a place of the list."""
    return match["place"] in lexicon().places and not _is_known(match["name"])


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

"""Addresses as people mention them: a number and a name, without any word for a street.

"I live at 4417 sycamore", "400 Briar unit 12", "it's twenty two fourteen Maple", "ik woon op de
Kade 12b". The words in front, a unit behind or a unit in front say that it is an address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar, Final

from pipeline.redaction.detectors.address import AddressDetector, Street
from pipeline.redaction.detectors.address_patterns import (
    ADDRESS_CUE,
    LEAD,
    NUMBER,
    SAID,
    SAID_NUMBER,
    SAID_TYPES,
    UNIT,
    UNIT_REACH,
    WRITTEN_TYPES,
)
from pipeline.redaction.detectors.base import Context
from pipeline.redaction.detectors.cues import cue_before
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.name_cues import ENGLISH, LOWER_BREAKS
from pipeline.redaction.detectors.patterns import CaselessPattern, TextPattern

_PLAIN = CaselessPattern(
    rf"{NUMBER}\ (?:(?:[nsew]|[ns][ew]|north|south|east|west)\.?\ )?"
    r"(?P<name>(?:[a-z][a-z'’]{2,20}|\d{1,3}(?:st|nd|rd|th))(?:\ [a-z'’]{2,20}){0,2})(?![\w@-])",
)
# Right in front of the number: sure ones, and those that also lead to a count or a time of day.
_SURE: Final = (
    r"(?:\baddress(?: (?:is|was|to|now|on file))*:?|\bnew one is|\bliv(?:e|es|ing) at"
    r"|\bresid(?:e|es|ing) at|\bstay(?:s|ing)? at|\bhouse is|\bhome is|\bship(?:ped)?(?: \w+)? to"
    r"|\bdeliver(?:ed)?(?: \w+)? to|\bmail(?:ed)?(?: \w+)? to|\blocated at|\bmoved to"
    r"|\bdrop(?:ped)?(?: \w+)?(?: off)? at|\bpick(?:ed)?(?: \w+)? up (?:at|from)|\bmeet(?: \w+)?"
    r" at|\btenant at|\bparcel to|\bover (?:at|to)|\bcome to|\bparty at)[ :,]{1,2}"
)
_LIKELY: Final = (
    r"\b(?:(?:i'?m|we'?re|i am|we are|he'?s|she'?s|they'?re|am|are|still|be|back) at|go to|get to"
    r"|turn up at)[ :,]{1,2}"
)
_SURE_CUE = TextPattern(rf"{_SURE}$")
_LIKELY_CUE = TextPattern(rf"{_LIKELY}$")
_NO_NAME: Final = (
    ENGLISH
    | LOWER_BREAKS
    | words(
        """percent people persons min mins minute hour hrs day week month year time times am pm
        degrees miles km kg lbs feet inches points items units bucks dollars euros pounds usd eur
        jan feb mar apr may jun jul aug sep sept oct nov dec january february march april june july
        august
        september october november december more less other different new old per each hundred
        thousand million apt apartment unit suite ste flat room floor lot which while until till"""
    )
)
_YEAR = re.compile(r"(?:19|20)\d\d(?!\d)")
_SAID_PLAIN = CaselessPattern(
    rf"\b{SAID_NUMBER}(?:[ -](?:{SAID_NUMBER}|hundred|oh)){{1,5}}\ (?:(?:north|south|east|west)\ )?"
    r"(?P<name>[a-z][a-z'’]{2,20}(?:\ [a-z'’]{2,20})?)(?![\w-])",
)
# "woon op de Kade 12b", "wohne Hauptplatz 3": the number behind, where a verb says so
_BEHIND = TextPattern(
    r"(?:\bwoon(?:t|achtig)? (?:op|aan|in)|\bwohn(?:e|t|haft) (?:in|am|an)|\badres(?:se)?:?"
    r"|\bhabite (?:au|à)?|\bviv(?:o|e|imos) en|\babito in|\bmor(?:o|a) n[ao]|\bmieszkam (?:na|przy)"
    r"|\bbor på|\bdomicilio:?|\bindirizzo:?|\bendereço:?|\bdirecci[oó]n:?) "
    r"(?:[a-z]{1,4} ){0,2}(?P<street>[A-ZÀ-ÖØ-ÞŁŚŽ][\w'’.-]{1,30}"
    r"(?: [A-ZÀ-ÖØ-ÞŁŚŽ][\w'’.-]{1,30}){0,2}"
    r" \d{1,4} ?(?:[a-zA-Z](?!\w))?(?:/\d{1,4})?)(?![\w%€$:-]|[.,]\d)"
)


_UNIT_MAY: Final = (
    r"(?i:#|\b(?:app?t|aprt|apartment|unit|suite|ste|flat|lot|floor|house|room|rm|plot|block|blk|door"
    r"|bldg|building))"
)


class PlainStreetDetector(AddressDetector):
    """A number and a name in any case, behind a cue or beside a unit."""

    TRIGGERS: ClassVar = (
        rf"(?i){_SURE}\d\d",
        rf"(?i){_LIKELY}\d\d\d",
        (r"\d\d[A-Za-z]? [A-Za-z]", rf"{_UNIT_MAY}\.? ?#?[A-Za-z]?\d"),
        (r"\d\d[A-Za-z]? [A-Za-z]", r"(?i)\dth floor"),
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .65 behind a cue, .62 beside a unit."""
        for match in _PLAIN.finditer(text):
            start = match.start()
            # "lives at 5 points": the number of a house that is cued so has two digits or more
            if not text[start + 1 : start + 2].isdigit() or _YEAR.match(text, start):
                continue
            if not _TYPES.isdisjoint(match["name"].lower().split()):
                # a word for a street: others look for that
                continue
            end = _name_end(text, match)
            if not end:
                continue
            leads = _may_lead(text, start)
            long = text[start + 2 : start + 3].isdigit()
            if leads and (
                cue_before(_SURE_CUE, text, start)
                or (long and cue_before(_LIKELY_CUE, text, start))
            ):
                yield start, end, 0.65
            elif _unit_behind(text, end) or (leads and _unit_before(text, start)):
                yield start, end, 0.62


_TYPES: Final = frozenset(WRITTEN_TYPES.split("|"))


class SaidStreetDetector(AddressDetector):
    """Addresses as they are told: "it's twenty two fourteen Maple", "ik woon op de Kade 12b"."""

    TRIGGERS: ClassVar = (
        rf"(?i)\b{SAID_NUMBER}[ -](?:{SAID_NUMBER}|hundred|oh)\b",
        (
            rf"(?i)\b{SAID_NUMBER} [a-z]",
            rf"(?i)\b(?:{SAID_TYPES})\b",
        ),
        (
            r" \d",
            r"\b(?:woon|wohn|adres|habite|viv[oei]|abito|mor[oa] n|mieszkam|bor på|domicilio"
            r"|indirizzo|endereço|direcci[oó]n)",
        ),
    )

    def streets(self, text: str, context: Context) -> Iterable[Street]:  # noqa: ARG002
        """Return .65 with a word for a street, .62 without one."""
        for match in SAID.finditer(text):
            # one word may count the streets: "two back roads"
            several = " " in match["number"] or "-" in match["number"]
            named = text[match.start("name")].isupper()
            if several or named or cue_before(ADDRESS_CUE, text, match.start()):
                yield (*match.span(), 0.65)
        for match in _SAID_PLAIN.finditer(text):
            start, end = match.start(), _name_end(text, match)
            if end and (
                cue_before(ADDRESS_CUE, text, start)
                or cue_before(_SURE_CUE, text, start)
                or (cue_before(_LIKELY_CUE, text, start) and text[match.start("name")].isupper())
            ):
                yield start, end, 0.62
        for match in _BEHIND.finditer(text):
            yield (*match.span("street"), 0.65)


def _name_end(text: str, match: re.Match[str]) -> int:
    """Return where the words that can name a street end; 0 if none does."""
    ordinary = lexicon().is_ordinary
    end = 0
    at = match.start("name")
    for place, word in enumerate(text[at : match.end("name")].split(" ")):
        lower = word.lower()
        # a count has its noun in the plural: "3 monitors"
        plural = lower.endswith("s") and ordinary(lower)
        if lower in _NO_NAME or (plural and not word[0].isupper()):
            break
        # "88 glenwood please", but "740 quail hollow"
        if place and word.islower() and not ordinary(lower):
            break
        end = at + len(word)
        at = end + 1
    return end


def _may_lead(text: str, start: int) -> bool:
    """Whether the word before `start` can end a cue, or be the number of a unit; cheap."""
    before = text[max(0, start - 16) : start].lower().rstrip(" :,").rpartition(" ")[2]
    return before in _CUE_ENDS or any(map(str.isdigit, before))


_CUE_ENDS: Final = words("at to is from now was file address")


def _unit_behind(text: str, end: int) -> bool:
    unit = UNIT.end_at(text, end, UNIT_REACH)
    return unit is not None and any(map(str.isdigit, text[end:unit]))


def _unit_before(text: str, start: int) -> bool:
    """Whether "unit 12, " leads to the number at `start`."""
    return any(match.end() == start for match in LEAD.finditer(text, max(0, start - 24), start + 1))

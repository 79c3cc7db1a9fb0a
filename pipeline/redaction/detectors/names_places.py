"""Places that a text names where it tells of a way: "drove to Welwyn, then Lochinver and Durness".

A lone unknown word with a capital may be a person or a place. Where somebody drives, flies or
walks, what stands behind "to", "past" or "then" is a place; and it is one all through that text.
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.redaction.automata import Scanner
from pipeline.redaction.detectors.cues import end_of_last
from pipeline.redaction.detectors.lexicon import words

# Ways of going and what goes: one of them makes a text one about a way.
_MOVING: Final = words(
    """drive drives drove driven driving fly flew flown flying flight flights train trains ferry
    ferries bus buses coach tram shuttle taxi sail sailed sailing cruise walk walks walked walking
    hike hiked hiking cycle cycled cycling rode ride riding road route motorway highway travel
    travels travelled traveled travelling traveling trip journey railway rail line jeep minibus
    detour km miles commute commuted truck trucks lorry pallets containers camped diverted
    itinerary stopover layover bike station platform"""
)
# Words of journeys that lead to no place by themselves.
_TOURING: Final = words(
    """stayed staying nights beach island islands visited visiting touring tour sightseeing run
    running runs tourist tourists airport hostel"""
)
# What also is said of things and letters: it tells of a way only where the text has such a word.
_GOING: Final = words(
    """go goes going went gone head headed heading back on over up down out then us me straight
    away continue continued continuing take took taking onward onwards way come came"""
)
# What is sent or said goes to people, whatever else the sentence tells of.
_GIVING: Final = words(
    """send sends sent sending give gives gave given forward forwarded email emailed mail mailed
    tell told transfer transferred refund refunded write wrote say says said talk talked
    talking speak spoke spoken speaking report reported address addressed assign assigned
    change changed correct corrected message messages letter letters call calls called gift
    note details compensation voucher ticket tickets reply replied belongs belong thanks
    according introduced married name names named explained apologised apologized listen
    listening invoice copy reports voicemail text texted heard hear word reservation booking
    rebook switch switched escalated"""
)
_ROUTE: Final = words("to from past via towards toward into onto through over until nach bis")
# In front of these words stands a place, though nobody moves in the sentence.
_AT: Final = words("in at near towards toward around via past through into nach")
_CAPITAL: Final = r"[A-ZÀ-ÖØ-ÞČŠŽŁŚ][\w'’-]*"
_TEXT_MOVES: Final = Scanner(
    [rf"(?i)\b(?:{'|'.join(sorted(_MOVING | _TOURING))}|day (?:\d|one|two|three))\b"], [((0,), 0)]
)
_BEHIND_AT: Final = re.compile(rf"\b(?:{'|'.join(sorted(_AT))}) ({_CAPITAL})")
_FROM_PLACE: Final = re.compile(rf"{_CAPITAL} (?:to|via|through|past)$")
_ON_TO_PLACE: Final = re.compile(rf" (?:to|via|through|past|towards) {_CAPITAL}")
# "then Lochinver and Durness", not "then Kasia said"
_STOP_FOLLOWS: Final = re.compile(r"[.,;)]|$| (?:and|or|to|via|for|by|in|on|then)\b")
_FAR: Final = re.compile(
    r" (?:is|was|are) (?:about |around |only |just |another |some |roughly ){0,2}\d+ ?"
    r"(?:min|km|mi|h\b|hours?)"
)
_BY_TRAIN: Final = re.compile(r" by (?:train|ferry|bus|car|boat|coach|air|sea|road|rail)\b")
_JOINED_BEFORE: Final = re.compile(rf"({_CAPITAL})(?:,? (?:and|or|&)|,) $")
_JOINED_AFTER: Final = re.compile(rf"(?:,? (?:and|or|&)|,) ({_CAPITAL})")
_SENTENCE: Final = re.compile(r"[.!?;:]\s|\n")
_WINDOW: Final = 72
_NEAR: Final = 5
_NEXT_TO: Final = 3


def tells_of_a_way(text: str) -> bool:
    """Whether a word for a way, or for what goes there, stands in `text`. One pass."""
    return _TEXT_MOVES.matches(text)


def places_among(text: str, guesses: list[tuple[int, int, bool]]) -> set[int]:
    """Return the starts of those guessed names that are places in a text that tells of a way.

    A guess is the start and the end of a lone word, and whether it is on the list of names: such a
    word needs the word for the way close in front.
    """
    placed: set[int] = set()
    known = {match[1] for match in _BEHIND_AT.finditer(text)}
    for start, end, listed in guesses:
        if _is_reached(text, start, end, listed=listed):
            placed.add(start)
            known.add(text[start:end])
    # what is joined to a place is one, and so is every other mention; two rounds, so "A, B and C"
    for _ in range(2):
        for start, end, listed in guesses:
            if start in placed or text.startswith(("'s", "’s"), end):
                continue
            if text[start:end] in known or (not listed and _is_joined(text, start, end, known)):
                placed.add(start)
                known.add(text[start:end])
    return placed


def _is_reached(text: str, start: int, end: int, *, listed: bool) -> bool:
    """Whether the words in front lead to a place at `[start, end)`."""
    if text.startswith(("'s", "’s"), end):
        return False
    before = text[max(0, start - _WINDOW) : start]
    clause = before[end_of_last(_SENTENCE, before) :]
    said = clause.lower().split()
    if not said:
        return not listed and _FAR.match(text, end) is not None
    if not listed and _BY_TRAIN.match(text, end) is not None:
        return True
    last = said[-1].lstrip("(")
    if last in _MOVING and _ON_TO_PLACE.match(text, end) is not None:
        # "cycled Passau to Linz"
        return True
    if not _GIVING.isdisjoint(said):
        return False
    if last == "then":
        return not listed and _STOP_FOLLOWS.match(text, end) is not None
    if last not in _ROUTE:
        return False
    if _ON_TO_PLACE.match(text, end) is not None and last in ("from", "to"):
        return True
    if not listed and _FROM_PLACE.search(clause.rstrip()) is not None:
        return True
    near = said[-1 - (_NEXT_TO if listed else _NEAR) : -1]
    if not _MOVING.isdisjoint(near):
        return True
    return not listed and not _GOING.isdisjoint(near)


def _is_joined(text: str, start: int, end: int, known: set[str]) -> bool:
    """Whether "and", "or" or a comma joins the word to a known place."""
    before = _JOINED_BEFORE.search(text, max(0, start - 40), start)
    if before is not None and before[1] in known:
        return True
    after = _JOINED_AFTER.match(text, end)
    return after is not None and after[1] in known

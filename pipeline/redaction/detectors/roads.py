"""Roads as everybody knows them: "potholes on Mill Lane", "the bakery on Prospect Street".

A street without a number is personal where somebody lives, or where something befell somebody. In
talk of works, traffic, shops and sales it is a place like any other.
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.redaction.detectors.cues import end_of_last
from pipeline.redaction.detectors.lexicon import words

_PUBLIC: Final = words(
    """bin bins pothole potholes roadworks roadwork traffic closed closure diversion diverted
    council playground bus buses tram stop stops bakery cafe café shop shops pub restaurant
    market festival parade comps comp listing listings sold viewings viewing walk walked stroll
    exit junction metres meters crossing lights signage resurfacing resurfaced streetlight
    streetlights cyclists cycle lane lanes parking branch store stores construction scheme
    protest marathon junctions floods flooded gritted repaved"""
)
# Who lives or was hurt there makes it personal all the same.
_PERSONAL: Final = words(
    """live lives lived living home house flat apartment rent rents renting moved my his her our
    their mine hit accident crash collided neighbour neighbor neighbours neighbors tenant
    resident address deliver parcel sent stolen attacked"""
)
_SENTENCE: Final = re.compile(r"[.!?;]\s|\n")
_WORD: Final = re.compile(r"[^\W\d_]+")
_REACH: Final = 80


def is_public(text: str, start: int, end: int) -> bool:
    """Whether the sentence around the street at `[start, end)` is about the road itself."""
    before = text[max(0, start - _REACH) : start]
    cut = end_of_last(_SENTENCE, before)
    after = _SENTENCE.split(text[end : end + _REACH], maxsplit=1)[0]
    said = set(_WORD.findall(before[cut:].lower() + " " + after.lower()))
    return not _PUBLIC.isdisjoint(said) and _PERSONAL.isdisjoint(said)

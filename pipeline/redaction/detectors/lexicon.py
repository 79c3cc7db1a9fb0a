"""What is known of words: how English writes them, and which name places or, if wanted, people.

The lists are data files beside this module (see `data/README.md` for their sources and licences);
they are read once, when the first detector that needs them is built.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

# Endings of regular inflection by their last letter, and what stood in their place.
_SUFFIXES: Final = {
    "s": (("ies", "y"), ("es", ""), ("s", ""), ("ness", "")),
    "d": (("ed", ""), ("ed", "e")),
    "g": (("ing", ""), ("ing", "e")),
    "y": (("ly", ""),),
}


def words(text: str) -> frozenset[str]:
    """Return the words of a text as a set: lists in this package are written as plain text."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Lower-case words by what their case in running text says of them.

    `ordinary` words are mostly written in lower case, `ambiguous` ones about as often with a
    capital, `proper` ones with a capital though they name no person; `foreign` ones are common in
    other languages (function words, greetings, labels of forms). `places` are countries, states
    and cities as they are written, `brands` brands and products of several words. `given_names`
    and `surnames` may be empty.
    """

    ordinary: frozenset[str]
    ambiguous: frozenset[str]
    proper: frozenset[str]
    foreign: frozenset[str]
    places: frozenset[str]
    brands: frozenset[str]
    given_names: frozenset[str]
    surnames: frozenset[str]

    def is_ordinary(self, word: str) -> bool:
        """Whether the lower-case `word`, or the word it is inflected from, is ordinary."""
        ordinary = self.ordinary
        if word in ordinary:
            return True
        for suffix, ending in _SUFFIXES.get(word[-1:], ()):
            stem = word[: -len(suffix)]
            base = stem + ending
            if len(base) > 3 and word.endswith(suffix) and base in ordinary:
                return True
        return False


@cache
def lexicon(*, name_list: bool = True) -> Lexicon:
    """Return the lexicon, with the lists of people's names or without them."""
    return Lexicon(
        ordinary=_read("ordinary"),
        ambiguous=_read("ambiguous"),
        proper=_read("proper"),
        foreign=_read("foreign"),
        places=_read("places"),
        brands=_read("brands"),
        given_names=_read("given_names") | _read("given_names_world") if name_list else frozenset(),
        surnames=_read("surnames") if name_list else frozenset(),
    )


@cache
def _read(name: str) -> frozenset[str]:
    text = files(__package__).joinpath("data", f"{name}.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))

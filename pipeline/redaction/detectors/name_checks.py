"""What the words around a capitalised word say of it, each question by itself.

`name_scores` asks them in turn; none looks further than a few words, so the time stays linear.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.name_cues import ORGANISATION_WORDS, PRODUCTS, REPORTING

LOOK_BACK: Final = 28
"""Characters in front of a word that hold what is asked of there."""
_SHORT_END: Final = 6
_FRENCH_REACH: Final = 80
NEXT_WORD: Final = re.compile(r"[,]?\s?([^\W\d_]+)")


def is_venue(text: str, start: int, end: int) -> bool:
    """Whether "at" or "in" leads to a place: "vouchers at Brioche Dorée", not "look at"."""
    if text.startswith(("'", "’"), end):
        return False
    before = text[max(0, start - LOOK_BACK) : start].lower().split()
    return len(before) < 2 or before[-2] not in _AT_PEOPLE


_AT_PEOPLE: Final = words(
    """look looking looked mad angry shout shouted shouting yell yelled reach reached contact laugh
    laughed smile smiled me him her them us email call loop loops looping bring brought trust
    confidence believe copy copied cc rope pull put faith interested interest dressed"""
)


def asks(text: str, end: int, label: str) -> bool:
    """Whether a speaker's label is followed by a sentence: "Caller: Will that be", no name."""
    if label not in SPEAKERS:
        return False
    follows = _LOWER_NEXT.match(text, end)
    return follows is not None and follows[1] not in REPORTING


SPEAKERS: Final = frozenset(
    ["caller", "agent", "customer", "client", "user", "rep", "representative", "guest", "patient"]
)
_LOWER_NEXT: Final = re.compile(r" ([a-z]+)(?![\w])")


INTERJECTIONS: Final = words("Uh-huh Mm-hmm Uh-oh")


@lru_cache(maxsize=4096)
def is_compound(word: str) -> bool:
    """Whether a word that opens a sentence is two ordinary ones: "Roadworks", "Waybill".

    Surnames are made so too, of hills, woods and fords: a name seldom ends in a longer word.
    """
    known = lexicon(name_list=False)
    if len(word) > _LONGEST_COMPOUND or not word.isalpha():
        return False
    return any(
        known.is_ordinary(word[at:])
        and word[:at] in known.ordinary
        and word[at:] not in _ENDS_OF_SURNAMES
        for at in range(4, len(word) - 3)
    )


_LONGEST_COMPOUND: Final = 16
_ENDS_OF_SURNAMES: Final = words(
    """wood worth well ford field land bridge brook bury burn water stone house bank banks berry
    burg shaw wall ward wick gate hill hurst king love lock march mere more bottom croft combe pool
    cross church side smith son daughter stein baum mann berg wright maker chester ridge stock cock
    horn bird feather head good body fellow castle shore beck port side ville view dale bourne tree
    rose grave graves hall ham down downs light foot heart hart house strong ling ring ton ster den
    ley man men leaf"""
)


# "Trent from Bunnings": where somebody comes from
NAMED_FROM: Final = re.compile(r"(?:^|[^\w])[A-Z][a-z]+ from $")
# "graduated from Rutgers", "lunch from Pret"
SOURCES: Final = words(
    "graduated graduation graduate degree diploma lunch dinner breakfast coffee takeaway takeout"
)
ARTICLES_BEFORE: Final = (" a ", " an ", " the ", " my ", " our ", " his ", " her ", " their ")


def is_family(word: str) -> bool:
    """Whether "the" and a surname in the plural name a family: "the Pruitts"."""
    return word.endswith("s") and word[:-1].lower() in lexicon().surnames


def ends_text(text: str, start: int, end: int) -> bool:
    """Whether a word alone is the last sentence of a text: it signs, in any language."""
    if len(text) - end > _SHORT_END or text[end:].strip(" .!\n"):
        return False
    before = text[max(0, start - 3) : start].rstrip(" ")
    return before.endswith((".", "!", "?", "\n"))


# "LG Jürgen": letters that close a message
SIGNED_WITH: Final = frozenset(["lg", "vg", "mfg", "hg", "kr", "br", "rgds", "bg"])


def is_product(text: str, end: int) -> bool:
    """Whether a thing is called by the word before `end`: "Cassandra cluster", "Julia 1.9"."""
    follows = _LOWER_WORD.match(text, end)
    if follows is not None:
        return follows[1] in PRODUCTS
    return _VERSION.match(text, end) is not None


_LOWER_WORD: Final = re.compile(r" ([a-z]{3,12})(?![\w'-])")
_VERSION: Final = re.compile(r" v?\d{1,3}\.\d")


def without_month(text: str, start: int, end: int) -> int:
    """Return the end of a name without the month behind it: "Grandpa Earl Jan 8 1941"."""
    name, _, last = text[start:end].rpartition(" ")
    return start + len(name) if name and last.rstrip(".") in MONTH_NAMES else end


MONTH_NAMES: Final = words(
    "Jan Feb Mar Apr May Jun Jul Aug Sep Sept Oct Nov Dec March April June August"
)


def behind_monsieur(text: str, start: int) -> int:
    """Return the start of a name behind its "M.", if that is the French title."""
    around = text[max(0, start - _FRENCH_REACH) : start + _FRENCH_REACH]
    return start if _FRENCH.isdisjoint(around.lower().split()) else start + 3


_FRENCH: Final = words(
    """le les du au aux et une vous je merci bonjour monsieur mme n'a reçu avec chez qui sera sont
    ont votre notre dossier rappeler"""
)


def is_company(text: str, end: int) -> bool:
    """Whether " & Sons" or its like follows."""
    follows = NEXT_WORD.match(text, end + 2)
    return follows is not None and follows[1].lower() in ORGANISATION_WORDS

"""The class of a capitalised word: one letter that says how likely it is part of a person's name.

    T title        I initial            U unknown word      N on the list of names
    A ambiguous    B ordinary word that is also a given name    S … also a surname
    M ambiguous word on the list        L place        G place that is also a given name
    C unknown or listed word in capitals, long enough and pronounceable
    O ordinary     P proper noun, no person                       X identifier, acronym, number

Classes are memoised by word; without a list of names N, M, B, S and G do not occur.
"""

from __future__ import annotations

import re
from typing import Final

from pipeline.redaction.detectors.lexicon import Lexicon, words

_CACHE_SIZE: Final = 50_000
TITLES: Final = words(
    """mr mrs ms miss mx dr prof professor doctor sir madam madame mme mlle monsieur señor señora
    señorita sr sra srta herr frau signor signora sig rev reverend father sister capt captain lt
    sgt sergeant officer col colonel gen major judge senator mister messrs hon dame lord lady
    rabbi imam sheikh pastor uncle aunt auntie nurse coach councillor councilor alderman deacon
    alhaji alhaja hajji haji pandit swami shri smt dona doña fru fröken meneer mevrouw senhor
    senhora senor senora cllr atty engr ustad maître mlle dhr mevr"""
)
# Titles that are ordinary words need their capital and a name behind them.
ABBREVIATED_TITLES: Final = words(
    "mr mrs ms mx dr prof mme mlle sr sra srta rev capt lt sgt col gen hon sig st jr"
)
SUFFIXES: Final = words("jr sr ii iii iv phd md esq dds cpa mba rn dvm")
_PRONOUNCEABLE = re.compile(r"(?:[^aeiouy]{0,3}[aeiouyà-ÿ]){1,8}[^aeiouy]{0,3}$")
_PARTICLE_PREFIX = re.compile(
    r"(?:Mc|Mac|De|Di|Da|Du|La|Le|Lo|Van|Von|Fitz|San|Ben|Abu|O)[A-Z][a-z]+"
)
_ORDINARY_EXTRA: Final = words(
    "my i a ok id im ive dont cant wont thats lets whats cannot weds cust acct appt hosp abeg oga"
)


def _has_letters_only(part: str) -> bool:
    return part.replace("'", "").replace("’", "").isalpha()


class WordClasses:
    """Memoised classes of words for one lexicon."""

    def __init__(self, lexicon: Lexicon) -> None:
        self._lexicon = lexicon
        self._single_places = frozenset(
            place.lower() for place in lexicon.places if " " not in place
        )
        self._place_heads = frozenset(
            name.partition(" ")[0]
            for names in (lexicon.places, lexicon.brands)
            for name in names
            if " " in name
        )
        self._names = lexicon.given_names | lexicon.surnames
        self._memo: dict[str, str] = {}

    def of(self, word: str) -> str:
        """Return the class of `word`, which starts with a capital and may end in a possessive."""
        found = self._memo.get(word)
        if found is None:
            found = self._classify(word)
            if len(self._memo) >= _CACHE_SIZE:
                self._memo.clear()
            if len(word) <= 40:
                self._memo[word] = found
        return found

    def is_place(self, name: str) -> bool:
        """Whether `name`, as written, is a country, a state or a city."""
        return name in self._lexicon.places

    def is_thing(self, name: str) -> bool:
        """Whether `name`, as written, is a place or a brand."""
        return name in self._lexicon.places or name in self._lexicon.brands

    def opens_place(self, word: str) -> bool:
        """Whether a place or a brand of several words begins with `word`, as written."""
        return word in self._place_heads

    def is_name(self, lower: str) -> bool:
        """Whether the lower-case word is on the list of names and no ordinary word."""
        return lower in self._names and lower not in self._lexicon.ordinary

    def is_ambiguous(self, lower: str) -> bool:
        """Whether the lower-case word is written about as often with a capital as without."""
        return lower in self._lexicon.ambiguous

    def may_be_name(self, lower: str) -> bool:
        """Whether the lower-case word is on the list of names, ordinary or not."""
        return lower in self._names

    def is_ordinary(self, lower: str) -> bool:
        """Whether the lower-case word is ordinary."""
        return lower in _ORDINARY_EXTRA or self._lexicon.is_ordinary(lower)

    def _classify(self, word: str) -> str:
        if word in self._lexicon.brands:
            return "P"
        if word.isalpha() and len(word) > 1:
            return self._letters(word, word.lower())
        stem = word.rstrip(".")
        for possessive in ("'s", "’s", "'", "’"):
            if stem.endswith(possessive):
                stem = stem[: -len(possessive)]
                break
        if len(stem) == 1:
            return "I" if stem != "I" or word.endswith(".") else "O"
        if stem.lower() in TITLES:
            return "T"
        if "-" in stem:
            return self._hyphenated(stem)
        if "'" in stem or "’" in stem:
            return self._with_apostrophe(stem)
        return self._letters(stem, stem.lower()) if stem.isalpha() else "X"

    def _letters(self, stem: str, lower: str) -> str:
        if lower in TITLES:
            return "T"
        if stem.isupper():
            return self._capitals(lower)
        if not stem[1:].islower():
            return "U" if _PARTICLE_PREFIX.fullmatch(stem) else "X"
        return self._titlecase(lower)

    def _titlecase(self, lower: str) -> str:
        lexicon = self._lexicon
        given, surname = lower in lexicon.given_names, lower in lexicon.surnames
        if lower in _ORDINARY_EXTRA or lower in lexicon.foreign:
            return "O"
        listed = given or surname
        # "Morales" is no plural of an ordinary word
        if lower in lexicon.ordinary or (not listed and lexicon.is_ordinary(lower)):
            return "B" if given else "S" if surname else "O"
        if lower in lexicon.proper:
            return "G" if given else "P"
        if lower in self._single_places:
            return "G" if given else "L"
        ambiguous = lower in lexicon.ambiguous
        if listed:
            return "M" if ambiguous else "N"
        return "A" if ambiguous else "U"

    def _capitals(self, lower: str) -> str:
        if lower.isascii() and (len(lower) < 4 or not _PRONOUNCEABLE.match(lower)):
            return "C" if lower in self._names else "X"
        return "C" if self._titlecase(lower) in "UNM" else "X"

    def _hyphenated(self, stem: str) -> str:
        parts = [part for part in stem.split("-") if part]
        if not parts or not parts[0][0].isupper() or not all(map(_has_letters_only, parts)):
            return "X"
        if stem.isupper():
            return "C" if any(self.of(part) == "C" for part in parts) else "X"
        if not all(part[0].isupper() for part in parts):
            # Hae-won, but not Kafka-based
            short = len(parts) == 2 and len(parts[1]) <= 6 and not self.is_ordinary(parts[1])
            return "N" if short and self.of(parts[0]) in "UNMAO" and len(parts[0]) <= 6 else "X"
        classes = [self.of(part) for part in parts]
        if all(found in "OPXTI" for found in classes):
            return "X"
        return "U" if any(found in "UNM" for found in classes) else "A"

    def _with_apostrophe(self, stem: str) -> str:
        head, _, tail = stem.replace("’", "'").partition("'")
        if len(head) <= 4 and head[0].isupper() and tail[:1].isupper() and tail.isalpha():
            return "U"
        return "O" if self.of(head) == "O" or not tail.isalpha() else "X"

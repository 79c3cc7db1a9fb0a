"""What is attached to a street: unit, code, city, state, country, found forwards or backwards."""

from __future__ import annotations

import re

from pipeline.redaction.detectors.address_patterns import (
    COUNTRIES,
    LOWER_TAIL,
    PLACE,
    STATES,
    UNIT,
    ZIP,
)
from pipeline.redaction.detectors.lexicon import Lexicon, lexicon

# never across a blank line
_JOIN = re.compile(r"(?:,\n|,\ {0,2}|\ ?\n\ {0,4}|\ [-–]\ |\ )(?!\s)")
_JOIN_CITY = re.compile(r"(?:,\n|,\ {0,2}|\ ?\n\ {0,4}|\ [-–]\ |,?\ in\ )(?!\s)")
_CAPITALS = re.compile(r"[A-Z]{2,4}(?![\w])|U\.S\.A\.|U\.K\.")
_DISTRICT = re.compile(r" \d{1,2}(?![\w:/-]|[.,]\d)")
_WORDS = re.compile(r"\S+")
_ABBREVIATED = re.compile(r"(?:St|Co|Mt|Ft|No|[A-Z])\.")
_DIVISIONS = frozenset(["District", "County", "City", "Province", "Township", "Ward", "Prefecture"])
_SMALL_WORDS = frozenset(["of", "the", "upon", "on", "le", "in", "de", "la", "and", "or", "-"])


class AddressTail:
    """Finds where an address ends behind its street, or begins before its code."""

    def __init__(self) -> None:
        self._lexicon: Lexicon = lexicon()

    def end(self, text: str, end: int) -> int:
        """Return where the address that begins with a street ending at `end` is over."""
        for _ in range(3):
            unit = UNIT.match(text, end)
            if not unit:
                break
            end = unit.end()
        lower = LOWER_TAIL.match(text, end)
        if lower and lower["state"].upper() in STATES:
            return lower.end()
        coded = False
        for _ in range(5):
            step, code = self._step(text, end, after_code=coded)
            if step == end:
                break
            coded = code
            end = step
        return end

    def _step(self, text: str, end: int, *, after_code: bool) -> tuple[int, bool]:
        """Return the end of one more part (unit, code, state, city, country), or `end`.

        The second value says whether the part was a code: a place follows it without a comma.
        """
        join = _JOIN.match(text, end)
        if not join:
            return end, False
        code = ZIP.match(text, join.end())
        if code and (join[0].strip(" ") or len(code[0]) > 4 or text[end - 2 : end].isupper()):
            return code.end(), True
        unit = UNIT.match(text, end)
        if unit:
            return unit.end(), False
        district = _DISTRICT.match(text, end)
        if district and self._ends_with_place(text, end):
            return district.end(), False
        state = _CAPITALS.match(text, join.end())
        if state and (state[0] in STATES or state[0] in COUNTRIES):
            return state.end(), False
        joined = _JOIN_CITY.match(text, end)
        if not joined and not after_code:
            return self._known_place(text, join.end()) or end, False
        known = self._known_place(text, (joined or join).end())
        if known:
            return known, False
        place = PLACE.match(text, (joined or join).end())
        if not place:
            return end, False
        name, stop = _without_state(place)
        new_line = "\n" in (joined or join)[0]
        city = after_code or self._is_city(name, text, stop, new_line=new_line)
        return (stop if city else end), False

    def _ends_with_place(self, text: str, end: int) -> bool:
        word = text[max(0, end - 24) : end].replace(",", " ").replace("\n", " ").split(" ")[-1]
        return word.title() in self._lexicon.places

    def _known_place(self, text: str, start: int) -> int | None:
        """Return the end of a known place at `start`, trying the longest reading first."""
        place = PLACE.match(text, start)
        if not place:
            return None
        words = place[0].split(" ")
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count]).rstrip(".,")
            if count > 1 and words[count - 1] in _DIVISIONS:
                return start + len(name)
            if name in self._lexicon.places or (count == 1 and name in STATES):
                return start + len(name)
        return None

    def _is_city(self, name: str, text: str, stop: int, *, new_line: bool) -> bool:
        """Whether an unlisted capitalised name behind a comma or on a new line reads as a city."""
        follow = _JOIN.match(text, stop)
        if follow:
            after = PLACE.match(text, follow.end())
            if ZIP.match(text, follow.end()) or (after and after[0] in STATES):
                return True
            if after and after[0].split(" ")[0] in STATES:
                return True
        words = [word.lower() for word in re.split(r"[ -]", name)]
        return not new_line and not self._lexicon.is_ordinary(words[0])

    def back(self, text: str, start: int) -> int:
        """Return where the address that ends with a code at `start` begins.

        Back over capitalised words and numbers, as long as they stand in one line of commas.
        """
        words = [(m.start(), m[0]) for m in _WORDS.finditer(text, max(0, start - 90), start)]
        first = start
        for place, word in reversed(words[-14:]):
            if word[-1] in ".:;!?)" and first != start and not _ABBREVIATED.fullmatch(word):
                break
            if not (word[0].isupper() or word[0].isdigit() or word in _SMALL_WORDS):
                break
            if word[0].isupper() or word[0].isdigit():
                first = place
        return first


def _without_state(place: re.Match[str]) -> tuple[str, int]:
    """Return a place's name, and its end, without the letters of a state behind it."""
    name, _, last = place[0].rpartition(" ")
    if name and last in STATES:
        return name, place.end() - len(last) - 1
    return place[0], place.end()

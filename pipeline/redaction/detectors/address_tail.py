"""What is attached to a street: unit, code, city, state, country, found forwards or backwards."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from pipeline.redaction.detectors.address_patterns import (
    COUNTRIES,
    LOWER_TAIL,
    PLACE,
    STATES,
    UNIT,
    UNIT_REACH,
    ZIP,
)
from pipeline.redaction.detectors.lexicon import Lexicon, lexicon, words
from pipeline.redaction.detectors.patterns import TextPattern

# never across a blank line
_JOIN = TextPattern(r"(?:,\n|,\ {0,2}|\ ?\n\ {0,4}|\ [-–]\ |\ )(?!\s)")
_JOIN_CITY = TextPattern(r"(?:,\n|,\ {0,2}|\ ?\n\ {0,4}|\ [-–]\ |,?\ in\ )(?!\s)")
_CAPITALS = re.compile(r"[A-Z]{2,4}(?![\w])|U\.S\.A\.|U\.K\.|U\.A\.E\.")
_YEAR = re.compile(r"(?:19|20)\d\d")
_DISTRICT = TextPattern(r" \d{1,2}(?![\w:/-]|[.,]\d)")
_LOWER_WORDS = re.compile(r",?\ (?:in\ )?([a-z]{3,20}(?:\ [a-z]{3,20}){0,2})(?![\w@])")
_LOWER_CODE = re.compile(
    r",?\ (?:\d{5}(?:-\d{4})?|[a-z]\d[a-z]\ ?\d[a-z]\d|[a-z]{1,2}\d[a-z\d]?\ \d[a-z]{2})(?![\w-])"
)
# 17 Balogun Crescent, off Allen; 4 MG Road, opp. Canara Bank
_BESIDE = re.compile(
    r",?\ (?:[Oo]ff|[Oo]pp\.?|[Oo]pposite|[Bb]ehind|[Bb]eside|[Nn]ear|[Nn]r\.?)\ (?:the\ )?"
    r"[A-Z][\w'’]{1,20}(?:\ [A-Z][\w'’]{1,20}){0,3}"
    r"(?:\ (?:filling|petrol|gas|police|railway|bus|fire)\ (?:station|stand|stop)"
    r"|\ (?:bank|school|church|market|mosque|temple|hospital|junction|park|hotel|office))?"
    r"(?=[,.;\n]|$)"
)
# nothing is attached behind these, nor to the end of a text
_NOTHING_FOLLOWS = frozenset(["", ".", ":", "!", "?", ")", '"', "'", "/", "%", "@", "=", "_"])
_ABBREVIATED = re.compile(r"(?:St|Co|Mt|Ft|[Nn]o|[Oo]pp|[Nn]r|[A-Z])\.")
_DIVISIONS = frozenset(["District", "County", "City", "Province", "Township", "Ward", "Prefecture"])
MONTHS = words(
    "January February March April May June July August September October November December"
    " Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec"
)
_SMALL_WORDS = frozenset(
    [
        "of",
        "the",
        "upon",
        "on",
        "le",
        "in",
        "de",
        "la",
        "and",
        "or",
        "-",
        "opp",
        "opp.",
        "near",
        "nr",
        "nr.",
        "behind",
    ]
)


class AddressTail:
    """Finds where an address ends behind its street, or begins before its code."""

    def __init__(self) -> None:
        self._lexicon: Lexicon = lexicon()
        # detectors of different forms find the same street, one after the other
        self.end = lru_cache(maxsize=8)(self._end)
        """Of a text and an end of a street in it: where the address with that street is over."""

    def _end(self, text: str, end: int) -> int:
        for _ in range(3):
            unit = UNIT.end_at(text, end, UNIT_REACH)
            if unit is None:
                break
            end = unit
        beside = _BESIDE.match(text, end) if text.startswith((" ", ", "), end) else None
        if beside is not None:
            end = beside.end()
        looked_for_unit = end
        if text[end : end + 3].strip(", \n")[:1].islower():
            lower = LOWER_TAIL.match(text, end)
            if lower and lower["state"].upper() in STATES:
                return lower.end()
            end = self._lower_places(text, end)
        kind = ""
        for _ in range(6):
            step, kind = self._step(text, end, after=kind, unit=end != looked_for_unit)
            if step == end:
                break
            end = step
        return end

    def _lower_places(self, text: str, end: int) -> int:
        """Return the end of the city and the state in lower case behind `end`, with their code."""
        for _ in range(2):
            words = _LOWER_WORDS.match(text, end)
            if not words:
                break
            names = words[1].split(" ")
            for count in range(len(names), 0, -1):
                name = " ".join(names[:count])
                listed = name.title() in self._lexicon.places
                if listed and (count > 1 or not self._lexicon.is_ordinary(name)):
                    end = words.start(1) + len(name)
                    break
            else:
                break
            code = _LOWER_CODE.match(text, end)
            if code:
                return code.end()
        return end

    def is_certain(self, text: str, end: int) -> bool:
        """Whether what is attached at `end` makes an address of a number and words before it."""
        if text[end : end + 1] in _NOTHING_FOLLOWS:
            return False
        if UNIT.end_at(text, end, UNIT_REACH):
            return True
        kind = ""
        for count in range(4):
            step, kind = self._step(text, end, after=kind, unit=count > 0)
            if step == end:
                return False
            if kind in ("code", "state", "country"):
                # "May 18, 2024" is a day
                return not _YEAR.fullmatch(text, step - 4, step)
            end = step
        return False

    def _step(self, text: str, end: int, *, after: str, unit: bool) -> tuple[int, str]:
        """Return the end of one more part, and its kind; `end` if nothing is attached.

        `after` is the kind of the part before: code, state, country, city, unit. `unit` says
        whether to look for one.
        """
        join = _JOIN.match(text, end)
        if not join:
            return end, ""
        start = join.end()
        first = text[start : start + 1]
        code = ZIP.match(text, start) if first.isdigit() or first.isupper() else None
        if code:
            long = len(code[0]) > 4 or join[0].strip(" ") or after in ("state", "country")
            if long or (after == "city" and not _YEAR.match(code[0])):
                return code.end(), "code"
        unit_end = UNIT.end_at(text, end, UNIT_REACH) if unit else None
        if unit_end is not None:
            return unit_end, "unit"
        if after == "city" and (district := _DISTRICT.match(text, end)):
            return district.end(), "city"
        if not first.isupper() and first not in ("i", "("):
            return end, ""
        state = _CAPITALS.match(text, start)
        if state and (state[0] in STATES or state[0] in COUNTRIES):
            return state.end(), "state"
        joined = _JOIN_CITY.match(text, end)
        if not joined and after != "code":
            known = self._known_place(text, join.end())
            return (known, "city") if known else (end, "")
        return self._city(text, (joined or join).end(), end, after, new_line="\n" in join[0])

    def _city(
        self, text: str, start: int, end: int, after: str, *, new_line: bool
    ) -> tuple[int, str]:
        """Return the end and kind of a city or country at `start`; `end` if there is none."""
        place = PLACE.match(text, start)
        if not place:
            return end, ""
        name, stop = _without_state(place)
        if name in self._lexicon.places:
            return stop, "country" if new_line or after == "city" else "city"
        # the whole of "Jakarta Pusat" where a code or the end of the part follows
        if self._is_city(name, text, stop, new_line=new_line, after=after):
            return stop, "city"
        known = self._known_place(text, start)
        return (known, "city") if known else (end, "")

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

    def _is_city(self, name: str, text: str, stop: int, *, new_line: bool, after: str) -> bool:
        """Whether an unlisted capitalised name behind a comma or on a new line reads as a city."""
        if after == "code":
            return not new_line
        follow = _JOIN.match(text, stop)
        if follow:
            if ZIP.match(text, follow.end()):
                return True
            place = PLACE.match(text, follow.end())
            if place:
                last = _without_state(place)[0]
                attached = follow[0] != " "
                if place[0].split(" ")[0] in STATES or (attached and last in self._lexicon.places):
                    return True
        first = re.split(r"[ -]", name, maxsplit=1)[0].lower()
        return not new_line and not self._lexicon.is_ordinary(first)

    def is_place(self, name: str) -> bool:
        """Whether `name` is a listed country, state or city."""
        return name in self._lexicon.places

    def back(self, text: str, start: int) -> int:
        """Return where the address that ends with a code at `start` begins.

        Back over capitalised words and numbers, as long as they stand in one line of commas.
        """
        begin = max(0, start - 90)
        window = text[begin:start]
        first = start
        place = len(window)
        for word in reversed(window.split()[-14:]):
            place = window.rindex(word, 0, place)
            if word[-1] == ":" or (word == "of" and window[:place].endswith(", ")):
                # a label; "my mother, Philippa Reyes, of Orchard End"
                break
            if word[-1] in ".;!?)" and first != start and not _ABBREVIATED.fullmatch(word):
                break
            if not (word[0].isupper() or word[0].isdigit() or word in _SMALL_WORDS):
                break
            if word.isupper() and self._lexicon.is_ordinary(word.lower()):
                break
            if word.strip(",") in MONTHS:
                # "born 19 July 1981, of Flat 6, …"
                break
            if word[0].isupper() or word[0].isdigit():
                first = begin + place
        return first


@cache
def address_tail() -> AddressTail:
    """Return the one that all detectors share."""
    return AddressTail()


def _without_state(place: re.Match[str]) -> tuple[str, int]:
    """Return a place's name, and its end, without the letters of a state behind it."""
    name, _, last = place[0].rpartition(" ")
    if name and last in STATES:
        return name, place.end() - len(last) - 1
    return place[0], place.end()

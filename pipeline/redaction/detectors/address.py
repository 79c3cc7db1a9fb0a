"""Street addresses of many countries, with what is attached: unit, city, state, code, country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from pipeline.redaction.detectors.address_patterns import (
    ADDRESS_CUE,
    COMPOUND,
    COUNTRIES,
    CUED,
    FRENCH,
    GERMAN,
    INFORMAL,
    JAPANESE,
    LEAD,
    LOWER_TAIL,
    MILITARY,
    NAMED,
    NUMBERED,
    NUMBERED_ROUTE,
    OTHER_TYPES,
    PLACE,
    PO_BOX,
    PREFIXED,
    STATE_AND_ZIP,
    STATES,
    SURE_TYPES,
    TURKISH,
    UNIT,
    ZIP,
)
from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.cues import cue_before
from pipeline.redaction.detectors.lexicon import lexicon
from pipeline.redaction.spans import STREET_ADDRESS, ZIP_CODE, Span

_SURE = frozenset(SURE_TYPES.split("|"))
_CAPITALISED_TYPES = "|".join(word[0].upper() + word[1:] for word in OTHER_TYPES.split("|"))
_STREETS = "Street|St|Avenue|Ave|Road|Rd|Lane|Ln|Drive|Dr|Boulevard|Blvd|Court|Terrace|Crescent"
_CAPITALS = re.compile(r"[A-Z]{2,4}(?![\w])|U\.S\.A\.|U\.K\.")
_DISTRICT = re.compile(r" \d{1,2}(?![\w:/-]|[.,]\d)")
_YEAR = re.compile(r"(?:19|20)\d\d\b")
# never across a blank line
_JOIN = re.compile(r"(?:,\n|,\ {0,2}|\ ?\n\ {0,4}|\ [-–]\ |\ )(?!\s)")
_JOIN_CITY = re.compile(r"(?:,\n|,\ {0,2}|\ ?\n\ {0,4}|\ [-–]\ |,?\ in\ )(?!\s)")
_MEASURE = re.compile(
    r"\d+\s+(?:minutes?|mins?|hours?|hrs?|miles?|km|kilometers?|days?|weeks?|months?|years?|meters?"
    r"|people|times|more|other|different|new|easy|long|short|way)\b",
    re.IGNORECASE,
)
_POSTCODE_CUE = re.compile(
    r"(?:\bzip(?:[ _-]?code)?|\bpost(?:al)?[ _-]?code|\bpostcode|\bplz|\bpin[ -]?code|\bcode postal"
    r"|\bcódigo postal|\bcap|\bcep)\b[^.;\n]{0,24}$"
)
_POSTCODE = re.compile(
    r"(?<![\w.-])(?:\d{5}(?:-\d{4})?|[A-Za-z]{1,2}\d[A-Za-z\d]?\ ?\d[A-Za-z]{2}"
    r"|[A-Za-z]\d[A-Za-z][\ -]?\d[A-Za-z]\d|\d{4}\ ?[A-Z]{2}|\d{3}\ \d{2,3}|\d{2}-\d{3}|\d{6}"
    r"|\d{5}-\d{3}"
    r"|\d{3}-\d{4}|\d{4})(?![\w-])"
)
# British postcodes and Irish ones, which also name a street or a house
_BRITISH = re.compile(
    r"(?<![\w-])(?:[A-PR-UWYZ](?:[A-HK-Y]?\d[\dA-Z]?|\d[A-HJKPS-UW])\ \d[ABD-HJLNP-UW-Z]{2}"
    r"|[AC-FHKNPRTV-Y]\d[\dW]\ [0-9AC-FHKNPRTV-Y]{4})(?![\w-])"
)
_WORDS = re.compile(r"\S+")
_ABBREVIATED = re.compile(r"(?:St|Co|Mt|Ft|No|[A-Z])\.")
_FORMS = (
    NUMBERED,
    NUMBERED_ROUTE,
    FRENCH,
    PREFIXED,
    COMPOUND,
    GERMAN,
    TURKISH,
    JAPANESE,
    PO_BOX,
    MILITARY,
)
_DIVISIONS = frozenset(["District", "County", "City", "Province", "Township", "Ward", "Prefecture"])
_SMALL_WORDS = frozenset(["of", "the", "upon", "on", "le", "in", "de", "la", "and", "or", "-"])


def _without_state(place: re.Match[str]) -> tuple[str, int]:
    """Return a place's name, and its end, without the letters of a state behind it."""
    name, _, last = place[0].rpartition(" ")
    if name and last in STATES:
        return name, place.end() - len(last) - 1
    return place[0], place.end()


def _first_and_longest(found: tuple[int, int, float]) -> tuple[int, int]:
    return found[0], -found[1]


class AddressDetector(Detector):
    """Streets with a number, boxes and military addresses, to the end of what is attached.

    Codes alone are `ZIP_CODE` where a word or their own shape says so.
    """

    ENTITIES: ClassVar = (STREET_ADDRESS, ZIP_CODE)
    TRIGGERS: ClassVar = (
        rf"\d[^\n]*(?i:\b(?:{SURE_TYPES})\b)",
        rf"\d[^\n]* (?:{_CAPITALISED_TYPES})\b",
        r"(?i)(?:\bbox|\bp\.? ?o\.? ?b|postfach|postbus|apartado|casilla|\bb\.?p\.?|locked bag"
        r"|pmb|\bpsc|\bcmr"
        r"|\buss)\b",
        r"(?i)\d[^\n]*(?:\brue|chemin|impasse|all.{1,2}e|quai|cours|route|passage|sentier|\bbd)\b",
        r"(?i)(?:\bcalle|\bc/|\bc\.|avenida|avd|\bav\.|paseo|plaza|carrera|\bcra|camino|ronda"
        r"|glorieta|callej"
        r"|carretera|\bvia|piazza|corso|vicolo|largo|strada|\brua|travessa|pra.{1,2}a|alameda"
        r"|rodovia|\bul\."
        r"|ulica|\bal\.|\brue|avenue|boulevard|stra|\bsos\.|jalan|\bjl\.|prol\.)[^\n]*\d",
        r"(?i)(?:stra(?:ss|.{1,2})e|str\.|gasse|weg|platz|allee|ring|damm|ufer|steig|graben"
        r"|markt|hof|chaussee"
        r"|straat|laan|gracht|plein|kade|dijk|singel|steeg|gatan|v.{1,2}gen|gr.{1,2}nd|gata"
        r"|veien|vegen|vej"
        r"|gade|all.{1,2}|katu|tie|kuja|utca|.{1,2}t|r.{1,2}t|t.{1,2}r) \d",
        r"\b[A-Z]{2},? \d{5}\b",
        r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b|\b[A-Z]\d[\dW] [0-9A-Z]{4}\b",
        rf"\b(?:[Oo]n|[Aa]t|[Oo]ff|[Nn]ear|[Ff]rom|[Aa]long|[Tt]o|[Ii]n"
        rf"|[Oo]f) [A-Z][^\n]* (?:{_STREETS})\b",
        r"(?i)(?:cad\.|caddesi|cd\.|sok\.|soka|sk\.|bulv|mah\.|mahalle)"
        r"|\b\d{1,2}-\d{1,2}(?:-\d{1,4})?,? [A-Z]",
        r"(?i)\bzip|post(?:al)?[ _-]?code|postcode|\bplz|pin[ -]?code|code postal|digo postal"
        r"|\bcap\b|\bcep\b",
        r"(?i)(?:address|\blives? |\bliving |resid|ship|deliver|\bmove|located|\bsend |\bmail"
        r"|home|billing"
        r"|anschrift|adresse|direcci|indirizzo|endere)[^\n]*\d",
    )

    def __init__(self) -> None:
        super().__init__()
        self._lexicon = lexicon()

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans: .85 for known forms, .6 for looser ones."""
        spans: list[Span] = []
        reached = 0
        leads = [match.span() for match in LEAD.finditer(text)]
        for start, end, score in sorted(self._streets(text, context), key=_first_and_longest):
            if start >= reached:
                reached = self._tail(text, end)
                start = next((low for low, high in leads if low <= start <= high), start)
                spans.append(Span(start, reached, STREET_ADDRESS, score, "AddressDetector"))
        return spans + self._codes(text, context)

    def _streets(self, text: str, context: Context) -> Iterator[tuple[int, int, float]]:
        for pattern in _FORMS:
            for match in pattern.finditer(text):
                if pattern is not NUMBERED or self._is_street(text, match):
                    yield (*match.span(), 0.85)
        for match in NAMED.finditer(text):
            yield (*match.span(1), 0.5)
        for match in INFORMAL.finditer(text):
            if not _MEASURE.match(match[0]):
                yield (*match.span(), 0.7)
        hinted = context.hint == STREET_ADDRESS
        if hinted or ADDRESS_CUE.search(text.lower()):
            for match in CUED.finditer(text):
                if hinted or cue_before(ADDRESS_CUE, text, match.start()):
                    yield (*match.span(), 0.6)

    def _is_street(self, text: str, match: re.Match[str]) -> bool:
        """Whether a number, words and a word such as Hill are a street, not a title with a year."""
        if match["type"].lower() in _SURE:
            return not (_YEAR.match(match[0]) and match["type"].islower())
        if not match["type"][0].isupper():
            return False
        return not _YEAR.match(match[0]) or self._tail(text, match.end()) > match.end()

    def _tail(self, text: str, end: int) -> int:
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

    def _codes(self, text: str, context: Context) -> list[Span]:
        name = "AddressDetector"
        spans = [
            Span(self._back(text, match.start()), match.end(), STREET_ADDRESS, 0.6, name)
            for match in STATE_AND_ZIP.finditer(text)
        ]
        for match in _BRITISH.finditer(text):
            start = self._back(text, match.start())
            whole = "," in text[start : match.start()] or "\n" in text[start : match.start()]
            entity = STREET_ADDRESS if whole else ZIP_CODE
            start = start if whole else match.start()
            spans.append(Span(start, match.end(), entity, 0.6, name))
        spans += [
            Span(*match.span(), ZIP_CODE, 0.7, name)
            for match in _POSTCODE.finditer(text)
            if context.hint == ZIP_CODE or cue_before(_POSTCODE_CUE, text, match.start())
        ]
        return spans

    def _back(self, text: str, start: int) -> int:
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

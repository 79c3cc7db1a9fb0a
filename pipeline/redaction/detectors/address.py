"""Street addresses of many countries, with what is attached: unit, city, state, code, country."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.redaction.detectors.address_patterns import (
    ADDRESS_CUE,
    COMPOUND,
    COUNTRIES,
    CUED,
    FRENCH,
    INFORMAL,
    MILITARY,
    NUMBERED,
    NUMBERED_ROUTE,
    OTHER_TYPES,
    PLACE,
    PO_BOX,
    PREFIXED,
    STATE_AND_ZIP,
    STATES,
    SURE_TYPES,
    UNIT,
    ZIP,
)
from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.cues import cue_before
from pipeline.redaction.detectors.lexicon import lexicon
from pipeline.redaction.spans import STREET_ADDRESS, ZIP_CODE, Span

_SURE = frozenset(SURE_TYPES.split("|"))
_CAPITALISED_TYPES = "|".join(word[0].upper() + word[1:] for word in OTHER_TYPES.split("|"))
_YEAR = re.compile(r"(?:19|20)\d\d\b")
_JOIN = re.compile(r"(?:,\s{0,2}|\s?\n\s{0,2}|\ -\ |\ )")
_JOIN_CITY = re.compile(r"(?:,\s{0,2}|\s?\n\s{0,2}|,?\ in\ )")
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
_UK_POSTCODE = re.compile(
    r"(?<![\w-])[A-PR-UWYZ](?:[A-HK-Y]?\d[\dA-Z]?|\d[A-HJKPS-UW])\ \d[ABD-HJLNP-UW-Z]{2}(?![\w-])"
)


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
        r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b",
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
        found: list[tuple[int, int, float]] = []
        for pattern in (NUMBERED, NUMBERED_ROUTE, FRENCH, PREFIXED, COMPOUND, PO_BOX, MILITARY):
            for match in pattern.finditer(text):
                if pattern is NUMBERED and not self._is_street(text, match):
                    continue
                found.append((*match.span(), 0.85))
        found += [
            (*match.span(), 0.7)
            for match in INFORMAL.finditer(text)
            if not _MEASURE.match(match[0])
        ]
        if context.hint == STREET_ADDRESS or ADDRESS_CUE.search(text.lower()):
            found += [
                (*match.span(), 0.6)
                for match in CUED.finditer(text)
                if context.hint == STREET_ADDRESS or cue_before(ADDRESS_CUE, text, match.start())
            ]
        spans = []
        reached = 0
        for start, end, score in sorted(found, key=lambda item: (item[0], -item[1])):
            if start >= reached:
                reached = self._tail(text, end)
                spans.append(Span(start, reached, STREET_ADDRESS, score, "AddressDetector"))
        return spans + self._codes(text, context)

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
        for _ in range(5):
            step = self._step(text, end)
            if step == end:
                break
            end = step
        return end

    def _step(self, text: str, end: int) -> int:
        """Return the end of one more part (a code, a state, a city, a country), or `end`."""
        join = _JOIN.match(text, end)
        if not join:
            return end
        code = ZIP.match(text, join.end())
        if code and (join[0].strip(" -") or len(code[0]) > 4):
            return code.end()
        place_join = _JOIN_CITY.match(text, end)
        place = PLACE.match(text, join.end()) if join[0] != ",  " else None
        if place and (place[0] in STATES or place[0] in COUNTRIES):
            return place.end()
        if not place_join:
            return self._known_place(text, join.end()) or end
        place = PLACE.match(text, place_join.end())
        if not place:
            return end
        unit = UNIT.match(text, end)
        if unit:
            return unit.end()
        name = place[0].rstrip(".")
        stop = place.start() + len(name)
        if name in self._lexicon.places or name in STATES or name in COUNTRIES:
            return stop
        return stop if self._is_city(name, text, stop) else end

    def _known_place(self, text: str, start: int) -> int | None:
        """Return the end of a known place at `start`, trying the longest reading first."""
        place = PLACE.match(text, start)
        if not place:
            return None
        words = place[0].split(" ")
        for count in range(len(words), 0, -1):
            name = " ".join(words[:count]).rstrip(".,")
            if name in self._lexicon.places or (count == 1 and name in STATES):
                return start + len(name)
        return None

    def _is_city(self, name: str, text: str, stop: int) -> bool:
        """Whether an unlisted capitalised name behind a comma reads as a city."""
        follow = _JOIN.match(text, stop)
        if follow:
            after = PLACE.match(text, follow.end())
            if ZIP.match(text, follow.end()) or (after and after[0] in STATES):
                return True
            if after and after[0].split(" ")[0] in STATES:
                return True
        words = [word.lower() for word in re.split(r"[ -]", name)]
        return not self._lexicon.is_ordinary(words[0])

    def _codes(self, text: str, context: Context) -> list[Span]:
        name = "AddressDetector"
        spans = [
            Span(self._city_before(text, match.start()), match.end(), STREET_ADDRESS, 0.6, name)
            for match in STATE_AND_ZIP.finditer(text)
        ]
        spans += [Span(*m.span(), ZIP_CODE, 0.6, name) for m in _UK_POSTCODE.finditer(text)]
        spans += [
            Span(*match.span(), ZIP_CODE, 0.7, name)
            for match in _POSTCODE.finditer(text)
            if context.hint == ZIP_CODE or cue_before(_POSTCODE_CUE, text, match.start())
        ]
        return spans

    def _city_before(self, text: str, start: int) -> int:
        """Return the start of the capitalised city, if any, in front of a state at `start`."""
        window = text[max(0, start - 40) : start]
        city = re.search(r"(?:[A-Z][\w'’.-]*\ ?){1,3},?\ $", window)
        return start - (len(window) - city.start()) if city else start

"""Postal codes that stand by themselves, and addresses known by the code they end with."""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipeline.redaction.detectors.address_patterns import STATE_AND_ZIP, STATES
from pipeline.redaction.detectors.address_tail import address_tail
from pipeline.redaction.detectors.base import Context, Detector, Part
from pipeline.redaction.detectors.cues import cue_after, cue_before
from pipeline.redaction.detectors.lexicon import words
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import STREET_ADDRESS, ZIP_CODE, Span

_POSTCODE_CUE = TextPattern(
    r"(?:\bzip(?:[ _-]?code)?|\bpost(?:al)?[ _-]?code|\bpostcode|\bplz|\bpin[ -]?code|\bcode postal"
    r"|\bc[óo]digo postal|\bcap|\bcep|\bpostnr|\bpostn(?:umme)?r|\bpostleitzahl|\bkod pocztowy"
    r"|\bcodice postale|\bpostinumero|\bposta kodu|\bpsč|\birányítószám|\bcod poștal"
    r"|\beircode|\bc\.?p\b\.?(?=:? ?$)|\bpin(?=[ :-]{1,3}$)|индекс|郵便番号|〒|邮编"
    r"|우편번호)(?:\b|(?<=[^\x00-\x7f]))"
    r"(?:[^;\n]{0,32}|[^;\n]{0,24}[?.:]?\s{0,2}(?:\w{1,12}: ?)?(?:[a-z']{1,6},? ){0,3})$"
)
# 30318 zip; in the 30318 area
_POSTCODE_AFTER = TextPattern(
    r"^,? (?:is (?:my|the|our|his|her) )?(?:zip|post ?code|postal|area\b)"
)
_NAME = "PostcodeDetector"
_POSTCODE = TextPattern(
    r"(?<![\w.-])(?:\d{5}(?:-\d{4})?|[A-Za-z]{1,2}\d[A-Za-z\d]?\ ?\d[A-Za-z]{2}"
    r"|[A-Za-z]\d[A-Za-z][\ -]?\d[A-Za-z]\d|\d{4}\ ?[A-Z]{2}|\d{3}\ \d{2,3}|\d{2}-\d{3}|\d{6}"
    r"|\d{5}-\d{3}"
    r"|\d{3}-\d{4}|\d{4}|\d(?:\ \d){4})(?![\w-])"
)
# British postcodes, Irish and Canadian ones, which also name a street or a house
_BRITISH = TextPattern(
    # a capital leads, so that the scanner skips to capitals; what must not stand before it follows
    r"[A-Z](?<![\w-].)(?:(?<=[A-PR-UWYZ])(?:[A-HK-Y]?\d[\dA-Z]?|\d[A-HJKPS-UW])"
    r"\ \d[ABD-HJLNP-UW-Z]{2}"
    r"|(?<=[AC-FHKNPRTV-Y])\d[\dW]\ [0-9AC-FHKNPRTV-Y]{4}"
    # Canadian: K1A 0B1
    r"|(?<=[ABCEGHJ-NPRSTVXY])\d[ABCEGHJ-NPRSTV-Z]\ \d[ABCEGHJ-NPRSTV-Z]\d)(?![\w-])"
)


# New Delhi 110005; Mumbai - 400 050: a place of the list and the code behind it
_PLACE_AND_CODE = TextPattern(
    r"(?P<place>[A-Z](?<=,\ .)[\w'’-]{1,20}(?:\ [A-Z][\w'’-]{1,20}){0,2})(?:,?\ |\ ?[-–]\ ?)"
    r"(?:\d{6}|\d{3}\ \d{3}|\d{5})(?![\w-]|[.,]\d)"
)


# "we live in 97214", "do you deliver to 30316?": a code where people are and things go; a sum or a
# count has its noun behind it, or is round
_PLACED = TextPattern(
    r"\b(?:liv(?:e|es|ed|ing)|deliver(?:s|y|ies|ed|ing)?|ship(?:s|ped|ping|ment)?|based|located"
    r"|mov(?:e|ed|ing)|available|services?|coverage|cover|address|resid(?:e|es|ing)|we'?re|we are"
    r"|i'?m|i am|they'?re|he'?s|she'?s|am|are|stores?|shops?|branch(?:es)?|anyone|someone|somewhere"
    r"|currently|weather|rates?|quote|houses?|home|apartment|flat|clinics?|doctors?|here|pick ?up"
    r"|lives|address(?:es)?|customers?|it'?s|is|down|out|over|back|work|school|hub|depot|parcels?)"
    r"(?: (?:it|them|this|that|stuff|things|available|right|still|here|all|anything|also))?"
    r" (?:in|to|near|around|from|for|at|within|outside|of)(?: the)? $"
)
_PLACED_CODE = TextPattern(
    r"(?<![\w.,$€£/-])(?!\d\d000)\d{5}(?:-\d{4})?"
    r"(?=[.,;:!?)]*(?:$|\s*\n|\s(?:and|or|if|but|area|please|pls|right|now|which|is|was|because|so"
    r"|then|on|by|next|last|since|with|for|thanks|too|as|my|the|we|i|do|does|are|you|it)\b)|[.,;!?)])"
    r"(?![.,]\d)"
)
# in Austin 78701; Leipzig (04109); 80331 München; dayton ohio 45402
_FIVE_DIGITS = TextPattern(r"\d(?<![\w.,$€£/-].)\d{4}(?![\w-]|[.,]\d)")
_WIDE: Final = r"[^\x00-\x7f]"
_NAME_BEHIND = TextPattern(r" [A-ZÀ-ÖØ-Þ][\w'’-]{2,20}(?!\w)")
_NEAR: Final = 48
# in small letters, and no other word
_LOWER_STATES: Final = words(
    """alabama alaska arizona arkansas california colorado connecticut delaware florida georgia
    hawaii idaho illinois indiana iowa kansas kentucky louisiana maine maryland massachusetts
    michigan minnesota mississippi missouri montana nebraska nevada hampshire jersey york
    carolina dakota ohio oklahoma oregon pennsylvania tennessee texas utah vermont virginia
    washington wisconsin wyoming"""
) | (
    frozenset(state.lower() for state in STATES)
    - words("in or me hi ok pa ma de al id mo la on as oh co act")
)


class PostcodeDetector(Detector):
    """Codes where a word or their own shape says so: with what stands before them, an address."""

    ENTITIES: ClassVar = (STREET_ADDRESS, ZIP_CODE)

    def __init__(self) -> None:
        super().__init__()
        self._tail = address_tail()

    def parts(self) -> tuple[Part, ...]:
        """Return codes behind a state, behind a place, of British shape, and behind a word."""
        return (
            Part((r"\b[A-Z]{2},? \d{5}\b",), self._behind_state),
            Part(
                (r", [A-Z][^,;.]*(?:[a-z’'-]|[^\x00-\x7f]),? ?[-–]? ?(?:\d{5}|\d{3} \d{3})",),
                self._behind_place,
            ),
            Part(
                (
                    r"\b[A-Z]{1,2}\d[A-Z\d]? \d[A-Z]{2}\b",
                    r"\b[A-Z]\d[\dW] [0-9A-Z]{4}\b",
                    r"\b[A-Z]\d[A-Z] \d[A-Z]\d\b",
                ),
                self._british,
            ),
            Part(
                (
                    (
                        r"\d",
                        r"(?i)\bzip|post(?:al)?[ _-]?code|\bplz|pin[ -]?code|code postal"
                        r"|digo postal"
                        r"|\bcap\b|\bcep\b|postn|postleitzahl|kod pocztowy|codice postale"
                        r"|postinumero|posta kodu|\bps(?:č)|ir(?:á)ny(?:í)t(?:ó)sz(?:á)m"
                        r"|cod po(?:ș)tal|eircode|\bpin[ :-]+\d|\bc\.?p\.?:? \d|индекс|郵便番号"
                        r"|〒|邮编|우편번호",
                    ),
                    (r"\d{5}", r"\barea\b"),
                ),
                self._behind_word,
            ),
            Part(
                (r"(?i)\b(?:in|to|near|around|from|for|at|within|outside|of|the) \d{5}\b",),
                self._placed,
            ),
            Part(
                (
                    rf"(?:[A-Z]|{_WIDE})(?:[A-Za-z'-]|{_WIDE})*(?:[a-z]|{_WIDE}),? \(?\d{{5}}\b",
                    rf"\b(?:{'|'.join(sorted(_LOWER_STATES))}),? \(?\d{{5}}\b",
                    r"\b\d{5} [A-Z]",
                ),
                self._beside_place,
            ),
        )

    def _behind_state(self, text: str, _context: Context) -> list[Span]:
        return [
            Span(self._tail.back(text, match.start()), match.end(), STREET_ADDRESS, 0.6, _NAME)
            for match in STATE_AND_ZIP.finditer(text)
            if match[0][:2] in STATES
        ]

    def _behind_place(self, text: str, _context: Context) -> list[Span]:
        return [
            Span(self._tail.back(text, match.start()), match.end(), STREET_ADDRESS, 0.55, _NAME)
            for match in _PLACE_AND_CODE.finditer(text)
            if self._tail.is_place(match["place"]) or self._ends_in_parts(text, match)
        ]

    def _ends_in_parts(self, text: str, match: re.Match[str]) -> bool:
        """Whether a number, and parts between commas, lead to a place that is on no list.

        Codes of six digits only: five are also the number of an order.
        """
        start = match.start()
        if sum(map(str.isdigit, match[0])) != 6 or text.count(",", 0, start) < 3:
            return False
        before = text[self._tail.back(text, start) : start]
        return before.count(",") > 2 and any(map(str.isdigit, before))

    def _british(self, text: str, _context: Context) -> list[Span]:
        spans = []
        for match in _BRITISH.finditer(text):
            start = self._tail.back(text, match.start())
            whole = "," in text[start : match.start()] or "\n" in text[start : match.start()]
            entity = STREET_ADDRESS if whole else ZIP_CODE
            spans.append(Span(start if whole else match.start(), match.end(), entity, 0.6, _NAME))
        return spans

    def _placed(self, text: str, _context: Context) -> list[Span]:
        return [
            Span(*match.span(), ZIP_CODE, 0.55, _NAME)
            for match in _PLACED_CODE.finditer(text)
            if cue_before(_PLACED, text, match.start())
        ]

    def _beside_place(self, text: str, _context: Context) -> list[Span]:
        return [
            Span(*match.span(), ZIP_CODE, 0.5, _NAME)
            for match in _FIVE_DIGITS.finditer(text)
            if self._stands_by_place(text, *match.span())
        ]

    def _stands_by_place(self, text: str, start: int, end: int) -> bool:
        """Whether a place, or a state in small letters, is the word before or the one behind."""
        names = text[max(0, start - _NEAR) : start].removesuffix("(").rstrip(" ,").split()[-3:]
        last = names[-1] if names else ""
        if last in _LOWER_STATES:
            return True
        # places of the list have capitals
        if (last[:1].isupper() or "-" in last or "'" in last) and any(
            self._tail.is_place(" ".join(names[at:])) for at in range(len(names))
        ):
            return True
        if not text[end + 1 : end + 2].isupper():
            return False
        behind = _NAME_BEHIND.match(text, end)
        return behind is not None and self._tail.is_place(behind[0][1:])

    def _behind_word(self, text: str, context: Context) -> list[Span]:
        return [
            Span(*match.span(), ZIP_CODE, 0.7, _NAME)
            for match in _POSTCODE.finditer(text)
            if context.hint == ZIP_CODE
            or cue_before(_POSTCODE_CUE, text, match.start())
            or cue_after(_POSTCODE_AFTER, text, match.end())
        ]

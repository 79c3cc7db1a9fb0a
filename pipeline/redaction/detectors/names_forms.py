"""Names known by the form around them: signed at the end, with a nickname inside, in a list.

What a word is elsewhere says little there: below "Thanks," stands a name, be it Al or Dot.
"""

from __future__ import annotations

from typing import ClassVar, Final

from pipeline.redaction.detectors.base import CODE, DATA, Context, Detector, Part
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.name_cues import NO_SPEAKERS, ORGANISATION_WORDS
from pipeline.redaction.detectors.names_headers import FUNCTIONS
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.detectors.word_classes import TITLES
from pipeline.redaction.spans import PERSON, Span

_NAME = "NamesByFormDetector"
_CAPITAL: Final = r"[A-ZÀ-ÖØ-ÞŁŚŽČŠ]"
_ONE: Final = rf"(?:{_CAPITAL}\.|{_CAPITAL}[^\W\d_]*(?:['’-][^\W\d_]+)*)"
_FULL: Final = rf"{_ONE}(?: {_ONE}){{0,2}}"
_LETTER: Final = r"(?:[A-Za-z.'-]|[^\x00-\x7f])"
"""A letter as the gate knows it."""
_CLOSINGS: Final = (
    r"thanks|thank you|thx|tnx|ty|cheers|regards|rgds|best|wishes|sincerely|truly|faithfully|love"
    r"|yours|warmly|cordially|advance|ta|xx?|gruß|grüße|grüßen|saludos|cordialement|saluti|groet"
    r"|groetjes|abraços|hälsningar|mvh|pozdrawiam"
)
# Thanks!\nAl; kind regards,\n\nDot; thx\nshaz
_SIGNED = TextPattern(
    rf"(?i:\b(?:{_CLOSINGS}))[ ,.!:)]{{0,3}}\n{{1,2}}[ \t]{{0,4}}[-–—~/]?[ ]?"
    rf"(?P<name>{_FULL}|[^\W\d_]{{2,12}})[ .]?(?=\n|$)"
)
# "… after 5. -shaz"; "… 9, Umeå. /Ingrid Sjöholm": at the very end
_DASHED = TextPattern(
    rf"(?<=[\w.!?)])\s{{1,2}}[-–—~/]-?[ ]?(?P<name>{_FULL}|(?<![ ])[^\W\d_]{{3,12}})\s*$"
)
# Ayotunde "Tunde" Bankole; Robert (Bob) Ames
_END: Final = 64
_NICKNAMED = TextPattern(
    rf"(?<!\w)(?P<first>{_CAPITAL}[^\W\d_]{{1,20}})"
    rf" (?:[\"“'‘]{_CAPITAL}[\w .-]{{1,16}}[\"”'’]|\({_CAPITAL}[^\W\d_]{{1,12}}\))"
    rf" (?P<last>{_CAPITAL}[^\W\d_]{{1,20}}(?:-{_CAPITAL}[^\W\d_]+)?)(?!\w)"
)
_LABELS: Final = (
    r"cc|bcc|attendees|attending|present|apologies|participants|invitees|passengers|panel|roster"
    r"|guests|absent|in attendance|copied|team ?\w?|on call|volunteers|players|signatories|tenants"
    r"|witnesses|speakers|crew"
)
# cc: Yolanda Reyes, Kwame Asante, Liv
_LISTED = TextPattern(
    rf"(?im:^|(?<=[.;] ))(?i:{_LABELS}): {{0,3}}"
    rf"(?P<list>{_FULL}(?:(?:,? (?:and|&) |, ?){_FULL}){{1,30}})"
)
_LISTED_ONE = TextPattern(rf"{_FULL}")
_SLASHED = TextPattern(r"(?<![\w/])(?P<one>[A-Z][a-z]+)/(?P<other>[A-Z][a-z]+)(?![\w/])")
_KEYED = TextPattern(
    r"(?i:\"(?:first|last|given|family|sur|full|middle)(?P<sure>[_ -]?name)?\" ?: ?\")"
    rf"(?P<name>{_FULL})\""
)
_NO_NAMES: Final = (
    FUNCTIONS
    | ORGANISATION_WORDS
    | NO_SPEAKERS
    | words("all none everyone you again much lot everybody xx xxx ok bye ps sent finance legal")
)


class NamesByFormDetector(Detector):
    """Names below a closing, behind a dash at the end, around a nickname, in a labelled list."""

    ENTITIES: ClassVar = (PERSON,)

    def __init__(self, *, name_list: bool = True) -> None:
        super().__init__()
        self._lexicon = lexicon(name_list=name_list)

    def parts(self) -> tuple[Part, ...]:
        """Return each form by itself."""
        return (
            Part((rf"(?i)\b(?:{_CLOSINGS})[ ,.!:)]*\n\s*[-–—~/]? ?{_LETTER}",), self._signed),
            # at the end, which the gate does not know: so the search looks at nothing else
            Part((r"\s[-–—~/]-? ?[A-Z]|[.!?)] [-~/][a-z]",), self._dashed),
            Part((r"[a-z] [\"“'‘(][A-Z][a-z]+[\"”'’)] [A-Z]",), self._nicknamed),
            Part((rf"(?im)(?:^|[.;] )(?:{_LABELS}): ",), self._listed),
            Part(
                (
                    r"(?i)\"(?:first|last|given|family|sur|full|middle)(?:[_ -]?name)?"
                    r"\" ?: ?\"[A-Z]",
                ),
                self._keyed,
            ),
            Part((r"\b[A-Z][a-z]+/[A-Z][a-z]+\b",), self._slashed),
        )

    def _signed(self, text: str, context: Context) -> list[Span]:
        if context.register in (CODE, DATA):
            return []
        return [
            _span(match.start("name"), match["name"], 0.6)
            for match in _SIGNED.finditer(text)
            if self._may_sign(match["name"])
        ]

    def _dashed(self, text: str, context: Context) -> list[Span]:
        match = _DASHED.search(text, max(0, len(text) - _END))
        if match is None or context.register in (CODE, DATA):
            return []
        name = match["name"]
        if not self._may_sign(name) or self._is_ordinary(name.split()[0].lower()):
            return []
        return [_span(match.start("name"), name, 0.55)]

    def _nicknamed(self, text: str, _context: Context) -> list[Span]:
        return [
            Span(*match.span(), PERSON, 0.7, _NAME)
            for match in _NICKNAMED.finditer(text)
            if not any(map(self._is_thing, (match["first"].lower(), match["last"].lower())))
        ]

    def _listed(self, text: str, _context: Context) -> list[Span]:
        spans: list[Span] = []
        for match in _LISTED.finditer(text):
            found = list(_LISTED_ONE.finditer(text, *match.span("list")))
            sure = [one for one in found if not self._is_ordinary(one[0].split()[0].lower())]
            if 2 * len(sure) >= len(found):
                spans += [
                    _span(one.start(), one[0], 0.6)
                    for one in found
                    if self._may_sign(one[0])
                    and one[0].lower() not in TITLES
                    and (one in sure or self._may_be_given(one[0].split()[0].lower()))
                ]
        return spans

    def _keyed(self, text: str, _context: Context) -> list[Span]:
        """Return the values of keys for parts of names in JSON: `"last":"Brandauer"`."""
        return [
            Span(*match.span("name"), PERSON, 0.6, _NAME)
            for match in _KEYED.finditer(text)
            if match["sure"] or not self._is_ordinary(match["name"].split()[0].lower())
        ]

    def _slashed(self, text: str, _context: Context) -> list[Span]:
        """Return two given names with a slash between them: "Yvonne/Carl own the budget"."""
        return [
            Span(*match.span(group), PERSON, 0.55, _NAME)
            for match in _SLASHED.finditer(text)
            if self._is_given(match["one"]) and self._is_given(match["other"])
            for group in ("one", "other")
        ]

    def _is_given(self, name: str) -> bool:
        lower = name.lower()
        return lower in self._lexicon.given_names and not self._is_ordinary(lower)

    def _may_sign(self, name: str) -> bool:
        """Whether no word is that of a group; a word of the language alone may be a name."""
        parts = name.lower().rstrip(".").split()
        if not _NO_NAMES.isdisjoint(parts):
            return False
        if len(parts) == 1:
            lower = name[0].islower()
            return not (lower and self._is_ordinary(parts[0])) and len(parts[0]) < 16
        return not all(map(self._is_ordinary, parts))

    def _may_be_given(self, word: str) -> bool:
        return word in self._lexicon.given_names

    def _is_ordinary(self, word: str) -> bool:
        word = word.rstrip(".")
        known = self._lexicon
        return known.is_ordinary(word) or word in known.proper or word in known.foreign

    def _is_thing(self, word: str) -> bool:
        return self._is_ordinary(word) and word not in self._lexicon.given_names


def _span(start: int, name: str, score: float) -> Span:
    """Return the span of a name without the titles in front of it."""
    end = start + len(name)
    head, _, rest = name.partition(" ")
    while rest and head.rstrip(".").lower() in TITLES:
        start = end - len(rest)
        head, _, rest = rest.partition(" ")
    return Span(start, end, PERSON, score, _NAME)

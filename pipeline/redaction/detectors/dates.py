"""Dates of birth; every date under a strict policy."""

from __future__ import annotations

import re
from itertools import product
from typing import ClassVar

from pipeline.redaction.detectors.base import Context, Detector, Part
from pipeline.redaction.detectors.cues import cue_after
from pipeline.redaction.detectors.patterns import CaselessPattern, TextPattern
from pipeline.redaction.spans import DATE_OF_BIRTH, DATE_TIME, Span, span_of

_MONTH = (
    r"(?:jan(?:uary|uar|vier)?|feb(?:ruary|ruar)?|f[ée]v(?:rier)?|mar(?:ch|s|zo)?|m[äa]rz"
    r"|apr(?:il|ile)?|avril|abril|ma[iy]o?|june?|juni?|juin|junio|july?|juli?|juillet|julio"
    r"|aug(?:ust)?|ao[uû]t|agosto|sept?(?:ember|embre)?|septiembre|o[ck]t(?:ober|obre)?"
    r"|nov(?:ember|embre)?|noviembre|de[cz](?:ember)?|d[ée]cembre|diciembre"
    r"|enero|febrero|septembre|gennaio|febbraio|maggio|giugno|luglio|settembre|ottobre|dicembre"
    r"|janeiro|fevereiro|março|maio|junho|julho|setembro|outubro|novembro|dezembro"
    r"|januari|februari|maart|mei|augustus|marts|maj|augusti|desember|stycznia|lutego|marca|kwietnia"
    r"|maja|czerwca|lipca|sierpnia|września|października|listopada|grudnia|ledna|února|března|dubna"
    r"|května|června|července|srpna|září|října|listopadu|prosince|ocak|şubat|mart|nisan|mayıs"
    r"|haziran|temmuz|ağustos|eylül|ekim|kasım|aralık|ianuarie|februarie|martie|aprilie|iunie|iulie"
    r"|septembrie|octombrie|noiembrie|decembrie|(?:tammi|helmi|maalis|huhti|touko|kesä|heinä|elo"
    r"|syys|loka|marras|joulu)kuuta|január|február|március|április|május|június|július|augusztus"
    r"|szeptember|október)\.?"
)
_DAY = r"(?:0?[1-9]|[12]\d|3[01])"
_YEAR = r"(?:19|20)\d\d"
_TENS = r"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
_ONES = r"(?:one|two|three|four|five|six|seven|eight|nine)"
_TEENS = r"(?:ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen)"
_UNDER_HUNDRED = rf"(?:{_TENS}(?:[\ -]{_ONES})?|{_TEENS}|(?:oh?[\ -])?{_ONES})"
# nineteen eighty two; two thousand and four; twenty oh five
_SAID_YEAR = (
    rf"(?:nineteen[\ -](?:hundred[\ -](?:and[\ -])?)?{_UNDER_HUNDRED}"
    rf"|two[\ -]thousand(?:[\ -](?:and[\ -])?{_UNDER_HUNDRED})?|twenty[\ -]{_UNDER_HUNDRED})"
)
_SAID_DAY = (
    r"(?:(?:twenty|thirty)[\ -])?(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth)"
    r"|tenth|eleventh|twelfth|thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth"
    r"|nineteenth|twentieth|thirtieth"
)
# "july fourth, fifty one": the century left out
_SAID_SHORT = rf"{_TENS}(?:[\ -]{_ONES})?"
_DATE = CaselessPattern(
    rf"""(?<![\w.:/-])(?:
      {_YEAR}(?P<s1>[-/.])(?:0?[1-9]|1[0-2])(?P=s1){_DAY}(?![\d/-])
    | {_DAY}(?P<s2>[-/.\s]){_DAY}(?P=s2)(?:{_YEAR}|\d\d)(?![\w/-]|\.\d)
    | {_DAY}(?:st|nd|rd|th|er|\.)?(?:\ of)?[\ -]{_MONTH}
      (?:,?[\ -](?:de\ )?(?:{_YEAR}|'?\d\d(?!\d|:)))?(?!\w)
    | {_DAY}\ de\ {_MONTH}(?:\ de\ {_YEAR}|\ del\ (?:{_YEAR}|\d\d))?(?!\w)
    | {_MONTH}[\ -](?:the\ )?{_DAY}(?:st|nd|rd|th)?
      (?:,?[\ -](?:of\ )?{_YEAR}|,?\ '\d\d|,?\ {_SAID_YEAR})?(?!\w)
    | {_MONTH},?\ (?:of\ )?{_YEAR}(?!\w)
    | (?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?!\w)
    | {_YEAR}[.,]?\ {_MONTH}\ {_DAY}(?!\w)
    | (?:the\ )?(?:{_SAID_DAY})\ of\ the\ (?:{_SAID_DAY}),?
      \ (?:{_SAID_YEAR}|{_YEAR}|{_SAID_SHORT})(?!\w)
    | (?:the\ )?(?:{_SAID_DAY}|{_DAY}(?:st|nd|rd|th))\ (?:day\ )?(?:of\ )?{_MONTH}
      (?:,?\ (?:{_SAID_YEAR}|{_YEAR}|'\d\d|{_SAID_SHORT}))?(?!\w)
    | {_MONTH},?\ (?:the\ )?(?:{_SAID_DAY}|{_UNDER_HUNDRED}),?\ (?:of\ )?
      (?:{_SAID_YEAR}|{_YEAR}|{_SAID_SHORT})(?!\w)
    )""",
    re.VERBOSE,
)
_BEGINNING = TextPattern(r"\w(?<![\w.:/-].)")


def _openings(pattern: str) -> frozenset[str]:
    """Return how the words of a pattern begin: three letters, or fewer where a word has no more.

    Cut out of the pattern, so that they cannot differ. Endings among them make it a little wider.
    """
    found: set[str] = set()
    for piece in re.split(r"[|()? ]+|\\.", pattern):
        choices = [re.findall(r"[^\W\d_]", part) for part in re.findall(r"\[[^]]*\]|\w", piece)]
        found.update("".join(letters) for letters in product(*choices[:3]) if letters)
    return frozenset(found)


_WORD_OPENINGS = _openings(f"the|{_MONTH}|{_SAID_DAY}")
_NUMBER_OPENS = r"\d(?:\d?(?:[-/.\s]|st|nd|rd|th|er)|\d{3}[-/.\s]|\d{7})"
_NUMBER_OPENING = TextPattern(_NUMBER_OPENS)


def _by_letter(openings: frozenset[str]) -> str:
    """Return a pattern of `openings`: one alternative a letter, which is quick to pass over."""
    rests: dict[str, list[str]] = {}
    for opening in sorted(openings):
        # no date is one letter
        if len(opening) > 1 and opening.isascii():
            rests.setdefault(opening[0], []).append(opening[1:])
    return "|".join(f"{letter}(?:{'|'.join(some)})" for letter, some in rests.items())


# all of that in one pattern, for an ASCII text in small letters
_OPENING_ASCII = re.compile(
    rf"\b(?<![.:/-])(?:{_by_letter(_WORD_OPENINGS)}|{_NUMBER_OPENS})", re.ASCII
)
# a birth cue that `_COMPACT` begins with holds one of these
_COMPACT_TRIGGER = r"(?i)born|dob|d\.o\.b|d/o/b|bday|b-day|birth|\bgeb"
_BIRTH = TextPattern(
    # the letters that lead: without one of them no alternative is tried
    r"(?=[abcdfgnstuр(])(?:"
    r"\bborn\b|birth|\bdob\b|\bd\.o\.b|\bbday\b|b-day|\bgeb(?:oren|\.)|geburt|\bn[ée]e? le\b"
    r"|naissance"
    r"|naci(?:d[oa]|ó|miento)|\bnat[oa] il\b|nascita|nascimento|geboorte"
    r"|\bföd(?:d|elsedag|elsedatum)|\bfød(?:t|sels)|\burodz|\bnaroz|doğum|doğdu|\bsynty[nm]|\bszület"
    r"|рожд|родил|\bnăscut|\bnașter|\bcumple|\bfechas? de nac|\bné\(e\)|d/o/b|\bnat[oa] a\b"
    r"|\(\*\s?$"
    # typed in a hurry, shortened, or told by the age
    r"|\bdate of b|\bnasc(?:\.|id[oa]|eu\b)|\bf\. ?nac\b|\bur\. ?$|\bb\. ?$|\bné(?:e|\(e\))? à\b"
    r"|\b(?:turn(?:ed|s|ing)|age[d:]?) \d{1,3}\b[^.;?]{0,16}\(?$)"
)
_BIRTH_AFTER = TextPattern(
    r"^[\s,)(\"'*-]{0,4}(?:is|was|\(|as|being)?\s?(?:my|his|her|their|the)?\s?(?:actual )?"
    r"(?:birth|bday|dob|d\.o\.b|date of birth|geboren\b)|^,? ?\(?(?:fe)?male\b"
)
# right behind the cue: 04121985, 030482; "four twelve eighty five"
_COMPACT = CaselessPattern(
    # the letters that lead: without one of them no alternative is tried
    rf"""\b(?=[bdg])(?:(?:born|dob|d\.o\.b\.?|d/o/b|bday|b-day|birthday|birth\ ?date
    |date\ of\ birth|geb\.|geboren))[\w\s]{{0,12}}?(?:\?\s{{1,2}}(?:\w{{1,12}}:\ ?)?)?
    [\s:=#,-]{{0,4}}
    (?:(?:is|it'?s|sure|yes|uh|um),?\ ){{0,3}}(?P<date>
      (?:(?:0[1-9]|[12]\d|3[01])(?:0[1-9]|1[0-2])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))
      (?:(?:19|20)?\d\d)
    | \d{{1,2}}(?:[-/.]\d{{1,2}}[-/.]|\ ?[a-z]{{3}}\ ?)(?:19|20)?\d\d
    | \d{{1,2}}/\d{{1,2}}(?!/)
    | {_UNDER_HUNDRED},?\ {_MONTH},?\ (?:{_SAID_YEAR}|{_SAID_SHORT})
    | {_UNDER_HUNDRED},?\ {_UNDER_HUNDRED},?\ (?:{_SAID_YEAR}|{_TENS}(?:[\ -]{_ONES})?)
    )(?![\w-]|[.,]\d)""",
    re.VERBOSE,
)
_LISTED = TextPattern(r"[\s,;&/]{0,4}(?:and|or|und|et|y)?\s?")
_NOT_BIRTH = TextPattern(
    r"\b(?:today|expir\w*|issued|depart\w*|arriv\w*|flight|book\w*|check-?in|appointment|deadline"
    r"|created|updated|order\w*|deliver\w*|meeting|since|until|joined|visit\w*|review\w*|follow-?up|due|renew\w*|admitted|seen)\b[^.;!?]*$"
)


class DateOfBirthDetector(Detector):
    """Dates that words call a birth date; with `strict`, any other date as `DATE_TIME`."""

    ENTITIES: ClassVar = (DATE_OF_BIRTH, DATE_TIME)

    def parts(self) -> tuple[Part, ...]:
        """Return dates as they are written, and those that stand close behind a cue."""
        return (
            Part(
                (
                    (
                        r"\d",
                        r"(?i)\bborn\b|birth|\bdob\b|\bd\.o\.b|\bbday\b|b-day|\bgeb(?:oren|\.)|geburt"
                        r"|née? le\b|nee? le\b"
                        r"|naissance|naci(?:d[oa]|ó|miento)|\bnat[oa] il\b|nascita|nascimento"
                        r"|geboorte|föd(?:d|elsedag)|fød(?:t|sels)|\burodz|\bnaroz|doğum|doğdu"
                        r"|\bsynty[nm]|\bszület|рожд|родил|\bnăscut|\bnașter|\bcumple"
                        r"|fechas? de nac|\bné\(e\)"
                        r"|d/o/b|\bnat[oa] a\b|\(\*|date of b|\bnasc[.ie]|\bf\. ?nac|\bur\. |\bb\. "
                        r"|née? à|nee? à|\bturn(?:ed|s|ing) |\bage[d:]? |\b(?:fe)?male\b",
                    ),
                    # a day and a year in words
                    (r"(?i)first|second|third|th\b|nineteen|thousand|ty\b", _COMPACT_TRIGGER),
                ),
                self._written,
            ),
            Part(
                (
                    (r"\d{6}|\d[-/.]\d{1,2}[-/.]\d|\d ?[A-Za-z]{3} ?\d\d|\d/\d", _COMPACT_TRIGGER),
                    (rf"(?i)\b(?:{_TENS}|{_TEENS}|{_ONES})\b", _COMPACT_TRIGGER),
                ),
                self._compact,
            ),
        )

    def _written(self, text: str, context: Context) -> list[Span]:
        """Return spans of score .85; a cue reaches 64 characters ahead, or a list after it."""
        spans: list[Span] = []
        after_birth = len(text)
        for start, end in _dates(text):
            birth = bool(
                context.hint == DATE_OF_BIRTH
                or _cued(text, start)
                or cue_after(_BIRTH_AFTER, text, end)
                # "born on 1 May 1990 and 3 June 1992": a list of them
                or _LISTED.fullmatch(text, after_birth, start)
            )
            if birth:
                after_birth = end
                spans.append(span_of(start, end, DATE_OF_BIRTH, 0.85, "DateOfBirthDetector"))
            elif context.strict:
                spans.append(span_of(start, end, DATE_TIME, 0.6, "DateOfBirthDetector"))
        return spans

    def _compact(self, text: str, _context: Context) -> list[Span]:
        return [
            span_of(*match.span("date"), DATE_OF_BIRTH, 0.8, "DateOfBirthDetector")
            for match in _COMPACT.finditer(text)
        ]


def _dates(text: str) -> list[tuple[int, int]]:
    """Return the dates of `text` from left to right, looking only where a word or number begins."""
    date, reading = _DATE.reading(text)
    found: list[tuple[int, int]] = []
    reached = 0
    for at in _openings_in(reading):
        match = date.match(reading, at) if at >= reached else None
        if match:
            reached = match.end()
            found.append((at, reached))
    return found


def _openings_in(text: str) -> list[int]:
    """Return where a date may begin: the pattern is long, and most words do not begin like one."""
    if text.isascii():
        return [match.start() for match in _OPENING_ASCII.finditer(text)]
    found: list[int] = []
    for match in _BEGINNING.finditer(text):
        at = match.start()
        if text[at].isdigit():
            may_open = _NUMBER_OPENING.match(text, at) is not None
        else:
            opening = text[at : at + 3].lower()
            may_open = opening in _WORD_OPENINGS or opening[:2] in _WORD_OPENINGS
        if may_open:
            found.append(at)
    return found


def _cued(text: str, start: int) -> bool:
    before = text[max(0, start - 64) : start].lower()
    # the usual cues first: all of them together cost ten times as much
    common = max(before.rfind("birth"), before.rfind(" born "))
    if common >= 0 and _NOT_BIRTH.search(before, common + 5) is None:
        return True
    cue = None
    for cue in _BIRTH.finditer(before):  # noqa: B007 - the last one counts
        pass
    return cue is not None and _NOT_BIRTH.search(before, cue.end()) is None

"""Names of people written without capitals: in chats, in quick notes, behind words that say so.

Only words that are no ordinary English words can be names here. Behind a strong cue ("my name is")
any such word is one. Elsewhere a text without such words, the usual case, costs one pass; in the
others the words in front decide, or the list of names, so that a slip of the keyboard is not one.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from pipeline.redaction.automata import Scanner
from pipeline.redaction.detectors.base import CODE, DATA, PLAIN_CONTEXT, Context, Detector, Part
from pipeline.redaction.detectors.cues import cue_near
from pipeline.redaction.detectors.lexicon import lexicon, words
from pipeline.redaction.detectors.name_cues import (
    LOWER_BREAKS,
    LOWER_CUES,
    LOWER_LEADS,
    NO_SPEAKERS,
    PLACING,
    REPORTING,
    ROLES,
)
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.detectors.word_classes import TITLES, WordClasses
from pipeline.redaction.spans import PERSON, Span

_LOWER: Final = r"[^\W\d_A-Z][^\W\d_A-Z]*(?:['’-][^\W\d_]+)*"
_CUES: Final = (
    r"(?:\b(?:my|his|her|their|the|full|first|last|legal|customer|passenger|wifes|wife's|husbands"
    r"|sons|daughters|moms|dads) (?:full |first |last |new )?name(?:'?s| is| was|:)?"
    r"|\bname(?: is|'s|:)|\b(?:mr|mrs|ms|miss|dr|prof)\.?|\bnamed"
    r"|\bme llamo|\bmi nombre es|\bje m'appelle|\bich hei(?:ß|ss)e|\bmi chiamo|\bmein name ist"
    r"|\bmeu nome [ée]|\bik heet|\bjag heter|\bme chamo|\bnaitwa|\bjeg hedder"
    r"|\bmam na imi[ęe]) +"
)
# Each cue begins with a word: asked for once, and not in each alternative. The letters that lead:
# without one of them no alternative is tried.
_INTRODUCTION = TextPattern(rf"\b(?i:(?=[cdfhijlmnpstw]){_CUES})(?=[^\W\d_A-Z])")
# SMITH/JANE MRS, as airlines write; "PATIENT: DOE, JANE"
_SLASHED = TextPattern(r"\b[A-Z]{2,20}/[A-Z]{2,20}(?= ?(?:MR|MRS|MS|MISS|MSTR|DR|CHD|INF)\b)")
_INVERTED = TextPattern(
    r"(?i:\b(?:name|patient|pt|passenger|pax|guest|customer|client|insured|member|employee|attn"
    r"|student|tenant|deceased|witness)[:#]? {1,2})"
    r"(?P<last>[A-ZÀ-Þ][A-ZÀ-Þ'-]{1,20}(?: [A-ZÀ-Þ][A-ZÀ-Þ'-]{1,20}){0,2}), "
    r"(?P<first>[A-ZÀ-Þ][A-ZÀ-Þ'-]{1,20}(?: [A-Z]\b\.?)?)"
    r"(?![\w'-])"
)
# "last name k o w a l s k i", "it is spelled S-M-I-T-H"
_SPELLED = TextPattern(
    r"(?i)(?<![\w'’.-])[a-z](?P<by>[ -])[a-z](?:(?P=by)[a-z]){2,14}(?![\w'’]|-\w)"
)
_SPELLED_CUE = TextPattern(r"\b(?:sur|last|first|full|middle )?names?\b|\bspel(?:l|t)")
# [09:14] kasia: …; <theo> …; a line's speaker
_SPEAKER = TextPattern(
    r"(?m)^(?:\[[\d:. apmAPM-]{3,20}\] ?|\d{1,2}:\d\d(?::\d\d)? )?"
    r"<?([a-z][a-z_]{1,20})(?:>|:(?= \S))"
)
_WORDS = TextPattern(r"[^\W\d_]+(?:['’-][^\W\d_]+)*")
_ONE = TextPattern(_LOWER)
_ENDS: Final = ".,!?;:)\n"
_PARTICLES: Final = words("van von der de del della di da dos la le el al bin ibn ben ter")
_THINGS: Final = words("the a an new old latest on along off")
_CLAUSES: Final = words("that and so because when if but then since after before")
# "booked under fitzwilliam", "maybe under amara"
_BOOKED: Final = words(
    "reservation booking booked it's its name maybe account order registered be is listed file"
)
_SURE_TITLES: Final = frozenset(["mr", "mrs", "Mr", "Mrs"])
_NO_SURNAMES: Final = LOWER_BREAKS | REPORTING
_KNOWN_LIMIT: Final = 100_000
_LONGEST_PIECE: Final = 24


class _LowerCaseReader:
    """What is known of words in lower case, and how far a name of them reaches."""

    def __init__(self, *, name_list: bool) -> None:
        self._lexicon = lexicon(name_list=name_list)
        self.classes = WordClasses(self._lexicon)
        self._listed = self._lexicon.ordinary | self._lexicon.foreign | self._lexicon.proper
        self.known: set[str] = set(self._listed)
        self._harmless: set[str] = set(self._listed)

    def holds_name(self, text: str) -> bool:
        """Whether a word of `text` in lower case may be a name: it stands free and is unknown.

        It also has to be on the list, or to stand in a text with a cue or of a chat.

        Words, and what they touch, never reach across blanks, so what stands between two blanks is
        judged once and remembered; all but one or two of a text's pieces were met before.
        """
        harmless = self._harmless
        pieces = [piece for piece in text.split() if piece not in harmless]
        if not pieces:
            return False
        chat = (":" in text or ">" in text) and _SPEAKER.search(text) is not None
        cued: bool | None = None
        for piece in pieces:
            if piece == piece.upper() or (piece.isalpha() and not piece[0].islower()):
                # no small letter, or one word with a capital
                continue
            unknown = False
            # what stands before these signs may be the speaker of a chat, whatever it touches
            speaker = ":" in piece or ">" in piece
            for match in _WORDS.finditer(piece):
                word = match[0]
                if (
                    word not in self.known
                    and word[0].islower()
                    and (speaker or _stands_free(piece, match))
                    and not self.is_known(word)
                ):
                    if chat or self.classes.is_name(_stem(word)):
                        return True
                    if cued is None:
                        cued = _HOLDS_LEAD.matches(text)
                    if cued:
                        return True
                    unknown = True
            if not unknown and len(piece) <= _LONGEST_PIECE:
                if len(harmless) >= _KNOWN_LIMIT:
                    harmless.intersection_update(self._listed)
                harmless.add(piece)
        return False

    def is_known(self, word: str) -> bool:
        """Whether `word` is ordinary, foreign or a proper noun; remembers those that are."""
        lower = word.lower()
        stem = lower.partition("'")[0] if "'" in lower[-3:] else lower
        lexicon = self._lexicon
        found = stem in lexicon.foreign or stem in lexicon.proper or self.classes.is_ordinary(stem)
        found = found or stem in TITLES
        if found:
            if len(self.known) >= _KNOWN_LIMIT:
                self.known.intersection_update(self._listed)
            self.known.add(word)
        return found

    def name_from(self, text: str, start: int, *, introduced: bool) -> int:
        """Return the end of the name of up to three words that begins at `start`, or 0."""
        end = 0
        at = start
        for count in range(3):
            match = _ONE.match(text, at)
            if not match or text[match.end() : match.end() + 1] in ("@", "_", "/", "="):
                break
            word = match[0]
            stem = word[:-2] if word.endswith(("'s", "’s")) else word
            if count and stem in _PARTICLES:
                at = match.end() + 1
                continue
            # behind "my name is" an ordinary word is a name if it may be one: "rose day"
            may = introduced and self.classes.may_be_name(stem)
            # "rebecca torres": no plural of an ordinary word
            may = may or (count > 0 and self.classes.is_name(stem))
            if stem in LOWER_BREAKS or (not may and self.is_known(stem)):
                break
            end = match.start() + len(stem)
            if stem != word or text[match.end() : match.end() + 1] != " ":
                break
            at = match.end() + 1
        return end


def _bounded(word: str) -> str:
    """Return a word as a pattern; a boundary is known only beside an ASCII letter."""
    return (r"\b" if word[0].isascii() else "") + word + (r"\b" if word[-1].isascii() else "")


_MAY_LEAD: Final = LOWER_CUES | ROLES | {"is", "under", "to", "with", "let", "for", "and"}
_SCANNED: Final = LOWER_CUES | {"is", "under", "let", "my", "to", "and", "for"}
# of a text, whether one of these may stand in it; far cheaper than its words
_HOLDS_LEAD: Final = Scanner(
    ["(?i)" + "|".join(sorted(_bounded(word) for word in _SCANNED))], [((0,), 0)]
)


def _stem(word: str) -> str:
    return word.partition("'")[0]


def _stands_free(text: str, match: re.Match[str]) -> bool:
    """Whether a word is no part of an address, a path, an identifier or a key, and not short."""
    start, end = match.span()
    if end - start < 3 or (start and text[start - 1] in "@#/.&=~-_+\\$%'’0123456789"):
        return False
    follows = text[end : end + 1]
    if follows == ".":
        return not text[end + 1 : end + 2].isalnum()
    return follows not in ("@", "/", "_", "=", "(", "\\")


def _opens(text: str, start: int) -> bool:
    """Whether a text, a line or a sentence begins at `start`."""
    return start == 0 or text[start - 1] == "\n" or text[max(0, start - 2) : start] in _STOPS


_STOPS: Final = frozenset([". ", "! ", "? ", ", ", "; ", ": "])


# What people say of one another; the word behind is somebody, on a list or not.
_OWNING: Final = words(
    """my his her our their your mein meine meinen meinem unser mi su mon ma mio mia meu minha mijn
    min"""
)
_SPOKEN: Final = words(
    """spoke talked speaking talking speak talk chatted spoken gave give given sent married engaged
    belongs lent introduced listened complained apologised reported"""
)
_KEPT: Final = words("booking reservation ticket seat appointment table room parcel package")
_LET: Final = words("please pls can could someone somebody u you to just and i we they")


def _leads(previous: str, second: str) -> bool:
    """Whether two words in front lead to somebody: "my manager", "spoke to", "me and"."""
    if previous == "under":
        return second in _BOOKED
    if previous in ROLES:
        return second in _OWNING
    if previous in ("to", "with"):
        return second in _SPOKEN
    if previous == "for":
        return second in _KEPT
    if previous == "let":
        return second in _LET
    return previous == "and" and second == "me"


class IntroducedPersonDetector(Detector):
    """Names in lower case behind words that introduce one: "my name is", "mrs"."""

    ENTITIES: ClassVar = (PERSON,)

    def __init__(self, *, name_list: bool = True) -> None:
        super().__init__()
        self._reader = _LowerCaseReader(name_list=name_list)

    def parts(self) -> tuple[Part, ...]:
        """Return introduced names, and those that airlines, forms and spellers write."""
        return (
            Part((rf"(?i:{_CUES})(?:[a-z]|[^\x00-\x7f])",), self._introduced),
            Part((r"[A-Z]/[A-Z]{2,20} ?(?:M|DR|CHD|INF)",), self._slashed),
            Part((r"[A-Z'-], [A-Z][A-Z'-]",), self._inverted),
            Part(((r"(?i)\b[a-z][ -][a-z][ -][a-z]\b", r"(?i)name|spel"),), self._spelled),
        )

    def _introduced(self, text: str, _context: Context) -> list[Span]:
        spans = []
        for match in _INTRODUCTION.finditer(text):
            if text[match.end() : match.end() + 1].isupper():
                continue
            end = self._reader.name_from(text, match.end(), introduced=True)
            if not end and match[0].strip(" .") in _SURE_TITLES:
                # "mrs brunt": whatever the word is otherwise
                word = _ONE.match(text, match.end())
                if word and len(word[0]) > 2 and word[0] not in _NO_SURNAMES:
                    end = match.end() + len(word[0].removesuffix("'s"))
            if end > match.end() + 1:
                spans.append(Span(match.end(), end, PERSON, 0.8, self.name))
        return spans

    def _slashed(self, text: str, _context: Context) -> list[Span]:
        return [Span(*match.span(), PERSON, 0.7, self.name) for match in _SLASHED.finditer(text)]

    def _inverted(self, text: str, _context: Context) -> list[Span]:
        ordinary = self._reader.classes.is_ordinary
        return [
            Span(match.start("last"), match.end(), PERSON, 0.7, self.name)
            for match in _INVERTED.finditer(text)
            if not (ordinary(match["last"].lower()) and ordinary(match["first"].lower()))
        ]

    def _spelled(self, text: str, _context: Context) -> list[Span]:
        return [
            Span(*match.span(), PERSON, 0.7, self.name)
            for match in _SPELLED.finditer(text)
            if cue_near(_SPELLED_CUE, text, *match.span(), after=24)
        ]


class InformalPersonDetector(Detector):
    """Names in lower case in texts that are written so."""

    ENTITIES: ClassVar = (PERSON,)
    # a text, a line or a sentence that begins in lower case
    TRIGGERS: ClassVar = (r"(?m)^\W*[a-z]", r"[.!?:\]>] [a-z]")

    def __init__(self, *, name_list: bool = True) -> None:
        super().__init__()
        self._reader = _LowerCaseReader(name_list=name_list)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans of score .6 behind a cue or as a chat's speaker, .45 from the list."""
        if context.register in (CODE, DATA):
            return []
        reader = self._reader
        if not reader.holds_name(text):
            return []
        read = _WORDS.findall(text)
        known = reader.known
        unknown = [
            place
            for place, word in enumerate(read)
            if word not in known and word[0].islower() and not reader.is_known(word)
        ]
        spans = self._speakers(text)
        is_name = reader.classes.is_name
        places = [
            place
            for place in unknown
            if (place and read[place - 1].lower() in _MAY_LEAD) or is_name(_stem(read[place]))
        ]
        # only now is it worth knowing where words stand
        matches = list(_WORDS.finditer(text)) if places else []
        reached = 0
        for place in places:
            match = matches[place]
            if match.start() < reached:
                continue
            previous = read[place - 1].lower() if place else ""
            second = read[place - 2].lower() if place > 1 else ""
            score = self._score(text, match, previous, second)
            end = reader.name_from(text, match.start(), introduced=False) if score else 0
            if end:
                reached = end
                spans.append(Span(match.start(), end, PERSON, score, "InformalPersonDetector"))
        return spans

    def _score(self, text: str, match: re.Match[str], previous: str, second: str) -> float:
        """Return how sure an unknown word is a name, by the words in front and behind."""
        word = match[0]
        start, end = match.span()
        if not word[0].islower() or not _stands_free(text, match):
            return 0.0
        stem = _stem(word)
        listed = self._reader.classes.is_name(stem)
        cued = text[start - 1 : start] == " " and (
            previous in LOWER_CUES
            or _leads(previous, second)
            or (previous == "is" and second in ("this", "who", "here"))
        )
        if cued and (listed or self._stands_alone(text, end)):
            return 0.6
        # short and ambiguous words are too often something else: mac, lon, grey; or new york
        classes = self._reader.classes
        # "the new madden", "walmart on jefferson": a thing, a street
        if not cued and (previous in _THINGS or previous in PLACING):
            return 0.0
        alone = len(stem) > 3 and not classes.is_ambiguous(stem)
        following = _ONE.match(text, end + 1) if text[end : end + 1] == " " else None
        if listed and following and classes.is_name(following[0].removesuffix("'s")):
            # a given name and a surname, however short: "ali hassan"
            return 0.5
        if (
            following
            and following[0] in REPORTING
            and len(stem) > 3
            and (_opens(text, start) or previous in _CLAUSES)
        ):
            # "jayden said no", "that jayden quit": what only people do
            return 0.45
        if listed and word.endswith("'s") and not classes.is_ambiguous(stem):
            alone = True
        if listed and previous in LOWER_LEADS and not classes.is_ambiguous(stem):
            alone = True
        follows = _ONE.match(text, end + 1) if text.startswith(" ", end) else None
        place = classes.is_place(f"{previous} {stem}".title()) or (
            follows is not None and classes.is_place(f"{stem} {follows[0]}".title())
        )
        return 0.45 if listed and alone and not place else 0.0

    def _stands_alone(self, text: str, end: int) -> bool:
        """Whether what follows a word does not make it part of a phrase."""
        if end == len(text) or text[end] in _ENDS:
            return True
        following = _ONE.match(text, end + 1)
        return following is not None and (
            following[0] in LOWER_BREAKS
            or following[0] in REPORTING
            or following[0] in _PARTICLES
            or not self._reader.is_known(following[0])
        )

    def _speakers(self, text: str) -> list[Span]:
        """Return the speakers of a chat: of several lines, or in brackets.

        A single word and a colon open a line of a program's log.
        """
        speakers = list(_SPEAKER.finditer(text)) if ":" in text or ">" in text else []
        return [
            Span(*match.span(1), PERSON, 0.6, "InformalPersonDetector")
            for match in speakers
            if (len(speakers) > 1 or not match[0][0].isalpha())
            and match[1] not in NO_SPEAKERS
            and (
                self._reader.classes.is_name(match[1])
                or not self._reader.is_known(match[1].split("_")[0])
            )
        ]

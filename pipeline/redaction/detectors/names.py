"""Names of people in running text.

One pass finds runs of capitalised words. Each run is read once into classes of words
(`word_classes`), patterns over the classes say which parts can be a name, and the words in front
decide where the parts alone cannot. The reading of a run is memoised, so ordinary words at the
start of a sentence cost one look-up.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final, NamedTuple

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, PROSE, Context, Detector
from pipeline.redaction.detectors.lexicon import Lexicon, lexicon
from pipeline.redaction.detectors.name_cues import (
    ADDRESSING,
    DETERMINING,
    NAMING,
    ORGANISATION_WORDS,
    PLACING,
    ROLES,
    STREET_WORDS,
    TECHNICAL,
)
from pipeline.redaction.detectors.word_classes import ABBREVIATED_TITLES, SUFFIXES, WordClasses
from pipeline.redaction.spans import PERSON, Span

_PARTICLES = (
    "van|von|der|den|de|del|della|di|da|do|dos|das|du|la|le|el|al|bin|bint|ibn|ben|ter|ten|zu|zur"
    "|af|av|y|e|st"
)
_UPPER_RANGES = ((0xC0, 0x24F), (0x370, 0x52F), (0x531, 0x556), (0x1E00, 0x1FFF))
_UPPER_WIDE = "A-Z" + "".join(
    chr(code) for low, high in _UPPER_RANGES for code in range(low, high + 1) if chr(code).isupper()
)


def _run_pattern(upper: str) -> re.Pattern[str]:
    """Return the pattern of a run: capitalised words, initials and particles between blanks."""
    word = rf"[{upper}]\w*(?:['’-]\w+)*"
    dot = rf"(?:(?:(?<=\b\w)|(?<=\b\w\w)|(?<=\b\w\w\w)|(?<=\b\w\w\w\w))\.(?=\ ?[{upper}]))?"
    gap = rf"(?:\ {{1,2}}(?:(?:{_PARTICLES})\ ){{0,3}}|(?<=\.)|,\ (?=(?:Jr|Sr|II|III|IV|PhD|MD)\b))"
    particle = r"(?:(?:al|el|d|l)[-'’])?"
    return re.compile(rf"(?<![\w@#$/\\&=+~-]){word}{dot}(?:{gap}{particle}{word}{dot})*")


_RUN_ASCII: Final = _run_pattern("A-Z")
_RUN_WIDE: Final = _run_pattern(_UPPER_WIDE)
_TOKEN = re.compile(r"[^\s.,]+\.?")

# Patterns over classes; see `word_classes`. Here also: p particle, J suffix (Jr), R role,
# K word of an organisation, Z word of a street or landscape, M ambiguous and on the list.
_TITLED: Final = re.compile(r"T+((?:[IpUNMABSGLOC])(?:[Ip]*[UNMABSGLC])*J?)")
_FULL: Final = re.compile(
    r"(?:[UNM]|[ABGSL](?=I?p*[UN])|[BG](?=I*[SM])|I+(?=[Ip]*[UNMASGB]))(?:[Ip]*[UNMABSGLC])+J?"
    r"|C[Ip]?C+"
)
_SINGLE: Final = re.compile(r"[UNMABGLC]J?")
_LIMIT: Final = 20_000
_QUOTES = "\"'“”‘’*_([{<`>|-–—•"
_ENDS = ".!?:;|•"


class _Part(NamedTuple):
    """A part of a run that can be a name."""

    start: int
    end: int
    kind: str  # "titled", "full" or the class of a single word
    first: bool  # it opens the run, so the words before the run are the words before it
    before: str  # class of the word before it in the run, "" for none
    after: str  # class of the word behind it in the run, "" for none


class PersonDetector(Detector):
    """People's names in prose, in Latin, Greek, Cyrillic and Armenian script.

    Two or more name-like words in a row are a name; a single unknown word is one in prose unless
    the word in front speaks against it; words that are also ordinary words, places or things need
    a word in front that speaks for a name. Titles are left out of the span.
    """

    ENTITIES: ClassVar = (PERSON,)
    TRIGGERS: ClassVar = (r"[A-Z]", r"\p{Lu}")

    def __init__(self, *, name_list: bool = True) -> None:
        super().__init__()
        self._classes = WordClasses(lexicon(name_list=name_list))
        self._lexicon: Lexicon = lexicon(name_list=name_list)
        self._plans: dict[str, tuple[_Part, ...]] = {}

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return spans; score .85 behind a title or cue, .75 for full names, .5 for one word."""
        spans: list[Span] = []
        plans = self._plans
        runs = _RUN_ASCII if text.isascii() else _RUN_WIDE
        for match in runs.finditer(text):
            run = match[0]
            plan = plans.get(run)
            if plan is None:
                plan = self._remember(run)
            for part in plan:
                score = _score(text, match.start(), part, context)
                if score:
                    start = match.start() + part.start
                    spans.append(
                        Span(start, match.start() + part.end, PERSON, score, "PersonDetector")
                    )
        return spans

    def _remember(self, run: str) -> tuple[_Part, ...]:
        plan = tuple(self._read(run))
        if len(self._plans) >= _LIMIT:
            self._plans.clear()
        if len(run) <= 80:
            self._plans[run] = plan
        return plan

    def _read(self, run: str) -> list[_Part]:
        """Return the parts of `run` that can be names, from left to right."""
        parts: list[_Part] = []
        segment: list[tuple[int, int, str]] = []
        for match in _TOKEN.finditer(run):
            token = match[0]
            found = self._class(token)
            end = match.end()
            if token.endswith(".") and found not in "IT":
                segment.append((match.start(), end - 1, found))
                parts += _parts(run, segment)
                segment = []
            else:
                segment.append((match.start(), end, found))
        return parts + _parts(run, segment)

    def _class(self, token: str) -> str:
        lower = token.lower().rstrip(".")
        if token[0].islower():
            return "p" if "-" not in token and "'" not in token else "U"
        if lower in SUFFIXES and token[1:].rstrip(".") != "":
            return "J" if lower != "st" else "O"
        if lower in ROLES:
            return "R"
        if lower in ORGANISATION_WORDS:
            return "K"
        found = self._classes.of(token)
        if found == "T" and not token.endswith(".") and lower not in ABBREVIATED_TITLES:
            return "R"
        if lower in STREET_WORDS and found != "T":
            return "Z"
        if found == "N" and lower in self._lexicon.ambiguous:
            return "M"
        return found


def _parts(run: str, segment: list[tuple[int, int, str]]) -> list[_Part]:
    classes = "".join(found for _, _, found in segment)
    parts: list[_Part] = []
    at = 0
    while at < len(classes):
        titled = _TITLED.match(classes, at)
        full = None if titled else _FULL.match(classes, at)
        single = None if titled or full else _SINGLE.match(classes, at)
        match = titled or full or single
        if not match:
            at += 1
            continue
        low = match.start(1) if titled else match.start()
        high = match.end()
        kind = "titled" if titled else "full" if full else classes[low]
        end = segment[high - 1][1]
        if run.endswith(("'s", "’s"), 0, end):
            end -= 2
        elif run[end - 1] in "'’":
            end -= 1
        parts.append(
            _Part(
                segment[low][0],
                end,
                kind,
                low == 0 and segment[0][0] == 0,
                classes[low - 1] if low else "",
                classes[high : high + 1],
            )
        )
        at = high
    return parts


def _score(text: str, run_start: int, part: _Part, context: Context) -> float:
    """Return how sure the part at `run_start` is a name in its surroundings; 0 for no name."""
    start = run_start + part.start
    end = run_start + part.end
    if part.kind == "titled":
        return 0.85
    if part.after == "K" or part.after == "Z":
        return 0.0
    following = text[end : end + 1]
    if following in "_/\\@=(" and following and (following != "(" or part.kind != "full"):
        return 0.0
    if following == "." and text[end + 1 : end + 2].isalnum() and part.kind != "full":
        return 0.0
    if part.first:
        window = text[max(0, start - 24) : start]
        words = window.split()
        opens = not words or words[-1][-1] in _ENDS or "\n" in window[len(window.rstrip()) :]
        before = words[-1].strip(_QUOTES + ".,!?;:").lower() if words else ""
        if window and window[-1] in "`.":
            return 0.0
    else:
        opens, before = part.before == "", ""
    if part.kind == "full":
        return _score_full(part, before, context)
    return _score_single(part, before, opens, context)


def _score_full(part: _Part, before: str, context: Context) -> float:
    if before in ADDRESSING or before in NAMING or before in ROLES or part.before == "R":
        return 0.85
    return 0.75 if context.register == PROSE else 0.6


def _score_single(part: _Part, before: str, opens: bool, context: Context) -> float:
    if before in NAMING or (before in ADDRESSING and part.kind != "L"):
        return 0.0 if part.after in ("O", "P", "X") and part.kind != "N" else 0.8
    if part.before == "R" and part.kind in "UNMA":
        return 0.8
    if before in ROLES and part.kind in "UNM":
        return 0.75
    if part.kind == "N":
        return 0.6 if part.after not in ("O", "X") or before else 0.5
    if part.kind == "M" and not opens and before not in DETERMINING and part.after != "O":
        return 0.55
    if part.kind != "U" or context.register != PROSE:
        return 0.0
    if part.after in ("O", "P", "X", "L") or part.before in ("P", "X", "L"):
        return 0.0
    if before in DETERMINING or before in PLACING or before in TECHNICAL:
        return 0.0
    return 0.5

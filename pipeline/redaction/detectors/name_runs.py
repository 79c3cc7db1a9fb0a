"""Runs of capitalised words, read once each into the parts that can be a person's name."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from pipeline.extensions import check_interface
from pipeline.redaction.detectors import word_runs
from pipeline.redaction.detectors.lexicon import words
from pipeline.redaction.detectors.name_cues import ORGANISATION_WORDS, ROLES, STREET_WORDS
from pipeline.redaction.detectors.word_classes import ABBREVIATED_TITLES, SUFFIXES, WordClasses

_PARTICLES: Final = (
    "van|von|der|den|de|del|della|di|da|do|dos|das|du|la|le|el|al|bin|bint|ibn|ben|ter|ten|zu|zur"
    "|af|av|y|e|st"
)
_CAPITAL_PARTICLES: Final = words(
    "van von der den de del della di da dos das du la le el al bin bint ibn ben ter abu"
)
_UPPER_RANGES: Final = ((0xC0, 0x24F), (0x370, 0x52F), (0x531, 0x556), (0x1E00, 0x1FFF))
_UPPER_WIDE: Final = "A-Z" + "".join(
    chr(code) for low, high in _UPPER_RANGES for code in range(low, high + 1) if chr(code).isupper()
)


def _run_pattern(upper: str, flags: int = 0) -> re.Pattern[str]:
    """Return the pattern of a run: capitalised words, initials and particles between blanks."""
    word = rf"[{upper}]\w*(?:['’-]\w+)*"
    # a capital leads, so that the scanner skips to capitals; what must not stand before it follows
    first = rf"[{upper}](?<![\w#$/\\&+~].)(?<!\w[-@].)\w*(?:['’-]\w+)*"
    short = r"(?:(?<=\b\w)|(?<=\b\w\w)|(?<=\b\w\w\w)|(?<=\b\w\w\w\w))"
    # the stop is asked for first: it is cheap, and mostly not there
    dot = rf"(?:(?=\.){short}\.(?=\ ?[{upper}]|\ (?:{_PARTICLES})\ ))?"
    gap = rf"(?:\ {{1,2}}(?:(?:{_PARTICLES})\ ){{0,3}}|(?<=\.)|,\ (?=(?:Jr|Sr|II|III|IV|PhD|MD)\b))"
    particle = r"(?:(?:al|el|d|l)[-'’])?"
    return re.compile(rf"{first}{dot}(?:{gap}{particle}{word}{dot})*", flags)


_RUN_ASCII: Final = _run_pattern("A-Z", re.ASCII)
_RUN_WIDE: Final = _run_pattern(_UPPER_WIDE)
_TOKEN = re.compile(r"[^\s.,]+\.?")

# Patterns over classes; see `word_classes`. Here also: p particle, J suffix (Jr), R role,
# K word of an organisation, Z word of a street or landscape, Y such a word that is also a surname.
_TITLED: Final = re.compile(r"T+((?:[IpUNMABSGLOCYKZR])(?:[Ip]*[UNMABSGLC])*J?)")
_FULL: Final = re.compile(
    r"p*(?:[UNM]|[ABGS](?=I?p*[UN])|L(?=[UN])|[BG](?=I*[SM])|I+(?=[Ip]*[UNMASGBL]))"
    r"(?:(?:[Ip]*|O(?=[UNMS]))[UNMABSGL])+J?"
    r"|[UNMBG]I+[OSBAKYZ]"
    r"|[UNMG]I(?=$)"
    r"|C(?:[Ip]*C)+"
    r"|[NMG]I?Y$"
    r"|Np+[OSAB]$"
)
# two ambiguous words: a name only behind words that introduce one
_PAIR: Final = re.compile(r"[ABG]I?[ABGSOL](?![A-Za-z])")
_SINGLE: Final = re.compile(r"(?:p+(?=[UN]))?[UNMABSGLC]J?")
# Acme Widgets Inc
_ORGANISATION: Final = re.compile(r"O{0,2}K")
_LIMIT: Final = 20_000
_LONGEST: Final = 12
check_interface(word_runs, 1)
_SHORT: Final = 24
"""Characters; a run of this length has at most `_LONGEST` words."""


class Part(NamedTuple):
    """A part of a run that can be a name; `start` and `end` are offsets in the run."""

    start: int
    end: int
    kind: str  # "titled", "full", "pair" or the class of a single word
    lead: str  # the class of its first word
    first: bool  # it opens the run, so the words before the run are the words before it
    before: str  # class of the word before it in the run, "" for none
    before_word: str
    after: str  # class of the word behind it in the run, "" for none
    reach: int  # end with the ordinary word behind it, if that closes the run; else 0


def runs_in(text: str) -> Iterator[re.Match[str]]:
    """Yield the runs of capitalised words of `text`, from left to right. Linear."""
    return (_RUN_ASCII if text.isascii() else _RUN_WIDE).finditer(text)


def _names_in(classes: str) -> list[tuple[str, int, int]]:
    """Return kind, first and last place plus one of each part of a run that can be a name."""
    found = []
    at = 0
    while at < len(classes):
        titled = _TITLED.match(classes, at)
        full = None if titled else _FULL.match(classes, at)
        pair = None if titled or full else _PAIR.match(classes, at)
        match = titled or full or pair or _SINGLE.match(classes, at)
        if not match:
            at += 1
            continue
        at = match.end()
        kind = "titled" if titled else "full" if full else "pair" if pair else classes[at - 1]
        found.append((kind, match.start(1) if titled else match.start(), at))
    return found


class RunReader:
    """Reads runs into parts and remembers what it read, up to a bound."""

    def __init__(self, classes: WordClasses) -> None:
        self._classes = classes
        # the last of these that lists a word decides
        self._listed: dict[str, str] = {
            **{word: "Y" if classes.may_be_name(word) else "K" for word in ORGANISATION_WORDS},
            **dict.fromkeys(ROLES, "R"),
            **dict.fromkeys(_CAPITAL_PARTICLES, "p"),
            **dict.fromkeys(SUFFIXES, "J"),
        }
        self.known: dict[str, tuple[Part, ...]] = {}
        """By run, what `parts` has returned."""
        self._tokens: dict[str, str] = {}
        self._shapes: dict[str, list[tuple[str, int, int]]] = {}

    def unread(self, text: str) -> Iterable[tuple[int, str, tuple[Part, ...] | None]]:
        """Return start, run and parts of the runs of `text`, but of those known to have no parts.

        Parts are None where the run was not met before. The usual text goes through `word_runs.c`,
        which finds in ASCII what `runs_in` finds.
        """
        known = self.known
        if text.isascii():
            return word_runs.unread(text, known)
        runs = ((match.start(), match[0]) for match in runs_in(text))
        return [(start, run, known.get(run)) for start, run in runs if known.get(run) != ()]

    def parts(self, run: str) -> tuple[Part, ...]:
        """Return the parts of `run` that can be names, from left to right."""
        found = self.known.get(run)
        if found is None:
            found = tuple(self._read(run))
            if len(self.known) >= _LIMIT:
                self.known.clear()
            if len(run) <= 80:
                self.known[run] = found
        return found

    def _read(self, run: str) -> list[Part]:
        known = self._tokens
        if "." not in run and "," not in run and "  " not in run and len(run) <= _SHORT:
            # words and single blanks, as nearly all runs are
            starts: list[int] = []
            ends: list[int] = []
            classes = ""
            at = 0
            for token in run.split(" "):
                starts.append(at)
                at += len(token)
                ends.append(at)
                at += 1
                classes += known.get(token) or self._remember(token)
            return self._parts(run, starts, ends, classes)
        return self._sentences(run)

    def _sentences(self, run: str) -> list[Part]:
        """Read a run that may hold full stops: what an abbreviation does not end is a sentence."""
        parts: list[Part] = []
        starts: list[int] = []
        ends: list[int] = []
        classes = ""
        for match in _TOKEN.finditer(run):
            token = match[0]
            found = self._tokens.get(token) or self._remember(token)
            stops = token.endswith(".") and found not in ("I", "T", "J")
            starts.append(match.start())
            ends.append(match.end() - 1 if stops else match.end())
            classes += found
            # no name is as long as the longest; and the patterns over classes stay short work
            if stops or len(starts) == _LONGEST:
                parts += self._parts(run, starts, ends, classes)
                starts, ends, classes = [], [], ""
        if classes:
            parts += self._parts(run, starts, ends, classes)
        return parts

    def _remember(self, token: str) -> str:
        found = self._class(token)
        if len(self._tokens) >= _LIMIT:
            self._tokens.clear()
        if len(token) <= 40:
            self._tokens[token] = found
        return found

    def _class(self, token: str) -> str:
        lower = token.lower().rstrip(".")
        if token[0].islower():
            return "p" if "-" not in token and "'" not in token else "U"
        listed = self._listed.get(lower)
        if listed is not None:
            return listed
        if lower == "mx" and token.isupper():
            # a product's letters; the title is written Mx
            return "X"
        found = self._classes.of(token)
        if found == "T" and not token.endswith(".") and lower not in ABBREVIATED_TITLES:
            return "R"
        if lower in STREET_WORDS and found != "T":
            return "Y" if self._classes.may_be_name(lower) else "Z"
        return found

    def _parts(self, run: str, starts: list[int], ends: list[int], classes: str) -> list[Part]:
        """Return the parts of the words at `starts` and `ends`, one letter of `classes` each."""
        size = len(classes)
        if size > 1:
            classes = self._with_places(run, starts, ends, classes)
        found = self._shapes.get(classes)
        if found is None:
            if len(self._shapes) >= _LIMIT:
                self._shapes.clear()
            found = self._shapes[classes] = _names_in(classes)
        parts = []
        for kind, low, high in found:
            after = classes[high : high + 1]
            parts.append(
                Part(
                    starts[low],
                    _without_possessive(run, ends[high - 1]),
                    kind,
                    classes[low],
                    low == 0 and starts[0] == 0,
                    classes[low - 1] if low else "",
                    run[starts[low - 1] : ends[low - 1]].lower() if low else "",
                    "K" if after and _ORGANISATION.match(classes, high) else after,
                    _without_possessive(run, ends[high])
                    if high + 1 == size and after in ("O", "S")
                    else 0,
                )
            )
        return parts

    def _with_places(self, run: str, starts: list[int], ends: list[int], classes: str) -> str:
        """Return the classes with "Los Angeles" and "Jack Daniel's" made P, a letter a word."""
        opens = self._classes.opens_place
        size = len(classes)
        marked = classes
        for low in range(size - 1):
            if not opens(run[starts[low] : ends[low]]):
                continue
            for high in range(min(size, low + 4), low + 1, -1):
                end = ends[high - 1]
                name = run[starts[low] : _without_possessive(run, end)]
                thing = self._classes.is_thing
                if thing(name) or thing(run[starts[low] : end]):
                    marked = marked[:low] + "P" * (high - low) + marked[high:]
                    break
        return marked


def _without_possessive(run: str, end: int) -> int:
    if run.endswith(("'s", "’s"), 0, end):
        return end - 2
    return end - 1 if run[end - 1] in "'’." and not run[end - 2 : end - 1].isupper() else end

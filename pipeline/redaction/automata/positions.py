"""Trees as positions that follow one another (Glushkov's construction).

Each byte of a pattern is a position. An automaton is in a set of positions, those that the bytes
read so far may have reached. V. M. Glushkov, "The abstract theory of automata", Russian
Mathematical Surveys 16 (1961); there are no empty steps, so sets are bit masks and a step is an
`and`.

A position holds word characters or others, never both. Then what `\\b` asks of two neighbours is
known beforehand, and costs nothing when a text is read.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pipeline.redaction.automata.syntax import (
    WORD,
    Boundary,
    Bytes,
    Choice,
    LineStart,
    Node,
    Repeat,
    Sequence,
    Unsupported,
    parse,
)

END: Final = 256
"""The symbol behind the last byte of a text."""
WORD_BYTES: Final = sum(1 << ord(char) for char in WORD)
OTHER_SYMBOLS: Final = ((1 << 257) - 1) & ~WORD_BYTES
LINE_FEED: Final = 1 << 10

# What stands before a byte.
AT_START: Final = 0
AFTER_WORD: Final = 1
AFTER_LINE_FEED: Final = 2
AFTER_OTHER: Final = 3
BEFORE: Final = (AT_START, AFTER_WORD, AFTER_LINE_FEED, AFTER_OTHER)

_BOUNDARY: Final = 1
_LINE_START: Final = 2

# A position and the conditions, as bits, on what stands beside it.
_Edge = tuple[int, int]


class _Part(NamedTuple):
    """How a tree may begin, how it may end, and under which conditions it may be empty."""

    first: list[_Edge]
    last: list[_Edge]
    empty: set[int]


@dataclass(slots=True)
class Positions:
    """The positions of several patterns."""

    masks: list[int] = field(default_factory=list)
    """By position, the symbols it takes: 257 bits, the last is `END`."""
    follow: list[int] = field(default_factory=list)
    """By position, the positions that may come next, as bits."""
    first: list[int] = field(default_factory=lambda: [0] * len(BEFORE))
    """By what stands before it, where a match may begin."""
    accepts: dict[int, int] = field(default_factory=dict)
    """The positions with which a pattern has matched, and its number."""

    def add(self, pattern: str, number: int) -> None:
        """Add `pattern`. Raises `Unsupported`; what was added then stays half-way."""
        part = self._part(parse(pattern))
        if part.empty:
            raise Unsupported("it matches the empty text")
        for position, conditions in part.first:
            for before in BEFORE:
                if self._may_begin(position, conditions, before):
                    self.first[before] |= 1 << position
        for position, conditions in part.last:
            if conditions & _LINE_START:
                raise Unsupported("^ at its end")
            if conditions & _BOUNDARY:
                beyond = OTHER_SYMBOLS if self._is_word(position) else WORD_BYTES
                self.follow[position] |= 1 << self._new(beyond, number)
            else:
                self.accepts[position] = number

    def _new(self, mask: int, number: int | None = None) -> int:
        position = len(self.masks)
        self.masks.append(mask)
        self.follow.append(0)
        if number is not None:
            self.accepts[position] = number
        return position

    def _is_word(self, position: int) -> bool:
        return self.masks[position] & WORD_BYTES != 0

    def _may_begin(self, position: int, conditions: int, before: int) -> bool:
        if conditions & _BOUNDARY and self._is_word(position) == (before == AFTER_WORD):
            return False
        return not conditions & _LINE_START or before in (AT_START, AFTER_LINE_FEED)

    def _part(self, node: Node) -> _Part:
        match node:
            case Bytes(mask):
                halves = (mask & WORD_BYTES, mask & ~WORD_BYTES)
                edges = [(self._new(half), 0) for half in halves if half]
                return _Part(edges, edges, set())
            case Boundary():
                return _Part([], [], {_BOUNDARY})
            case LineStart():
                return _Part([], [], {_LINE_START})
            case Choice(options):
                parts = [self._part(option) for option in options]
                return _Part(
                    [edge for part in parts for edge in part.first],
                    [edge for part in parts for edge in part.last],
                    {conditions for part in parts for conditions in part.empty},
                )
            case Repeat(inner, many):
                part = self._part(inner)
                if many:
                    self._link(part.last, part.first)
                return _Part(part.first, part.last, part.empty | {0})
            case Sequence(parts_of):
                return self._sequence(parts_of)

    def _sequence(self, nodes: tuple[Node, ...]) -> _Part:
        whole = _Part([], [], {0})
        for node in nodes:
            part = self._part(node)
            self._link(whole.last, part.first)
            whole = _Part(
                whole.first + [(at, own | more) for more in whole.empty for at, own in part.first],
                part.last + [(at, own | more) for more in part.empty for at, own in whole.last],
                {one | other for one in whole.empty for other in part.empty},
            )
        return whole

    def _link(self, last: list[_Edge], first: list[_Edge]) -> None:
        for position, conditions in last:
            for following, more in first:
                asked = conditions | more
                if asked & _BOUNDARY and self._is_word(position) == self._is_word(following):
                    continue
                if asked & _LINE_START and self.masks[position] != LINE_FEED:
                    # a class with a line feed among others would need a position of its own
                    if self.masks[position] & LINE_FEED:
                        raise Unsupported("^ behind a class with a line feed")
                    continue
                self.follow[position] |= 1 << following

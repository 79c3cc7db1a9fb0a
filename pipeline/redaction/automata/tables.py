"""Positions as tables of states, small enough each to stay in a processor's cache.

The subset construction: a state is a set of positions and what stands before the next byte. It is
done for all patterns at once where that gives few states, else for halves of them.
"""

from __future__ import annotations

import array
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from pipeline.redaction.automata.positions import (
    AFTER_LINE_FEED,
    AFTER_OTHER,
    AFTER_WORD,
    AT_START,
    WORD_BYTES,
    Positions,
)
from pipeline.redaction.automata.syntax import Unsupported

MAX_STATES: Final = 8_000
"""Of one table; 16 bits number them, and the rows of what texts meet must stay in the cache."""
PATTERNS_AT_ONCE: Final = 16
"""What a table is tried with first."""


class Table(NamedTuple):
    """One automaton. A step is `next_state[state << shift | class_of[byte]]`."""

    patterns: tuple[str, ...]
    class_of: bytes
    """By symbol (256 bytes and the end of the text), its column."""
    shift: int
    """A row has 2 to the power of this columns."""
    next_state: bytes
    """Unsigned 16-bit numbers in the machine's order."""
    first_accepting: int
    """States from here on have matched patterns."""
    accepted: tuple[tuple[int, ...], ...]
    """By accepting state, the indexes in `patterns` that match there."""


def tables(patterns: Sequence[str]) -> list[Table]:
    """Return tables that hold all of `patterns` between them. Raises `Unsupported`."""
    found: list[Table] = []
    # neighbours in this order begin alike, which saves states
    ordered = sorted(patterns)
    waiting = [
        tuple(ordered[begin : begin + PATTERNS_AT_ONCE])
        for begin in range(0, len(ordered), PATTERNS_AT_ONCE)
    ]
    while waiting:
        some = waiting.pop(0)
        table = _table(some)
        if table is None and len(some) == 1:
            raise Unsupported("it needs too many states")
        if table is None:
            half = len(some) // 2
            waiting[:0] = [some[:half], some[half:]]
        else:
            found.append(table)
    return found


@lru_cache(maxsize=1024)
def _table(patterns: tuple[str, ...]) -> Table | None:
    """Return the table of `patterns`, or None where they need too many states."""
    positions = Positions()
    for number, pattern in enumerate(patterns):
        positions.add(pattern, number)
    classes, class_of = _classes(positions)
    built = _states(positions, classes)
    if built is None:
        return None
    accepted, rows = built
    # accepting states last, so that one comparison finds them
    order = sorted(range(len(rows)), key=lambda state: (bool(accepted[state]), state))
    renamed = [0] * len(rows)
    for new, old in enumerate(order):
        renamed[old] = new
    shift = (len(classes) - 1).bit_length()
    cells = array.array("H", bytes(2 * (len(rows) << shift)))
    for new, old in enumerate(order):
        begin = new << shift
        for column, state in enumerate(rows[old]):
            cells[begin + column] = renamed[state]
    accepting = [accepted[old] for old in order if accepted[old]]
    return Table(
        patterns, class_of, shift, cells.tobytes(), len(rows) - len(accepting), tuple(accepting)
    )


def _classes(positions: Positions) -> tuple[list[tuple[int, int]], bytes]:
    """Group symbols that no position tells apart: (positions that take it, what it leaves)."""
    positions_of: dict[int, int] = {}
    for at, mask in enumerate(positions.masks):
        positions_of[mask] = positions_of.get(mask, 0) | 1 << at
    numbers: dict[tuple[int, int], int] = {}
    class_of = bytearray()
    for symbol in range(257):
        bit = 1 << symbol
        taking = 0
        for mask, those in positions_of.items():
            if mask & bit:
                taking |= those
        if bit & WORD_BYTES:
            leaves = AFTER_WORD
        else:
            leaves = AFTER_LINE_FEED if symbol == 10 else AFTER_OTHER
        class_of.append(numbers.setdefault((taking, leaves), len(numbers)))
    return list(numbers), bytes(class_of)


def _states(
    positions: Positions, classes: list[tuple[int, int]]
) -> tuple[list[tuple[int, ...]], list[list[int]]] | None:
    """Return the patterns each state accepts and its row; None if there are too many states."""
    start = (0, AT_START)
    numbers = {start: 0}
    found = [start]
    rows: list[list[int]] = []
    for active, before in found:  # grows while it is read
        reachable = positions.first[before]
        rest = active
        while rest:
            lowest = rest & -rest
            reachable |= positions.follow[lowest.bit_length() - 1]
            rest ^= lowest
        row: list[int] = []
        for taking, leaves in classes:
            state = (reachable & taking, leaves)
            number = numbers.get(state)
            if number is None:
                if len(found) == MAX_STATES:
                    return None
                number = numbers[state] = len(found)
                found.append(state)
            row.append(number)
        rows.append(row)
    accepting = sum(1 << at for at in positions.accepts)
    accepted = [
        tuple(sorted({positions.accepts[at] for at in bits(active & accepting)}))
        for active, _ in found
    ]
    return accepted, rows


def bits(mask: int) -> Iterator[int]:
    """Yield the numbers of the bits that are set, the lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest

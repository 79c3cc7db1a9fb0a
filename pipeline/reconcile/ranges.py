"""Sets of offsets as closed ranges: (first, last), ascending, without overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Range = tuple[int, int]
"""First and last offset, both included."""


def as_ranges(offsets: Iterable[int]) -> list[Range]:
    """Return the ranges that make up `offsets`, which come in any order and any number of times."""
    return merged((offset, offset) for offset in offsets)


def merged(ranges: Iterable[Range]) -> list[Range]:
    """Return the union of ranges that may touch and overlap."""
    union: list[Range] = []
    for first, last in sorted(ranges):
        if union and first <= union[-1][1] + 1:
            union[-1] = (union[-1][0], max(union[-1][1], last))
        else:
            union.append((first, last))
    return union


def uncovered(within: Range, covered: Iterable[Range]) -> Iterator[Range]:
    """Yield the parts of `within` that no range of `covered` holds; nothing if it is empty."""
    at, last = within
    for begin, end in merged(covered):
        if begin > last:
            break
        if begin > at:
            yield at, begin - 1
        at = max(at, end + 1)
    if at <= last:
        yield at, last


def size(ranges: Iterable[Range]) -> int:
    """Return how many offsets the ranges hold."""
    return sum(last - first + 1 for first, last in ranges)

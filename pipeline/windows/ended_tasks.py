"""Tasks that have ended, in the order in which they close.

Under a load of many times the usual a hundred thousand of them wait for the lateness to pass, and
most of what a worker keeps is theirs. So there is no entry for each of them in a heap, but lists
for each quarter of a second: a time within it is one of the small integers that Python has anyway,
and takes 8 bytes. See "timing wheels", Varghese and Lauck, SOSP 1987, for the idea.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import heappop, heappush, nsmallest
from typing import Final

_BITS: Final = 8
_WIDTH: Final = 1 << _BITS
"""Milliseconds of a slot; Python has the integers up to 256."""


class _Slot:
    """What is due within `_WIDTH`: milliseconds from its beginning, and keys, as they came."""

    __slots__ = ("keys", "offsets")

    def __init__(self) -> None:
        self.offsets: list[int] = []
        self.keys: list[str] = []


class EndedTasks:
    """Keys by the event time at which they are due, in milliseconds; any number of each."""

    def __init__(self) -> None:
        self._slots: dict[int, _Slot] = {}
        # a heap of the numbers of slots
        self._numbers: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, due_ms: int, key: str) -> None:
        """Add a key that is due at `due_ms`; of the same time it is the last."""
        number = due_ms >> _BITS
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = _Slot()
            heappush(self._numbers, number)
        slot.offsets.append(due_ms & (_WIDTH - 1))
        slot.keys.append(key)
        self._count += 1

    def take(self, until_ms: int) -> Iterator[tuple[int, str]]:
        """Yield time and key of all that are due by `until_ms`, in order. Take all of it."""
        while self._numbers:
            number = self._numbers[0]
            begin_ms = number << _BITS
            if begin_ms > until_ms:
                return
            slot = self._slots[number]
            last = until_ms - begin_ms
            if last >= _WIDTH - 1:
                heappop(self._numbers)
                del self._slots[number]
                due = slot
            else:
                due = self._split(slot, last)
            self._count -= len(due.keys)
            # the sort keeps those of the same time in the order in which they came
            for place in sorted(range(len(due.keys)), key=due.offsets.__getitem__):
                yield begin_ms + due.offsets[place], due.keys[place]
            if due is not slot:
                return

    def due_of_first(self, most: int) -> int | None:
        """Return the time by which `most` are due, or more at the same time; None: no more are."""
        if self._count <= most:
            return None
        for number in sorted(self._numbers):
            offsets = self._slots[number].offsets
            if len(offsets) >= most:
                return (number << _BITS) + nsmallest(most, offsets)[-1]
            most -= len(offsets)
        return None

    def _split(self, slot: _Slot, last: int) -> _Slot:
        """Take out what is due up to `last` milliseconds after the beginning of a slot."""
        due, rest = _Slot(), _Slot()
        for place, offset in enumerate(slot.offsets):
            part = due if offset <= last else rest
            part.offsets.append(offset)
            part.keys.append(slot.keys[place])
        slot.offsets, slot.keys = rest.offsets, rest.keys
        return due

"""Reads the changelog of a worker's table fast: of each key, only the record that holds.

Faust takes about 100 µs for each changelog record, and hot keys are written with every run: under
load a restarted worker read for minutes what compaction had not reached yet. Reading alone is 30
times as fast. So records are held back, the later one of a key in the place of the earlier, until
the end of the partition is reached. Removals are left out where there is nothing to remove: most
keys that a changelog names are of panes and tasks that closed long ago. What Faust gets is no more
than the table will hold.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faust.types import TP

MOST_HELD = 200_000
"""Records of a partition that are held at most; a larger table is passed on in several parts."""


class ChangelogReader:
    """Holds back records of changelogs, by partition."""

    def __init__(self, starts_empty: Callable[[TP], bool]) -> None:
        """`starts_empty` tells whether the table holds nothing of a partition when we start."""
        self._starts_empty = starts_empty
        self._held: dict[TP, dict[Any, Any]] = {}
        self._passed_on: set[TP] = set()

    def take(self, tp: TP, fetched: list[Any], end: int | None) -> list[Any]:
        """Take in the next records of `tp`; return what may be passed on, in offset order.

        `end` is the end of the partition as far as the broker has told. The last record is always
        passed on: recovery waits for its offset.
        """
        held = self._held.setdefault(tp, {})
        for record in fetched:
            # taken out first, so that the order stays that of the offsets
            held.pop(record.key, None)
            held[record.key] = record
        at_end = end is None or fetched[-1].offset + 1 >= end
        if not at_end and len(held) < MOST_HELD:
            return []
        del self._held[tp]
        records = list(held.values())
        if tp not in self._passed_on and self._starts_empty(tp):
            records[:-1] = [record for record in records[:-1] if record.value is not None]
        self._passed_on.add(tp)
        return records

    def forget(self, tp: TP) -> None:
        """Drop what is held of `tp`: it is read again."""
        self._held.pop(tp, None)

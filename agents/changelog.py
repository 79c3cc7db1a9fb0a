"""Reads the changelog of a worker's table fast: of each key, only the record that holds.

Faust takes about 100 µs for each changelog record, and hot keys are written with every run: under
load a restarted worker read for minutes what compaction had not reached yet. Reading alone is 30
times as fast. So records are held back, the later one of a key in the place of the earlier, until
the end of the partition is reached. A removal takes out what is held of its key, and is not held
itself where the table has nothing to remove: most keys that a changelog names are of panes and
tasks that closed long ago. What Faust gets is no more than the table will hold, and no more is held
than the table held at that point.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from faust.types import TP

MOST_HELD = 100_000
"""Records that are held at most, of all partitions; larger tables are passed on in several parts.
They take about 2 KB each, which a table in memory takes over and one on disk does not."""


class ChangelogReader:
    """Holds back records of changelogs, by partition."""

    def __init__(self, starts_empty: Callable[[TP], bool]) -> None:
        """`starts_empty` tells whether the table holds nothing of a partition when we start."""
        self._starts_empty = starts_empty
        self._held: dict[TP, dict[Any, Any]] = {}
        self._passed_on: set[TP] = set()

    @property
    def held(self) -> int:
        """Records held now, of all partitions."""
        return sum(map(len, self._held.values()))

    def take(self, tp: TP, fetched: list[Any], end: int | None) -> list[Any]:
        """Take in the next records of `tp`; return what may be passed on, in offset order.

        `end` is the end of the partition as far as the broker has told. The last record is always
        passed on: recovery waits for its offset.
        """
        held = self._held.setdefault(tp, {})
        may_have_more = tp in self._passed_on or not self._starts_empty(tp)
        for record in fetched:
            # taken out first, so that the order stays that of the offsets
            held.pop(record.key, None)
            if record.value is not None or may_have_more:
                held[record.key] = record
        last = fetched[-1]
        at_end = end is None or last.offset + 1 >= end
        if not at_end and self.held < MOST_HELD:
            return []
        del self._held[tp]
        self._passed_on.add(tp)
        records = list(held.values())
        if not records or records[-1] is not last:
            records.append(last)
        return records

    def forget(self, tp: TP) -> None:
        """Drop what is held of `tp`: it is read again."""
        self._held.pop(tp, None)

"""Reads the changelog of a worker's table fast: of each key, only the record that holds.

Faust takes about 100 µs for each changelog record, and hot keys are written with every run: under
load a restarted worker read for minutes what compaction had not reached yet. Reading alone is 30
times as fast. So records are held back, the later one of a key in the place of the earlier, until
the end of the partition is reached; what Faust gets then is no more than the table will hold.
"""

from __future__ import annotations

from typing import Any

from faust.types import TP

MOST_HELD = 200_000
"""Records of a partition that are held at most; a larger table is passed on in several parts."""


class ChangelogReader:
    """Holds back records of changelogs, by partition."""

    def __init__(self) -> None:
        self._held: dict[TP, dict[Any, Any]] = {}

    def take(self, tp: TP, fetched: list[Any], end: int | None) -> list[Any]:
        """Take in the next records of `tp`; return what may be passed on, in offset order.

        `end` is the end of the partition as far as the broker has told. Removals are passed on as
        well: a store on disk may hold what they remove.
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
        return list(held.values())

    def forget(self, tp: TP) -> None:
        """Drop what is held of `tp`: it is read again."""
        self._held.pop(tp, None)

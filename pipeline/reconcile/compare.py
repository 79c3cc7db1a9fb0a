"""Compares what Kafka holds of one partition with what is stored of it, and names the differences.

Every offset has to be accounted for in one of four ways: it became rows, it became a dead letter,
its event is stored from another place (it was published or sent again), or the topic holds no
record there (compaction and transactions leave holes). Anything else is a gap; anything stored
more than once, or at a place that Kafka does not have, is a surplus.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from pipeline.reconcile.ranges import Range, as_ranges, merged, size, uncovered


class Kind(StrEnum):
    """What is wrong with a range."""

    GAP = "gap"
    SURPLUS = "surplus"


@dataclass(frozen=True, slots=True)
class Finding:
    """A range of one partition that is not as it must be."""

    kind: Kind
    topic: str
    partition: int
    first: int
    last: int
    detail: str


@dataclass(slots=True)
class PartitionReport:
    """One partition: what was compared, how it is accounted for, and what is wrong."""

    topic: str
    partition: int
    first: int
    end: int
    """Behind the last offset that was compared."""
    stored: int = 0
    refused: int = 0
    elsewhere: int = 0
    """Offsets whose events are stored from another place: published or sent again."""
    holes: int = 0
    """Offsets without a record."""
    findings: list[Finding] = field(default_factory=list)

    def add_covered(
        self, within: Range, stored: Iterable[Range], refused: Iterable[Range]
    ) -> list[Range]:
        """Take note of what is stored or refused of `within`; return what is left to explain."""
        stored = merged(_cut(within, stored))
        both = merged([*stored, *_cut(within, refused)])
        self.stored += size(stored)
        self.refused += size(both) - size(stored)
        return list(uncovered(within, both))

    def add_explained(self, left: Range, held: Iterable[int], elsewhere: Iterable[int]) -> None:
        """Take note of a range that nothing covers.

        `held` are the offsets at which Kafka has a record, `elsewhere` those whose events are
        stored from another place.
        """
        held, elsewhere = set(held), set(elsewhere)
        self.holes += left[1] - left[0] + 1 - len(held)
        self.elsewhere += len(elsewhere)
        for first, last in as_ranges(held - elsewhere):
            self._find(Kind.GAP, first, last, "in Kafka, neither stored nor refused")

    def add_repeated(self, offsets: Iterable[tuple[int, int]]) -> None:
        """Take note of offsets that are stored more than once, each with how often."""
        for offset, count in offsets:
            self._find(Kind.SURPLUS, offset, offset, f"stored {count} times")

    def add_beyond(self, first: int, last: int, count: int) -> None:
        """Take note of rows at places behind the end of the partition."""
        if count:
            self._find(Kind.SURPLUS, first, last, f"{count} rows behind the end of the partition")

    def _find(self, kind: Kind, first: int, last: int, detail: str) -> None:
        self.findings.append(Finding(kind, self.topic, self.partition, first, last, detail))


def _cut(within: Range, ranges: Iterable[Range]) -> list[Range]:
    low, high = within
    return [
        (max(first, low), min(last, high))
        for first, last in ranges
        if first <= high and last >= low
    ]

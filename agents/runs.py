"""The unit of delivery: all records of one partition that one fetch returned."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from pipeline.adapters.kafka.fetched import Fetched


@dataclass(slots=True, eq=False)
class Run:
    """The records of one partition that one fetch returned, in offset order; never empty."""

    topic: str
    partition: int
    records: list[Fetched]
    assignment: int
    """Which assignment of this worker it was fetched under; counts up with every rebalance."""
    after: int | None
    """End of the run delivered before it under this assignment; None for the first."""

    @property
    def first(self) -> int:
        """Offset of the first record."""
        return int(self.records[0].offset)

    @property
    def end(self) -> int:
        """Offset behind the last record: what a consumer commits when the run is finished."""
        return int(self.records[-1].offset) + 1


Handler = Callable[[list[Run]], Awaitable[None]]
"""Handles whole runs; returns when all their outputs are acknowledged, else raises."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a worker stands when its clock ticks."""

    assignment: int
    """The assignment that lasts, as in `Run`."""
    partitions: frozenset[int]
    """Partitions of the handler's topic that this worker has."""
    read_to_end: frozenset[int]
    """Those of them of which everything was handled that the broker had at the last fetch."""

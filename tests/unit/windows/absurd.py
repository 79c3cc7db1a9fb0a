"""Events that say as much as their schemas allow, and a partition with the table behind it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipeline.windows.batch import AggregatorConfig, Changes, Record
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell
from pipeline.windows.partial import Partial
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import START_MS, Event, event, task_messages

MOST = {
    "cost_usd": 1e12,
    "tokens_in": 2**53 - 1,
    "tokens_out": 2**53 - 1,
    "tokens_cache_read": 2**53 - 1,
    "latency_ms": 1e12,
}
"""As much as the schemas allow."""
MODEL = Dimension(DimensionKind.MODEL, ("gpt",))
ALL = Dimension(DimensionKind.ALL, ())


def absurd(number: int, after_ms: int = 0, **fields: Any) -> Event:
    """The call of that number in one of three sessions, by which the time is believed."""
    ids = {"session_id": f"s{number % 3}", "event_id": f"{after_ms}-{number}"}
    return event(START_MS + after_ms + number, **{**ids, **MOST, **fields})


class Stored:
    """A partition whose changes are kept, and what it has published."""

    def __init__(self, config: AggregatorConfig | None = None) -> None:
        self.config = config or AggregatorConfig()
        self.aggregator = PartitionAggregator(0, self.config)
        self.table: dict[str, bytes] = {}
        self.partials: list[Partial] = []
        self.tasks: list[dict[str, Any]] = []

    def apply(self, batch: Iterable[Record]) -> Changes:
        """Apply a batch."""
        return self._keep(self.aggregator.apply(batch))

    def reload(self) -> None:
        """Begin anew with what was stored."""
        self.aggregator = PartitionAggregator.load(0, self.table.items(), self.config)

    def close(self) -> None:
        """Let hours pass without events."""
        for now_ms in (0, 4 * 3_600_000):
            self._keep(self.aggregator.tick(now_ms))

    def cells(self, dimension: Dimension, measure: Measure) -> list[Cell]:
        """The newest state of each pane of a dimension that has the measure."""
        newest = {}
        for partial in self.partials:
            if partial.dimension == dimension:
                newest.update({part.pane.start_ms: part.pane for part in partial.panes})
        return [pane.cells[measure] for pane in newest.values() if measure in pane.cells]

    def summaries(self) -> list[dict[str, Any]]:
        """What was told of closed tasks, each once."""
        found = {task["id"]: task for task in self.tasks if task["kind"] == "summary"}
        return list(found.values())

    def _keep(self, changes: Changes) -> Changes:
        for key, value in changes.writes:
            if value is None:
                self.table.pop(key, None)
            else:
                self.table[key] = value
        self.partials += [Partial.from_bytes(value) for _, value in changes.partials]
        self.tasks += task_messages(changes)
        return changes

"""One pane of a dimension's history: what all source partitions have closed, and what is open.

Folding in is exact once: a partition closes its panes in the order of time, so that the start of
the last one that was folded in is a fence, kept for each partition in the same value.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from pipeline.windows.digest import ROOM_WHILE_OPEN, coarsened
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Pane, Resolution, merge_panes
from pipeline.windows.partial import PartialPane

TASK_MEASURES = (Measure.TASK_TOKENS, Measure.TASK_COST_USD, Measure.TASK_DURATION_MS)


@dataclass(slots=True)
class HistoryPane:
    """A pane of any resolution, with a fence for each source partition."""

    merged: Pane
    """What partitions have closed, without what waits."""
    folded: dict[int, int] = field(default_factory=dict)
    """By source partition: start of the last ten seconds that are in `pane`."""
    open: dict[int, PartialPane] = field(default_factory=dict)
    """By source partition: the latest state of a pane that can still change. Ten seconds only."""
    waiting: list[Pane] = field(default_factory=list)
    """Folded in, but not merged yet: a large pane is merged when it is packed, not for each part.

    So `merged` and `waiting` are what slots and journal have, and a pane that was loaded is merged
    in the same steps, to the same clusters, as one that was not.
    """
    view: Pane | None = None
    """All of it merged, for readers; None when something has come since."""

    @classmethod
    def empty(cls, start_ms: int, resolution: Resolution) -> HistoryPane:
        """Return a pane that holds nothing."""
        return cls(Pane(start_ms, resolution))

    @property
    def pane(self) -> Pane:
        """What partitions have closed."""
        if not self.waiting:
            return self.merged
        if self.view is None:
            start_ms, resolution = self.merged.start_ms, self.merged.resolution
            parts = (self.merged, *self.waiting)
            self.view = merge_panes(parts, start_ms, resolution, ROOM_WHILE_OPEN)
        return self.view

    def settle(self) -> None:
        """Merge what waits for good, since it is about to be packed."""
        self.merged = self.pane
        self.waiting.clear()
        self.view = None

    @property
    def data_end_ms(self) -> int:
        """The end of the last ten seconds that were folded in; without any, the pane's start."""
        if not self.folded:
            return self.merged.start_ms
        return max(self.folded.values()) + Resolution.TEN_SECONDS

    def replace_open(self, partition: int, part: PartialPane) -> bool:
        """Take a pane that is not final; False when what is here is as new or closed."""
        known = self.open.get(partition)
        if partition in self.folded or (known is not None and known.version >= part.version):
            return False
        self.open[partition] = part
        return True

    def fold(self, partition: int, part: Pane) -> bool:
        """Add ten seconds that a partition has closed; False when they are in already."""
        if part.start_ms <= self.folded.get(partition, -1):
            return False
        self.folded[partition] = part.start_ms
        self.open.pop(partition, None)
        self.waiting.append(part)
        self.view = None
        return True

    def compacted(self) -> HistoryPane:
        """Return the pane with digests for storage; for one that is hardly added to any more."""
        merged = merge_panes((self.pane,), self.pane.start_ms, self.pane.resolution)
        if self.pane.resolution >= Resolution.HOUR:
            for cell in merged.cells.values():
                cell.digest = coarsened(cell.digest)
        return self if merged == self.pane else HistoryPane(merged, self.folded, self.open)

    def thinned(self, keep: Collection[Measure]) -> HistoryPane:
        """Return the pane with the digests of some measures only; counters and sums stay."""
        cells = {
            measure: cell
            if measure in keep or not cell.digest.means
            else Cell(cell.count, cell.total, cell.squares)
            for measure, cell in self.pane.cells.items()
        }
        if cells == self.pane.cells:
            return self
        pane = Pane(self.pane.start_ms, self.pane.resolution, self.pane.counters, cells)
        return HistoryPane(pane, self.folded, self.open)

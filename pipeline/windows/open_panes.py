"""The panes of one source partition that can still change, each with its fence.

A pane's fence is its `Version`: an offset, and the event time of the last closing applied at that
offset. What comes with a version at or below the one that was stored is in the pane already. The
stored value of a pane is the very JSON that its partial carries, so that it is written once.
"""

from __future__ import annotations

from collections import Counter as Counting
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import mul
from typing import Any

import orjson

from pipeline.errors import InputError
from pipeline.windows.codec import cell_to_json, pane_from_json
from pipeline.windows.contributions import Contribution
from pipeline.windows.digest import ROOM_WHILE_OPEN, digest_of_weights
from pipeline.windows.digested import DIGESTED
from pipeline.windows.dimension import Dimension
from pipeline.windows.measure import Measure
from pipeline.windows.pane import (
    MAX_EXAMPLES,
    Cell,
    Counter,
    Example,
    Resolution,
)
from pipeline.windows.partial import Version

MAX_COUNTERS = 64
"""Counters a pane keeps apart; error types beyond them count as `error:other`."""

START: Version = (-1, 0)
"""Below every version."""


@dataclass(slots=True)
class OpenCell:
    """The values of one measure while they arrive: exact sums, and how often each value came."""

    digested: bool
    """Whether a digest is kept."""
    count: int = 0
    total: int = 0
    squares: int = 0
    weights: dict[int, int] = field(default_factory=dict)
    arrived: list[int] = field(default_factory=list)
    """Values, in kept units, that are not in the other fields yet."""

    def seal(self) -> dict[str, Any]:
        """Take in what arrived and return the cell as JSON; what is kept is what that says."""
        arrived = self.arrived
        if arrived:
            self.count += len(arrived)
            self.total += sum(arrived)
            self.squares += sum(map(mul, arrived, arrived))
            if self.digested:
                counted = Counting(arrived)
                for value, times in self.weights.items():
                    counted[value] += times
                self.weights = counted
            arrived.clear()
        digest = digest_of_weights(self.weights, ROOM_WHILE_OPEN)
        if len(digest.means) < len(self.weights):
            self.weights = dict(zip(digest.means, digest.weights, strict=True))
        return cell_to_json(Cell(self.count, self.total, self.squares, digest))


@dataclass(slots=True)
class OpenPane:
    """One pane of ten seconds while it can change."""

    dimension: Dimension
    start_ms: int
    stored: Version = START
    """The version up to which the pane was complete when it was last stored."""
    version: Version = START
    counters: dict[str, int] = field(default_factory=dict)
    cells: dict[Measure, OpenCell] = field(default_factory=dict)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    encoded: bytes = b""
    """What `encode` returned last."""

    @property
    def end_ms(self) -> int:
        """The end of the span, exclusive."""
        return self.start_ms + Resolution.TEN_SECONDS

    def add(self, contribution: Contribution, version: Version) -> None:
        """Add what a group of events or a closed task contributes."""
        counters = self.counters
        for name, change in contribution.counters.items():
            if name in counters:
                counters[name] += change
            elif len(counters) < MAX_COUNTERS or ":" not in name:
                counters[name] = change
            else:
                other = f"{Counter.ERROR_PREFIX}other"
                counters[other] = counters.get(other, 0) + change
        for measure, values in contribution.values.items():
            cell = self.cells.get(measure)
            if cell is None:
                cell = self.cells[measure] = OpenCell(measure in DIGESTED[self.dimension.kind])
            cell.arrived += values
        for name, example in contribution.examples.items():
            # sorted and cut when the pane is encoded
            self.examples.setdefault(name, []).append(example)
        if version > self.version:
            self.version = version

    def encode(self) -> bytes:
        """Return the value to store, which is also the pane's JSON in a partial."""
        self.stored = self.version
        for examples in self.examples.values():
            examples.sort(reverse=True)
            del examples[MAX_EXAMPLES:]
        self.encoded = orjson.dumps(
            {
                "start_ms": self.start_ms,
                "resolution_ms": int(Resolution.TEN_SECONDS),
                "counters": self.counters,
                "measures": {measure.value: cell.seal() for measure, cell in self.cells.items()},
                "examples": self.examples,
                "version": self.version,
            }
        )
        return self.encoded

    @classmethod
    def from_bytes(cls, dimension: Dimension, data: bytes) -> OpenPane:
        """Read what `encode` wrote; raise `InputError` for anything else."""
        try:
            value: dict[str, Any] = orjson.loads(data)
            pane = pane_from_json(value)
            version = (int(value["version"][0]), int(value["version"][1]))
        except (KeyError, TypeError, ValueError):
            raise InputError("stored pane cannot be read") from None
        return cls(
            dimension=dimension,
            start_ms=pane.start_ms,
            stored=version,
            version=version,
            counters=pane.counters,
            cells={
                measure: OpenCell(
                    measure in DIGESTED[dimension.kind],
                    cell.count,
                    cell.total,
                    cell.squares,
                    dict(zip(cell.digest.means, cell.digest.weights, strict=True)),
                )
                for measure, cell in pane.cells.items()
            },
            examples=pane.examples,
            encoded=data,
        )


class OpenPanes:
    """All open panes of a partition, and which of them changed since they were stored."""

    def __init__(self) -> None:
        self._panes: dict[tuple[str, int], OpenPane] = {}
        self._changed: dict[tuple[str, int], OpenPane] = {}

    def __len__(self) -> int:
        return len(self._panes)

    def restore(self, pane: OpenPane) -> None:
        """Take in a stored pane; it counts as changed, so that its partial is published again."""
        self._panes[pane.dimension.key, pane.start_ms] = pane
        self._changed[pane.dimension.key, pane.start_ms] = pane

    def add(
        self, dimensions: Iterable[Dimension], start_ms: int, found: Contribution, version: Version
    ) -> None:
        """Add to the panes at `start_ms`, except to those that hold that version already."""
        for dimension in dimensions:
            key = dimension.key, start_ms
            pane = self._panes.get(key)
            if pane is None:
                pane = self._panes[key] = OpenPane(dimension, start_ms)
            if version > pane.stored:
                pane.add(found, version)
                self._changed[key] = pane

    def take_changed(self) -> list[OpenPane]:
        """Return the panes that changed since the last call."""
        changed = list(self._changed.values())
        self._changed.clear()
        return changed

    def close(self, watermark_ms: int) -> list[OpenPane]:
        """Remove and return the panes that end at or before the watermark."""
        closed = [pane for pane in self._panes.values() if pane.end_ms <= watermark_ms]
        for pane in closed:
            del self._panes[pane.dimension.key, pane.start_ms]
        return closed

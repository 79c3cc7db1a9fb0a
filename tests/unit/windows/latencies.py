"""Panes of a tool from its latencies."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.windows.digest import digest_of
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Counter, Pane, Resolution


def pane_of(
    start_ms: int, values: Sequence[int], resolution: Resolution = Resolution.TEN_SECONDS
) -> Pane:
    """Return the pane of calls that took `values` (µs each)."""
    cell = Cell(len(values), sum(values), sum(v * v for v in values), digest_of(values))
    return Pane(start_ms, resolution, {Counter.EVENTS: len(values)}, {Measure.LATENCY_MS: cell})

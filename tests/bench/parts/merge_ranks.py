"""Rank errors of quantiles after every merge on the way from ten seconds to seven days.

Calls of one tool, most of them fast, some slow, some equal, come through four source partitions:
every twenty minutes for days, every ten seconds in the last half hour. What is stored is compacted,
coarsened and thinned as time goes by. After each ten seconds every published window that has
changed is compared with the exact quantiles of the same calls.
"""

from __future__ import annotations

import random
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence

from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Resolution
from pipeline.windows.partial import Partial, PartialPane
from pipeline.windows.stats import Window
from tests.unit.windows.latencies import pane_of

QUANTILES = (0.5, 0.95, 0.99)
PARTITIONS = 4
CALLS = 60
"""In ten seconds of a partition."""
SPARSE_MS = 20 * int(Resolution.MINUTE)
DENSE_MS = 30 * int(Resolution.MINUTE)
LONG_EVERY = 18
"""The seven days are compared every so many steps: a day's change moves them little."""
_TEN_MS = int(Resolution.TEN_SECONDS)
_START_MS = 20_000 * int(Resolution.DAY)
_TOOL = Dimension(DimensionKind.TOOL, ("search",))


def run(days: int, step: Callable[[int], None]) -> dict[str, float]:
    """Return the largest rank error by window."""
    chance = random.Random(11)
    histories = Histories()
    starts: list[int] = []
    calls: list[list[int]] = []
    worst = dict.fromkeys((window.label for window in Window), 0.0)
    end_ms = _START_MS + days * int(Resolution.DAY)
    dense_ms = end_ms - DENSE_MS
    times = [*range(_START_MS, dense_ms, SPARSE_MS), *range(dense_ms, end_ms, _TEN_MS)]
    for number, start_ms in enumerate(times):
        starts.append(start_ms)
        calls.append([])
        for partition in range(PARTITIONS):
            values = [_latency(chance) for _ in range(CALLS)]
            calls[-1] += values
            histories.apply(_partial(partition, start_ms, values))
        for _ in histories.take_writes():
            pass
        for window in Window:
            if window is Window.SEVEN_DAYS and number % LONG_EVERY and start_ms < end_ms - _TEN_MS:
                continue
            stats = histories.window(_TOOL, window, start_ms + _TEN_MS)
            expected = sorted(
                value for found in calls[bisect_left(starts, stats.start_ms) :] for value in found
            )
            latency = stats.measures[Measure.LATENCY_MS]
            errors = (rank_error(expected, latency.quantile(q) * 1000, q) for q in QUANTILES)
            worst[window.label] = max(worst[window.label], *errors)
        step(1)
    return worst


def rank_error(ascending: Sequence[int], found: float, q: float) -> float:
    """Return how far `found` is from the `q` quantile, in ranks as a share; ties are met.

    Half a rank is free: between two neighbouring values every number is as good a quantile.
    """
    count = len(ascending)
    below = bisect_left(ascending, found - 0.5) / count
    up_to = bisect_right(ascending, found + 0.5) / count
    return max(0.0, below - q - 0.5 / count, q - up_to - 0.5 / count)


def _latency(chance: random.Random) -> int:
    kind = chance.random()
    if kind < 0.1:
        return 5_000
    return round(chance.lognormvariate(14.5 if kind > 0.93 else 10.6, 0.6))


def _partial(partition: int, start_ms: int, values: list[int]) -> Partial:
    part = PartialPane(pane_of(start_ms, values), (start_ms, 0))
    return Partial(_TOOL, partition, start_ms + _TEN_MS, (part,))

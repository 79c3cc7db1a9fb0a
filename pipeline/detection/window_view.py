"""Reads panes and signals the way rules ask for them.

What a rule asks for is computed when it asks: counts and sums of a window cost little, its merged
digest much, and most looks end before a quantile is needed.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from pipeline.amounts import bounded, bounded_squares
from pipeline.detection.measures import SHARES, SIGNALS, Share, kind_of
from pipeline.detection.signals import SignalBuffer
from pipeline.detection.view import Dimension, Stats
from pipeline.windows.digest import Digest, merge_digests
from pipeline.windows.dimension import Dimension as PaneDimension
from pipeline.windows.dimension import DimensionKind
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Counter, Pane, merge_counters, merge_examples

_TASK_MEASURES = {Measure.TASK_TOKENS, Measure.TASK_COST_USD, Measure.TASK_DURATION_MS}


class PaneSource(Protocol):
    """Where panes come from: the merged history of all partitions."""

    def dimensions(self, kind: DimensionKind, since_ms: int) -> Iterable[PaneDimension]:
        """Return the dimensions of a kind with panes at or after `since_ms`."""
        ...

    def panes(self, dimension: PaneDimension, start_ms: int, end_ms: int) -> Sequence[Pane]:
        """Return the panes that tile [start_ms, end_ms), as coarse as the span allows."""
        ...


@dataclass(frozen=True)
class SignalDimension:
    """A dimension that only signals have."""

    items: tuple[tuple[str, str], ...]

    @property
    def labels(self) -> Mapping[str, str]:
        """Names and values."""
        return dict(self.items)


class DetectionView:
    """Answers `WindowView` from panes and signals."""

    def __init__(self, source: PaneSource, signals: SignalBuffer) -> None:
        self._source = source
        self._signals = signals

    def dimension(self, labels: Mapping[str, str]) -> Dimension:
        """Return the pane dimension with these labels, or a signal's where panes have none."""
        kind = kind_of(frozenset(labels))
        if kind is None:
            return SignalDimension(tuple(sorted(labels.items())))
        return PaneDimension(kind, tuple(labels[name] for name in kind.label_names))

    def dimensions(self, keys: Sequence[str], since: float) -> Iterator[Dimension]:
        """Yield the dimensions with these label names, those of panes first."""
        seen: set[Dimension] = set()
        kind = kind_of(frozenset(keys))
        if kind is not None:
            for dimension in self._source.dimensions(kind, _ms(since)):
                seen.add(dimension)
                yield dimension
        for labels in self._signals.labels(keys, since):
            found = self.dimension(dict(labels))
            if found not in seen:
                yield found

    def within(self, dimension: Dimension, key: str, since: float) -> Iterator[Dimension]:
        """Yield the parts of a dimension by one more label."""
        labels = dict(dimension.labels)
        kind = kind_of(frozenset((*labels, key)))
        if kind is None:
            return
        for part in self._source.dimensions(kind, _ms(since)):
            if labels.items() < part.labels.items():
                yield part

    def stats(self, dimension: Dimension, measure: str, start: float, end: float) -> Stats:
        """Return the statistics of a span."""
        if measure in SIGNALS:
            return self._signals.stats(dimension.labels, measure, start, end)
        panes = self._panes(dimension, start, end)
        share = SHARES.get(measure)
        if share is not None:
            return ShareStats.of(share, panes)
        return PaneStats(Measure(measure), panes)

    def reasons(
        self, dimension: Dimension, measure: str, start: float, end: float, limit: int
    ) -> Sequence[tuple[str, int]]:
        """Return the most frequent error types of a span; of tasks, those of bad tasks."""
        if measure in SIGNALS:
            return []
        counters = merge_counters(pane.counters for pane in self._panes(dimension, start, end))
        prefix = SHARES[measure].causes if measure in SHARES else Counter.ERROR_PREFIX
        errors = [
            (name.removeprefix(prefix), count)
            for name, count in counters.items()
            if name.startswith(prefix) and count > 0
        ]
        return sorted(errors, key=lambda item: (-item[1], item[0]))[:limit]

    def examples(
        self, dimension: Dimension, measure: str, start: float, end: float, limit: int
    ) -> Sequence[str]:
        """Return trace ids of the worst cases: of the measure, else of failures."""
        if measure in SIGNALS:
            return self._signals.examples(dimension.labels, measure, start, end, limit)
        found = merge_examples(pane.examples for pane in self._panes(dimension, start, end))
        name = SHARES[measure].worst if measure in SHARES else measure
        worst = found.get(name) or found.get(Counter.FAILURE, [])
        return list(dict.fromkeys(trace_id for _, trace_id in worst))[:limit]

    def _panes(self, dimension: Dimension, start: float, end: float) -> Sequence[Pane]:
        if not isinstance(dimension, PaneDimension) or end <= start:
            return ()
        return self._source.panes(dimension, _ms(start), _ms(end))


@dataclass(frozen=True)
class ShareStats:
    """How many, and how many bad, from counters of panes."""

    count: int
    failures: int

    @classmethod
    def of(cls, share: Share, panes: Iterable[Pane]) -> ShareStats:
        """Add up the counters; a failure that a later retry took back is none."""
        count = failures = 0
        for pane in panes:
            count += sum(pane.counters.get(name, 0) for name in share.of)
            failures += pane.counters.get(share.bad, 0) if share.bad else 0
        return cls(max(count, 0), max(failures, 0))

    @property
    def total(self) -> float:
        """The bad ones: a share is the mean of zeros and ones."""
        return float(self.failures)

    @property
    def mean(self) -> float:
        """The share of bad ones; 0 without any."""
        return self.failures / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """Sample variance of the zeros and ones."""
        mean = self.mean
        return mean * (1 - mean) * self.count / (self.count - 1) if self.count > 1 else 0.0

    @property
    def maximum(self) -> float:
        """1 when any is bad."""
        return float(self.failures > 0)

    def share_above(self, value: float) -> float:
        """Return the share of zeros and ones above `value`."""
        return 1.0 if value < 0 else self.mean if value < 1 else 0.0

    def quantile(self, q: float) -> float:
        """Return the quantile of zeros and ones."""
        return float(q > 1 - self.mean)


class PaneStats:
    """One measure over panes, in the measure's unit; the digest is merged when asked for."""

    def __init__(self, measure: Measure, panes: Sequence[Pane]) -> None:
        self._scale = measure.scale
        self._bad = Counter.TASK_FAILURE if measure in _TASK_MEASURES else Counter.FAILURE
        self._panes = panes
        self._cells: list[Cell] = [p.cells[measure] for p in panes if measure in p.cells]
        self.count = sum(cell.count for cell in self._cells)

    @property
    def failures(self) -> int:
        """Bad ones among what the measure is about."""
        return max(0, sum(pane.counters.get(self._bad, 0) for pane in self._panes))

    @property
    def total(self) -> float:
        """Sum of the values."""
        return self._sum / self._scale

    @property
    def mean(self) -> float:
        """Mean of the values; 0 without any."""
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """Sample variance, from exact integers; 0 with fewer than two values."""
        if self.count < 2:
            return 0.0
        total = self._sum
        squares = bounded_squares(sum(cell.squares for cell in self._cells))
        spread = self.count * squares - total * total
        return spread / (self.count * (self.count - 1)) / self._scale**2

    @property
    def maximum(self) -> float:
        """Largest value; 0 without any."""
        return max((cell.digest.maximum for cell in self._cells), default=0) / self._scale

    def share_above(self, value: float) -> float:
        """Return the share of values above `value`, from the centroids as they are."""
        limit = value * self._scale
        above = 0
        for cell in self._cells:
            first = bisect_right(cell.digest.means, limit)
            above += sum(cell.digest.weights[first:])
        return above / self.count if self.count else 0.0

    def quantile(self, q: float) -> float:
        """Return the `q` quantile; 0 without any values."""
        return self._digest.quantile(q) / self._scale

    @cached_property
    def _sum(self) -> int:
        return bounded(sum(cell.total for cell in self._cells))

    @cached_property
    def _digest(self) -> Digest:
        return merge_digests(cell.digest for cell in self._cells)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)

"""Single facts that no pane holds, kept for as long as a rule's window can reach.

A signal has an id that does not depend on when it is read (its topic, partition and offset), so
that one that is delivered again after a crash is not counted twice.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.detection.durations import HOUR

Labels = tuple[tuple[str, str], ...]
_Series = tuple[str, Labels]


@dataclass(frozen=True, order=True)
class Signal:
    """One fact at a time (seconds of event time)."""

    time: float
    id: str
    measure: str
    """A name of `measures.SIGNALS`."""
    labels: Labels = ()
    """Sorted names and values."""
    value: float = 1.0
    trace_id: str = ""


@dataclass(frozen=True)
class SignalStats:
    """Statistics of the signals of a span; answers `view.Stats`."""

    values: tuple[float, ...] = ()
    failures: int = 0

    @property
    def count(self) -> int:
        """How many signals."""
        return len(self.values)

    @property
    def total(self) -> float:
        """Sum of their values."""
        return sum(self.values)

    @property
    def mean(self) -> float:
        """Mean of their values; 0 without any."""
        return self.total / self.count if self.values else 0.0

    @property
    def variance(self) -> float:
        """Sample variance; 0 with fewer than two."""
        mean = self.mean
        spread = sum((value - mean) ** 2 for value in self.values)
        return spread / (self.count - 1) if self.count > 1 else 0.0

    @property
    def maximum(self) -> float:
        """Largest value; 0 without any."""
        return max(self.values, default=0.0)

    def share_above(self, value: float) -> float:
        """Return the share of values above `value`; 0 without any."""
        return sum(item > value for item in self.values) / self.count if self.values else 0.0

    def quantile(self, q: float) -> float:
        """Return the `q` quantile, the nearest value; 0 without any."""
        if not self.values:
            return 0.0
        return sorted(self.values)[min(self.count - 1, int(q * self.count))]


@dataclass
class SignalBuffer:
    """The signals of the last hour."""

    keep: float = HOUR
    _series: dict[_Series, list[Signal]] = field(default_factory=dict)
    _ids: dict[str, float] = field(default_factory=dict)

    def add(self, signal: Signal) -> bool:
        """Take a signal; False when its id is known already."""
        if signal.id in self._ids:
            return False
        self._ids[signal.id] = signal.time
        insort(self._series.setdefault((signal.measure, signal.labels), []), signal)
        return True

    def expire(self, now: float) -> None:
        """Drop what is older than `keep` at `now`."""
        horizon = now - self.keep
        self._ids = {id_: time for id_, time in self._ids.items() if time >= horizon}
        for series, signals in list(self._series.items()):
            del signals[: _first(signals, horizon)]
            if not signals:
                del self._series[series]

    def drop(self, measure: str, after: float) -> list[str]:
        """Forget the signals of `measure` at and after a time; return their ids."""
        gone: list[str] = []
        for (kind, labels), signals in list(self._series.items()):
            if kind != measure:
                continue
            first = _first(signals, after)
            gone += (signal.id for signal in signals[first:])
            del signals[first:]
            if not signals:
                del self._series[kind, labels]
        for id_ in gone:
            del self._ids[id_]
        return gone

    def labels(self, names: Iterable[str], since: float) -> list[Labels]:
        """Return the label sets with exactly these names that have signals since then."""
        wanted = tuple(sorted(names))
        return [
            labels
            for (_, labels), signals in self._series.items()
            if tuple(name for name, _ in labels) == wanted and signals[-1].time >= since
        ]

    def stats(
        self, labels: Mapping[str, str], measure: str, start: float, end: float
    ) -> SignalStats:
        """Return the statistics of a span, [start, end)."""
        return SignalStats(tuple(s.value for s in self._span(labels, measure, start, end)))

    def examples(
        self, labels: Mapping[str, str], measure: str, start: float, end: float, limit: int
    ) -> list[str]:
        """Return the trace ids of the latest signals of a span."""
        span = reversed(self._span(labels, measure, start, end))
        return list(dict.fromkeys(s.trace_id for s in span if s.trace_id))[:limit]

    def _span(
        self, labels: Mapping[str, str], measure: str, start: float, end: float
    ) -> list[Signal]:
        signals = self._series.get((measure, tuple(sorted(labels.items()))), [])
        return signals[_first(signals, start) : _first(signals, end)]


def _first(signals: list[Signal], time: float) -> int:
    """Return the index of the first signal at or after `time`."""
    return bisect_left(signals, time, key=lambda signal: signal.time)

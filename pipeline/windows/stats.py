"""Statistics of a window: the numbers people and rules read, and the digest that SQL can merge."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import nan
from typing import Any

import orjson

from pipeline.windows.digest import Digest
from pipeline.windows.dimension import Dimension
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Counter, Example, Resolution

SCHEMA_VERSION = 1


class Window(Enum):
    """The windows that are published: name, length in ms, and the step of its left edge.

    A window's right edge moves on with every ten seconds; its left edge moves in steps, because
    older panes are coarser, and is rounded towards the right: a window is never longer than its
    name says, and shorter by less than one step. `WindowStats` states both edges.
    """

    ONE_MINUTE = ("1m", 60_000, Resolution.TEN_SECONDS)
    FIVE_MINUTES = ("5m", 300_000, Resolution.TEN_SECONDS)
    ONE_HOUR = ("1h", 3_600_000, Resolution.MINUTE)
    ONE_DAY = ("24h", 86_400_000, Resolution.HOUR)
    SEVEN_DAYS = ("7d", 7 * 86_400_000, Resolution.DAY)

    def __init__(self, label: str, length_ms: int, step: Resolution) -> None:
        self.label = label
        self.length_ms = length_ms
        self.step = step

    def start_ms(self, end_ms: int) -> int:
        """Return the left edge of the window that ends at `end_ms`."""
        return -self.step.floor(self.length_ms - end_ms)


@dataclass(frozen=True, slots=True)
class MeasureStats:
    """One measure over a window, in the unit of the measure's name.

    Where the dimension keeps no digest of the measure (see `digested`), quantiles and maximum are
    NaN, which JSON and SQL show as null; the others are exact all the same.
    """

    count: int
    failures: int
    """Bad ones among the steps, calls or tasks that the measure is about."""
    total: float
    mean: float
    variance: float
    """Sample variance; 0 with fewer than two values."""
    maximum: float
    p50: float
    p90: float
    p95: float
    p99: float
    digest: Digest
    """In kept units; `scale` of them make one unit."""
    scale: int

    def quantile(self, q: float) -> float:
        """Return the `q` quantile (0 ≤ q ≤ 1); NaN without a digest."""
        return self.digest.quantile(q) / self.scale if self.digest.means else nan

    def centroids(self) -> tuple[list[float], list[int]]:
        """Return means and weights in the measure's unit, for `quantilesTDigestWeighted`.

        ClickHouse keeps means as float32: they are rounded to it there, not here.
        """
        return [mean / self.scale for mean in self.digest.means], list(self.digest.weights)

    def to_json(self) -> dict[str, Any]:
        """Return the statistics as a JSON object; what is NaN becomes null."""
        means, weights = self.centroids()
        names = ("count", "failures", "total", "mean", "variance")
        quantiles = ("maximum", "p50", "p90", "p95", "p99")
        found = {name: getattr(self, name) for name in (*names, *quantiles)}
        return {**found, "means": means, "weights": weights}

    @classmethod
    def of(cls, measure: Measure, cell: Cell, failures: int = 0) -> MeasureStats:
        """Compute the statistics of a cell."""
        scale = measure.scale
        count, total = cell.count, cell.total
        # integers throughout: the textbook formula loses all digits in floats
        spread = count * cell.squares - total * total
        digest = cell.digest
        if digest.means:
            p50, p90, p95, p99 = digest.quantiles((0.5, 0.9, 0.95, 0.99))
            maximum: float = digest.maximum
        else:
            p50 = p90 = p95 = p99 = maximum = nan
        return cls(
            count=count,
            failures=max(failures, 0),
            total=total / scale,
            mean=total / count / scale if count else 0.0,
            variance=spread / (count * (count - 1)) / scale**2 if count > 1 else 0.0,
            maximum=maximum / scale,
            p50=p50 / scale,
            p90=p90 / scale,
            p95=p95 / scale,
            p99=p99 / scale,
            digest=digest,
            scale=scale,
        )


@dataclass(frozen=True, slots=True)
class WindowStats:
    """One dimension over one span of event time, [start_ms, end_ms)."""

    dimension: Dimension
    start_ms: int
    end_ms: int
    counters: Mapping[str, int]
    measures: Mapping[Measure, MeasureStats]
    examples: Mapping[str, list[Example]]
    final: bool
    """Whether every source partition has closed the span; if not, it can still change."""

    @property
    def count(self) -> int:
        """Events in the window."""
        return self.counters.get(Counter.EVENTS, 0)

    @property
    def rate(self) -> float:
        """Events a second."""
        return self.count * 1000 / (self.end_ms - self.start_ms)

    @property
    def success(self) -> int:
        """Steps or logical calls that ended well."""
        return max(self.counters.get(Counter.SUCCESS, 0), 0)

    @property
    def failure(self) -> int:
        """Steps or logical calls that ended badly."""
        return max(self.counters.get(Counter.FAILURE, 0), 0)

    def to_bytes(self, window: str) -> bytes:
        """Return the message value under a window's name, see schemas/topics/window.v1.json."""
        return orjson.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "dimension": {"kind": self.dimension.kind, "labels": self.dimension.labels},
                "window": window,
                "start_ms": self.start_ms,
                "end_ms": self.end_ms,
                "final": self.final,
                "count": self.count,
                "rate": self.rate,
                "success": self.success,
                "failure": self.failure,
                "success_rate": self.success_rate,
                "counters": self.counters,
                "measures": {name.value: each.to_json() for name, each in self.measures.items()},
                "examples": {
                    name: [trace_id for _, trace_id in found]
                    for name, found in self.examples.items()
                },
            }
        )

    @property
    def success_rate(self) -> float | None:
        """Share of the good among good and bad; None when there were neither."""
        ended = self.success + self.failure
        return self.success / ended if ended else None

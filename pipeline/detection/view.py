"""What detection reads: statistics of one dimension and one measure over a span of event time.

The history of `pipeline.windows` answers this protocol through `window_view`; tests answer it with
generated series. Spans are laid so that rolled-up panes serve them, see `spans`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol


class Dimension(Protocol):
    """What a series is about, for instance one tool, or one release of one workflow."""

    @property
    def labels(self) -> Mapping[str, str]:
        """Names and values, such as `{"workflow": "refund", "release": "2.3.0"}`."""
        ...

    def __hash__(self) -> int:
        """Dimensions are keys of dictionaries."""
        ...


class Stats(Protocol):
    """One measure of one dimension over one span; a span without data has count 0."""

    @property
    def count(self) -> int:
        """How many values (calls, tasks, events)."""
        ...

    @property
    def failures(self) -> int:
        """How many of them were bad, where the measure is good or bad; else 0."""
        ...

    @property
    def total(self) -> float:
        """Sum of the values, in the measure's unit."""
        ...

    @property
    def mean(self) -> float:
        """Mean of the values; 0 when there are none."""
        ...

    @property
    def variance(self) -> float:
        """Sample variance of the values; 0 with fewer than two."""
        ...

    @property
    def maximum(self) -> float:
        """Largest value; 0 when there are none."""
        ...

    def share_above(self, value: float) -> float:
        """Return the share of values above `value`; far cheaper than a quantile."""
        ...

    def quantile(self, q: float) -> float:
        """Return the `q` quantile (0 ≤ q ≤ 1) from the digest; 0 when there are no values."""
        ...


class WindowView(Protocol):
    """Read access to windows. Spans are half open, [start, end), in seconds of event time."""

    def dimension(self, labels: Mapping[str, str]) -> Dimension:
        """Return the dimension with these labels, whether it has data or not."""
        ...

    def dimensions(self, keys: Sequence[str], since: float) -> Iterable[Dimension]:
        """Return the dimensions with exactly these label names and data at or after `since`."""
        ...

    def within(self, dimension: Dimension, key: str, since: float) -> Iterable[Dimension]:
        """Return the parts of `dimension` by one more label, with data at or after `since`."""
        ...

    def stats(self, dimension: Dimension, measure: str, start: float, end: float) -> Stats:
        """Return the statistics of a measure over a span."""
        ...

    def reasons(
        self, dimension: Dimension, measure: str, start: float, end: float, limit: int
    ) -> Sequence[tuple[str, int]]:
        """Return the most frequent causes of the bad ones, with their counts, highest first."""
        ...

    def examples(
        self, dimension: Dimension, measure: str, start: float, end: float, limit: int
    ) -> Sequence[str]:
        """Return up to `limit` trace ids from the span, the worst ones first."""
        ...

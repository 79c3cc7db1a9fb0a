"""What is measured. Values are kept as whole numbers of a small unit, so that sums are exact.

A sum of floats depends on the order of its terms; a sum of integers does not, so that panes that
are built live, replayed or merged from partitions in any order hold the very same totals.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Measure(StrEnum):
    """A quantity with a distribution; the name carries the unit that people see."""

    LATENCY_MS = "latency_ms"
    """A step's latency; for tool dimensions an attempt's. Kept in microseconds."""
    TOKENS = "tokens"
    """Tokens in and out of one LLM call."""
    COST_USD = "cost_usd"
    """Cost of one LLM call. Kept in billionths of a dollar."""
    TASK_TOKENS = "task_tokens"
    """Tokens of one closed task."""
    TASK_COST_USD = "task_cost_usd"
    """Cost of one closed task. Kept in billionths of a dollar."""
    TASK_DURATION_MS = "task_duration_ms"
    """First event to end of one closed task. Kept in microseconds."""

    @property
    def scale(self) -> int:
        """How many kept units make one unit that people see."""
        return _SCALES[self]

    def to_units(self, value: float) -> int:
        """Return `value` (in the unit of the name) as a whole number of kept units."""
        return round(value * _SCALES[self])


_SCALES: dict[Measure, int] = {
    Measure.LATENCY_MS: 1000,
    Measure.TOKENS: 1,
    Measure.COST_USD: 1_000_000_000,
    Measure.TASK_TOKENS: 1,
    Measure.TASK_COST_USD: 1_000_000_000,
    Measure.TASK_DURATION_MS: 1000,
}

NAMES: Final = {measure: measure.value for measure in Measure}
"""For the hot path: an enumeration works out each `value` anew."""

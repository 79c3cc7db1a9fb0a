"""How long history is kept, by resolution: fine for the recent, coarse for the old.

Digests are what takes room, so hours keep theirs for as long as the 24-hour window reaches; then
they keep counters and sums, for burn rates over three days. The hours of workflows also keep the
digests of tasks, for a week: they are compared with the same hours of the week before.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.windows.dimension import DimensionKind
from pipeline.windows.pane import Resolution

_MINUTE, _HOUR, _DAY = int(Resolution.MINUTE), int(Resolution.HOUR), int(Resolution.DAY)

WEEKLY_KINDS = frozenset(
    (
        DimensionKind.WORKFLOW,
        DimensionKind.WORKFLOW_RELEASE,
        DimensionKind.WORKFLOW_MODEL,
        DimensionKind.WORKFLOW_PROMPT_VERSION,
    )
)
"""Kinds whose hours are compared with those of the week before."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How long panes are kept after their end, in milliseconds of event time."""

    ten_seconds_ms: int = 6 * _MINUTE
    minute_ms: int = 65 * _MINUTE
    hour_ms: int = 75 * _HOUR
    weekly_hour_ms: int = 8 * _DAY
    """Hours, for the kinds that are compared with the week before."""
    day_ms: int = 15 * _DAY
    full_hour_ms: int = 25 * _HOUR
    """Hours older than this keep no digests, except those that are compared."""

    def kept_ms(self, kind: DimensionKind, resolution: Resolution) -> int:
        """Return how long panes of this resolution are kept."""
        if resolution is Resolution.TEN_SECONDS:
            return self.ten_seconds_ms
        if resolution is Resolution.MINUTE:
            return self.minute_ms
        if resolution is Resolution.DAY:
            return self.day_ms
        return self.weekly_hour_ms if kind in WEEKLY_KINDS else self.hour_ms

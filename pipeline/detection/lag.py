"""How many seconds a consumer group is behind, from offsets alone.

A group is as far behind as the oldest message it has not committed is old. Messages are not read
for that: a record that lies at or before an end that was seen at some moment is at least as old as
that moment. So the figure is a lower bound, exact to the time between two looks, and begins at 0
when the first look finds a backlog.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from pipeline.detection.signals import Signal

Place = tuple[str, str, int]
"""Group, topic, partition."""
Position = tuple[int, int]
"""Committed offset, and the end of the partition."""

LAG_MEASURE = "lag_seconds"
KEPT = 512
"""Moments that are remembered for a partition; of more, every second one is forgotten."""


@dataclass(slots=True)
class LagMeter:
    """Remembers when each partition had which end."""

    _ends: dict[Place, deque[tuple[float, int]]] = field(default_factory=dict)

    def observe(self, now: float, positions: Mapping[Place, Position]) -> dict[str, float]:
        """Return how many seconds each group is behind in its slowest partition.

        `now` in seconds of any clock that does not go back; a partition that is not among the
        positions is forgotten.
        """
        self._ends = {place: ends for place, ends in self._ends.items() if place in positions}
        behind: dict[str, float] = {}
        for place, (committed, end) in positions.items():
            ends = self._ends.setdefault(place, deque())
            if not ends or end != ends[-1][1]:
                ends.append((now, end))
            while ends and ends[0][1] <= committed:
                ends.popleft()
            if len(ends) > KEPT:
                self._ends[place] = deque(list(ends)[::2])
            seconds = now - ends[0][0] if ends else 0.0
            behind[place[0]] = max(behind.get(place[0], 0.0), seconds)
        return behind


def lag_signals(behind: Mapping[str, float], event_time: float) -> Iterable[Signal]:
    """Yield a signal for each group at `event_time` (seconds): that of the detector's last tick.

    Not the wall clock's: where the pipeline is behind, event time is too, and a rule would look
    for the lag only when it is over. One for a group and tick.
    """
    for group, seconds in sorted(behind.items()):
        yield Signal(
            time=event_time,
            id=f"lag:{group}:{event_time:.0f}",
            measure=LAG_MEASURE,
            labels=(("group", group),),
            value=seconds,
        )

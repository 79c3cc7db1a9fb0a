"""A source that stopped reporting although its rhythm says it should have reported.

Silence is measured in missed events, not in minutes: what the same source sent in the same span of
former days. A night without calls is no silence for a tool of office hours, and three minutes are
one for a busy agent. What former days give is the shape; the level is that of the source just
before it fell silent, so that a slow day is not compared with a fast one. And the longest normal
gap of the last two weeks, in missed events too, keeps irregular sources quiet.
"""

from __future__ import annotations

from pipeline.detection.durations import DAY, HOUR, MINUTE, WEEK
from pipeline.detection.finding import Details, Finding, Look
from pipeline.detection.rules.model import SilenceRule
from pipeline.detection.spans import floor_to
from pipeline.detection.statistics import second_highest

DAYS = 7
LEVEL_SPAN = 3 * HOUR
MAX_SCALE = 4.0
MIN_GAP = MINUTE


class SilenceEvaluator:
    """Judges a `SilenceRule`; remembers for each source when it was seen and its longest gap."""

    def __init__(self, rule: SilenceRule) -> None:
        self._rule = rule

    def judge(self, look: Look) -> Finding | None:
        """Count what came since the last look; when nothing came, weigh the gap."""
        rule, memory = self._rule, look.memory
        if "last_seen" not in memory:
            memory["first_seen"] = self._first_seen(look)
            memory["watched_since"] = memory["last_seen"] = memory["checked"] = look.now
            return None
        fresh = self._count(look, memory["checked"], look.now)
        memory["checked"] = look.now
        gap = look.now - memory["last_seen"]
        if fresh:
            if gap - rule.every >= MIN_GAP and not look.frozen:
                self._remember_gap(look, self._missed(look))
            memory["last_seen"] = look.now
            return None
        if gap < rule.min_silence or gap > rule.forget_after:
            return None
        # until its own gaps are known, an irregular source cannot be told from a silent one
        if memory["last_seen"] - memory["watched_since"] < rule.min_history:
            return None
        missed = self._missed(look)
        longest = max(memory.get("longest", 0.0), memory.get("longest_before", 0.0))
        threshold = max(rule.expected, rule.gap_factor * longest)
        if missed < threshold:
            return None
        return Finding(
            active=True,
            severity=rule.severity,
            value=missed,
            threshold=threshold,
            baseline=longest,
            start=memory["last_seen"],
            end=look.now,
            sample_size=0,
            ratio=missed / threshold,
            references={"longest": longest},
            details={"silent_seconds": gap, "last_seen": memory["last_seen"]},
        )

    def explain(self, look: Look, finding: Finding) -> Details:
        """Nothing to add: how long and how unusual is in the finding."""
        del look, finding
        return {}

    def _missed(self, look: Look) -> float:
        """Return how many events the gap since `last_seen` should have held.

        That is what the same span of last week held, and no more than what all but the busiest of
        the days since then would: the week knows weekends, the days know that last week's burst
        was one. In a source's first week there are only the days, and the quietest counts.
        """
        days = [
            self._scaled(look, days * DAY)
            for days in range(1, DAYS + 1)
            if look.memory["last_seen"] - days * DAY >= look.memory["first_seen"]
        ]
        if len(days) < DAYS:
            return min(days, default=0.0)
        return min(days[-1], second_highest(days[:-1]))

    def _scaled(self, look: Look, shift: float) -> float:
        """Return the count of the gap's span so long ago, at the level before the gap."""
        start, end = look.memory["last_seen"], look.now
        level = self._count(look, floor_to(start - LEVEL_SPAN, MINUTE), start)
        usual = self._prorated(look, start - LEVEL_SPAN - shift, start - shift)
        scale = min(level / usual, MAX_SCALE) if usual else 1.0
        return scale * self._prorated(look, start - shift, end - shift)

    def _prorated(self, look: Look, start: float, end: float) -> float:
        """Return the count of a span of the past, from whole hours; edges by their share."""
        first, last = floor_to(start, HOUR), floor_to(end, HOUR)
        if first == last:
            return self._count(look, first, first + HOUR) * (end - start) / HOUR
        head = self._count(look, first, first + HOUR) * (first + HOUR - start) / HOUR
        tail = self._count(look, last, last + HOUR) * (end - last) / HOUR if end > last else 0.0
        middle = self._count(look, first + HOUR, last) if last > first + HOUR else 0
        return head + middle + tail

    def _count(self, look: Look, start: float, end: float) -> int:
        return look.view.stats(look.dimension, self._rule.measure, start, end).count

    def _remember_gap(self, look: Look, missed: float) -> None:
        """Keep the longest normal gap of this week and of the week before."""
        memory = look.memory
        week = look.now // WEEK
        if memory.get("week") != week:
            memory["longest_before"] = memory.get("longest", 0.0)
            memory["longest"] = 0.0
            memory["week"] = week
        memory["longest"] = max(memory["longest"], missed)

    def _first_seen(self, look: Look) -> float:
        """Return the start of the earliest day of the last eight that has data."""
        day = floor_to(look.now, DAY)
        for days in range(DAYS + 1, 0, -1):
            if self._count(look, day - days * DAY, day - (days - 1) * DAY):
                return day - days * DAY
        return look.now

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
from pipeline.detection.statistics import second_lowest

REFERENCE_DAYS = 7
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
            memory["last_seen"] = memory["checked"] = look.now
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
        if memory["last_seen"] - memory["first_seen"] < rule.min_history:
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

        The lowest but one of what each of the last seven days says: a day off last week is enough
        to expect little, a single odd day is not.
        """
        start, end = look.memory["last_seen"], look.now
        level = self._count(look, floor_to(start - LEVEL_SPAN, MINUTE), start)
        expected: list[float] = []
        for days in range(1, REFERENCE_DAYS + 1):
            shift = days * DAY
            if start - shift < look.memory["first_seen"]:
                break
            usual_level = self._prorated(look, start - LEVEL_SPAN - shift, start - shift)
            scale = min(level / usual_level, MAX_SCALE) if usual_level else 1.0
            expected.append(scale * self._prorated(look, start - shift, end - shift))
        return second_lowest(expected) if expected else 0.0

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
        for days in range(REFERENCE_DAYS + 1, 0, -1):
            if self._count(look, day - days * DAY, day - (days - 1) * DAY):
                return day - days * DAY
        return look.now

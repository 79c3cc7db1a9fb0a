"""A source that stopped reporting although its rhythm says it should have reported.

Silence is measured in missed events, not in minutes: what the same source sent in the same span of
former days. A night without calls is no silence for a tool of office hours, and three minutes are
one for a busy agent. What former days give is the shape; the level is that of the source just
before it fell silent, so that a slow day is not compared with a fast one. The events of a task come
together: forty that come one by one chance leaves out in no lifetime, forty that are three sessions
every night. And the longest normal gap of the last two weeks, in missed events too, keeps irregular
sources quiet.
"""

from __future__ import annotations

import math

from pipeline.detection.durations import DAY, HOUR, MINUTE, WEEK
from pipeline.detection.finding import Details, Finding, Look
from pipeline.detection.memory import CHECKED
from pipeline.detection.rules.model import SilenceRule
from pipeline.detection.spans import floor_to
from pipeline.detection.statistics import second_highest

DAYS = 7
HOURS_KEPT = 12 * 24
"""A week before the longest gap that is weighed, and the level before that."""
LEVEL_SPAN = 3 * HOUR
LONGEST_LEVEL_SPAN = DAY
LEVEL_TASKS = 30
"""Where the last hours hold fewer, hours before them are taken too, up to a day's."""
HOURS_READ = 24
MAX_SCALE = 4.0
MIN_GAP = MINUTE
TASKS = "task_failures"
"""A measure whose count is that of all closed tasks."""


class SilenceEvaluator:
    """Judges a `SilenceRule`.

    Remembers for each source: `last_seen`; the counts of its hours (panes of hours are kept for
    a day or three only); how many events a task had in the last day; and the longest gap, in missed
    events, of this week and of the last.
    """

    def __init__(self, rule: SilenceRule) -> None:
        self._rule = rule

    def judge(self, look: Look) -> Finding | None:
        """Count what came since the last look; when nothing came, weigh the gap."""
        rule, numbers = self._rule, look.memory.numbers
        self._count_hours(look)
        if "last_seen" not in numbers:
            numbers["watched_since"] = numbers["last_seen"] = numbers[CHECKED] = look.now
            return None
        checked, numbers[CHECKED] = numbers[CHECKED], look.now
        if self._count(look, checked, look.now):
            # nothing came up to the last look; where in between it came is not known
            if checked - numbers["last_seen"] >= MIN_GAP and not look.frozen:
                self._remember_gap(look, self._missed(look, checked))
            numbers["last_seen"] = look.now
            return None
        gap = look.now - numbers["last_seen"]
        if gap < rule.min_silence or gap > rule.forget_after:
            return None
        # until its own gaps are known, an irregular source cannot be told from a silent one
        if numbers["last_seen"] - numbers["watched_since"] < rule.min_history:
            return None
        missed = self._missed(look, look.now)
        longest = max(numbers.get("longest", 0.0), numbers.get("longest_before", 0.0))
        threshold = max(rule.expected, rule.gap_factor * longest)
        if missed < threshold:
            return None
        threshold = max(threshold, rule.expected_tasks * numbers.get("together", 0.0))
        if missed < threshold:
            return None
        return Finding(
            active=True,
            severity=rule.severity,
            value=missed,
            threshold=threshold,
            baseline=longest,
            start=numbers["last_seen"],
            end=look.now,
            sample_size=0,
            ratio=missed / threshold,
            references={"longest": longest},
            details={"silent_seconds": gap, "last_seen": numbers["last_seen"]},
        )

    def explain(self, look: Look, finding: Finding) -> Details:
        """Nothing to add: how long and how unusual is in the finding."""
        del look, finding
        return {}

    def _missed(self, look: Look, end: float) -> float:
        """Return how many events the gap from `last_seen` to `end` should have held.

        That is what the same span of last week held, and no more than what all but the busiest of
        the days since then would: the week knows weekends, the days know that last week's burst
        was one. In a source's first week there are only the days, and the quietest counts; and
        since nobody knows its weekend, only the first hours of the gap count: a source that fell
        silent in its busy time is missed, one that went quiet with the evening is not.
        """
        last_seen = look.memory.numbers["last_seen"]
        room = last_seen - LEVEL_SPAN - self._first_hour(look)
        known = [days for days in range(1, DAYS + 1) if days * DAY <= room]
        levels = self._levels(look, last_seen)
        if len(known) < DAYS:
            end = min(end, last_seen + LEVEL_SPAN)
            return min((self._scaled(look, levels, days * DAY, end) for days in known), default=0.0)
        *days, week = (self._scaled(look, levels, days * DAY, end) for days in known)
        return min(week, second_highest(days))

    def _scaled(self, look: Look, levels: list[float], shift: float, end: float) -> float:
        """Return the count of the gap's span up to `end`, `shift` before, at the gap's level.

        It is scaled by how many times its level `shift` before the source surely had before the
        gap: the lower confidence limit of the ratio of two Poisson counts, for which the variance
        of the logarithm is the sum of their reciprocals (delta method, `mean_ratio_interval`). The
        counts are of tasks, for those come independently. A source with a session an hour has
        a level that is mostly chance, and must not be missed four times as much because the last
        hour had four.
        """
        start = look.memory.numbers["last_seen"]
        past = self._past(look, start - shift, end - shift)
        if not past:
            return 0.0
        recorded = start - shift - self._first_hour(look)
        hours = min(len(levels) - 1, int((recorded - LEVEL_SPAN) // HOUR))
        level, before = levels[hours], start - shift - LEVEL_SPAN - hours * HOUR
        usual = self._past(look, before, start - shift)
        if not level or not usual:
            return 0.0
        together = self._together(look)
        error = math.sqrt(together / level + together / usual)
        return past * min(level / usual * math.exp(-self._rule.z * error), MAX_SCALE)

    def _levels(self, look: Look, start: float) -> list[float]:
        """Return the counts of the last three hours before `start`, of four, and so on.

        The last of them are those that hold enough tasks, or a day's.
        """
        at = start - LEVEL_SPAN
        levels = [self._past(look, at, start)]
        enough = LEVEL_TASKS * self._together(look)
        while levels[-1] < enough and at - HOUR >= start - LONGEST_LEVEL_SPAN:
            levels.append(levels[-1] + self._past(look, at - HOUR, at))
            at -= HOUR
        return levels

    def _together(self, look: Look) -> float:
        """Return how many events of a task come together."""
        return max(1.0, look.memory.numbers.get("together", 1.0))

    def _past(self, look: Look, start: float, end: float) -> float:
        """Return the count of a span, from whole hours; of an hour's part, its share.

        The running hour is not among them: what falls into it is read from the windows.
        """
        hours, hours_end = look.memory.hours, self._hours_end(look)
        first = self._first_hour(look)
        total = 0.0
        at = max(start, first)
        while at < min(end, hours_end):
            index = int((at - first) // HOUR)
            until = min(first + (index + 1) * HOUR, end)
            total += hours[index] * (until - at) / HOUR
            at = until
        if end > hours_end:
            # on whole minutes, as panes are kept; nothing came in the rest of the last one
            until = min(floor_to(end + MINUTE, MINUTE), look.now)
            total += self._count(look, floor_to(max(start, hours_end), MINUTE), until)
        return total

    def _count_hours(self, look: Look) -> None:
        """Add the hours that have ended since the last look, as far back as panes are kept."""
        hours = look.memory.hours
        hour = floor_to(look.now, HOUR)
        at = max(self._hours_end(look), hour - HOURS_READ * HOUR)
        if at == hour:
            return
        while at < hour:
            count = self._count(look, at, at + HOUR)
            at += HOUR
            if hours or count:
                hours.append(count)
        del hours[:-HOURS_KEPT]
        look.memory.numbers["hours_end"] = hour
        events = sum(hours[-HOURS_READ:])
        tasks = look.view.stats(look.dimension, TASKS, hour - HOURS_READ * HOUR, hour).count
        if events and tasks:
            look.memory.numbers["together"] = events / tasks

    def _first_hour(self, look: Look) -> float:
        return self._hours_end(look) - len(look.memory.hours) * HOUR

    def _hours_end(self, look: Look) -> float:
        return look.memory.numbers.get("hours_end", 0.0)

    def _count(self, look: Look, start: float, end: float) -> int:
        return look.view.stats(look.dimension, self._rule.measure, start, end).count

    def _remember_gap(self, look: Look, missed: float) -> None:
        """Keep the longest normal gap of this week and of the week before."""
        numbers = look.memory.numbers
        week = look.now // WEEK
        if numbers.get("week") != week:
            numbers["longest_before"] = numbers.get("longest", 0.0)
            numbers["longest"] = 0.0
            numbers["week"] = week
        numbers["longest"] = max(numbers["longest"], missed)

"""Growth of what a task takes, tokens or money, against the same span a week before.

Three horizons. The week is the rule itself: these seven days against the seven before. The running
day and the last hour are its early projection: if today's or this hour's tasks take so much more
than those of the same hours last week, the week will follow. Comparing with the same hours takes
daily and weekly rhythm out. The shorter the horizon, the more certain it must be.

A week also remembers a bad day that is over. So the week speaks only while the last 24 hours still
show growth, the way a burn rate needs its short window. And a day that has just begun says nothing
yet: an alert that is open stays so over the night, until a horizon can tell or the last 24 hours
show no growth any more. Else what goes on for days would be told anew each morning.
"""

from __future__ import annotations

import math

from pipeline.detection.durations import DAY, HOUR, MINUTE, WEEK
from pipeline.detection.evaluators.attribution import carriers_of_mean
from pipeline.detection.evaluators.limit import statistic_of
from pipeline.detection.finding import Details, Finding, Look
from pipeline.detection.rules.model import GrowthRule, Horizon, quantile_of
from pipeline.detection.spans import Span, floor_to, same_hours, trailing
from pipeline.detection.statistics import Interval, mean_ratio_interval, quantile_ranks
from pipeline.detection.view import Stats

GOES_ON_Z = 3.0
MAY_GO_ON_Z = 2.0


class GrowthEvaluator:
    """Judges a `GrowthRule`; the longest horizon that is active speaks for all."""

    def __init__(self, rule: GrowthRule) -> None:
        self._rule = rule
        order = ("week", "today", "hour")
        self._horizons = sorted(rule.horizons, key=lambda horizon: order.index(horizon.span))

    def judge(self, look: Look) -> Finding | None:
        """Return the first active horizon, else the first that has not cleared, else None."""
        holding: Finding | None = None
        projected = False
        for horizon in self._horizons:
            is_sized, finding = self._judge_horizon(look, horizon)
            if finding is not None and finding.active:
                return finding
            holding = holding or finding
            projected = projected or (is_sized and horizon.span != "week")
        if holding is None and look.frozen and not projected:
            return self._held(look)
        return holding

    def explain(self, look: Look, finding: Finding) -> Details:
        """Add which release, model or prompt version carries the growth."""
        rule = self._rule
        now, before = _spans(look.now, str(finding.details["horizon"]))
        return {"carriers": carriers_of_mean(look, rule.measure, rule.carriers, now, before)}

    def _judge_horizon(self, look: Look, horizon: Horizon) -> tuple[bool, Finding | None]:
        """Return whether the horizon has enough to judge by, and what it finds."""
        rule = self._rule
        now, before = _spans(look.now, horizon.span)
        stats = look.view.stats(look.dimension, rule.measure, *now)
        if stats.count < horizon.min_count:
            return False, None
        base = look.view.stats(look.dimension, rule.measure, *before)
        if base.count < horizon.min_count or not self._covered(look, horizon, before):
            return False, None
        goes_on = may_go_on = True
        if horizon.span == "week":
            _, day, day_before = self._last_day(look)
            goes_on, may_go_on = self._recent(day, day_before)
        if not may_go_on:
            return True, None
        best: Finding | None = None
        for statistic in rule.statistics:
            interval = _ratio(statistic, stats, base, horizon.z)
            if not interval.estimate >= 1 + rule.clear or interval.low <= 1:
                continue
            active = (
                goes_on
                and interval.estimate >= 1 + rule.above
                and interval.low >= 1 + rule.min_lower
            )
            finding = self._finding(active, statistic, horizon.span, now, stats, base, interval)
            if best is None or (finding.active, finding.ratio) > (best.active, best.ratio):
                best = finding
        return True, best

    def _finding(
        self,
        active: bool,
        statistic: str,
        horizon: str,
        now: Span,
        stats: Stats,
        base: Stats,
        interval: Interval,
    ) -> Finding:
        rule, baseline = self._rule, statistic_of(base, statistic)
        return Finding(
            active=active,
            severity=rule.severity,
            value=statistic_of(stats, statistic),
            threshold=(1 + rule.above) * baseline,
            baseline=baseline,
            start=now[0],
            end=now[1],
            sample_size=stats.count,
            ratio=interval.estimate / (1 + rule.above),
            # nothing is compared with it again, since the week before does not move with an alert:
            # it says that one is open
            references={statistic: baseline},
            details={
                "statistic": statistic,
                "horizon": horizon,
                "growth": round(interval.estimate - 1, 4),
                "growth_low": round(interval.low - 1, 4),
                "growth_high": round(min(interval.high, 1e6) - 1, 4),
                "baseline_sample_size": base.count,
            },
        )

    def _held(self, look: Look) -> Finding | None:
        """Return what the last 24 hours say, for an open alert of which no projection can tell."""
        now, stats, base = self._last_day(look)
        goes_on, _ = self._recent(stats, base)
        if not goes_on:
            return None
        interval = _ratio("mean", stats, base, GOES_ON_Z)
        return self._finding(False, "mean", "day", now, stats, base, interval)

    def _recent(self, stats: Stats, base: Stats) -> tuple[bool, bool]:
        """Tell whether the mean of the last 24 hours has grown, and whether it may have grown."""
        sure = _ratio("mean", stats, base, GOES_ON_Z)
        middle = 1 + (self._rule.above + self._rule.clear) / 2
        likely = _ratio("mean", stats, base, MAY_GO_ON_Z)
        return sure.estimate >= middle and sure.low > 1, likely.high >= 1 + self._rule.clear

    def _last_day(self, look: Look) -> tuple[Span, Stats, Stats]:
        now, before = _spans(look.now, "day")
        stats = look.view.stats(look.dimension, self._rule.measure, *now)
        return now, stats, look.view.stats(look.dimension, self._rule.measure, *before)

    def _covered(self, look: Look, horizon: Horizon, before: Span) -> bool:
        """Tell whether the week before is whole.

        A first week that began on a Monday evening must not stand for seven days.
        """
        if horizon.span != "week":
            return True
        first_day = (before[0], before[0] + DAY)
        return look.view.stats(look.dimension, self._rule.measure, *first_day).count > 0


def _spans(now: float, horizon: str) -> tuple[Span, Span]:
    """Return the span of a horizon and the one a week before, which is kept in hours and days."""
    hour, day = floor_to(now, HOUR), floor_to(now, DAY)
    if horizon == "week":
        start = day - 6 * DAY
        return (start, now), (start - WEEK, max(hour - WEEK, start - WEEK + HOUR))
    if horizon == "day":
        last = trailing(now, DAY)
        return last, (last[0] - WEEK, hour - WEEK)
    if horizon == "today":
        return (day, now), (day - WEEK, hour - WEEK + HOUR)
    return (floor_to(now - HOUR, MINUTE), now), same_hours(now, 7)


def _ratio(statistic: str, stats: Stats, base: Stats, z: float) -> Interval:
    """Return the ratio of a statistic to its value before, with its confidence interval."""
    q = quantile_of(statistic)
    if q is None:
        return mean_ratio_interval(
            stats.mean, stats.variance, stats.count, base.mean, base.variance, base.count, z
        )
    below = base.quantile(q)
    if below <= 0:
        return Interval(math.nan, 0.0, math.inf)
    # Two intervals that just do not overlap are a test at √2 times their own z.
    each = z / math.sqrt(2)
    low, high = quantile_ranks(q, stats.count, each)
    base_low, base_high = quantile_ranks(q, base.count, each)
    return Interval(
        stats.quantile(q) / below,
        stats.quantile(low) / base.quantile(base_high),
        stats.quantile(high) / max(base.quantile(base_low), 1e-12),
    )

"""A share of bad ones in a window, against a limit and against the series' own past."""

from __future__ import annotations

from pipeline.detection.evaluators.attribution import carriers_of_share
from pipeline.detection.evaluators.reasons import top_reasons
from pipeline.detection.finding import Details, Finding, Look
from pipeline.detection.rules.model import ShareRule
from pipeline.detection.spans import past_week, trailing
from pipeline.detection.statistics import wilson_interval
from pipeline.detection.view import Stats

BASELINE_MIN_COUNT = 200
GOES_ON = 0.75
"""While it goes on, the shorter window has at least this much of the share of the longer one."""


class ShareEvaluator:
    """Judges a `ShareRule`.

    Active when the lower Wilson limit of the share is above the limit, and above `factor` times
    the share of the last seven days: a workflow that always fails often is not news. A series that
    is too quiet for the first window is judged by the next. That one also remembers what is over,
    so it speaks only while the window before it shows as much, the way a burn rate needs its short
    window; where nothing came in that, nobody knows, and an open alert stays open.
    """

    def __init__(self, rule: ShareRule) -> None:
        self._rule = rule
        self._clear = rule.above * 0.75 if rule.clear is None else rule.clear

    def judge(self, look: Look) -> Finding | None:
        """Compare the window's share with the limit and the past, when enough was counted."""
        rule = self._rule
        recent: Stats | None = None
        for window in rule.windows:
            start, end = trailing(look.now, window)
            stats = look.view.stats(look.dimension, rule.measure, start, end)
            if stats.count >= rule.min_count:
                break
            recent = stats
        else:
            return None
        share = wilson_interval(stats.failures, stats.count, rule.z)
        if share.estimate <= self._clear:
            return None
        baseline = self._baseline(look)
        threshold = max(rule.above, rule.factor * (baseline or 0.0))
        if share.estimate <= threshold * self._clear / rule.above:
            return None
        known = recent is None or recent.count > 0
        if recent is not None and recent.failures < GOES_ON * share.estimate * recent.count:
            return None
        return Finding(
            active=known and share.low > threshold,
            severity=rule.severity,
            value=share.estimate,
            threshold=threshold,
            baseline=baseline,
            start=start,
            end=end,
            sample_size=stats.count,
            ratio=share.estimate / threshold,
            references={} if baseline is None else {"share": baseline},
            details={"low": round(share.low, 6), "high": round(share.high, 6)},
        )

    def explain(self, look: Look, finding: Finding) -> Details:
        """Add the top reasons and the release, model or prompt version with the most failures."""
        rule = self._rule
        details = top_reasons(look, rule.measure, finding, rule.reasons)
        if rule.carriers:
            details["carriers"] = carriers_of_share(look, rule.measure, rule.carriers, finding)
        return details

    def _baseline(self, look: Look) -> float | None:
        if self._rule.factor <= 1:
            return None
        if "share" in look.frozen:
            return look.frozen["share"]
        past = look.view.stats(look.dimension, self._rule.measure, *past_week(look.now))
        return past.failures / past.count if past.count >= BASELINE_MIN_COUNT else None

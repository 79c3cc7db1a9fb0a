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
"""What begins, or goes on, has at least this much of the longer window's share in the shorter."""


class ShareEvaluator:
    """Judges a `ShareRule`.

    Active when the lower Wilson limit of the share is above the limit, and above `factor` times
    the share of the last seven days: a workflow that always fails often is not news. A series that
    is too quiet for the first window is judged by the next. That one also remembers what is over,
    so it becomes active only while the window before it shows as much, the way a burn rate needs
    its short window. An open alert stays open until that one has cleared: it holds few, of which
    some are good by chance, and where nothing came in it nobody knows.
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
        clear = threshold * self._clear / rule.above
        if share.estimate <= clear:
            return None
        goes_on = True
        if recent is not None:
            if recent.count and recent.failures <= clear * recent.count:
                return None
            goes_on = recent.failures >= max(1.0, GOES_ON * share.estimate * recent.count)
        return Finding(
            active=goes_on and share.low > threshold,
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

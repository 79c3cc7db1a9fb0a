"""A statistic of a window above a fixed limit."""

from __future__ import annotations

from pipeline.detection.evaluators.reasons import top_reasons
from pipeline.detection.finding import Details, Finding, Look
from pipeline.detection.rules.model import LimitRule, quantile_of
from pipeline.detection.spans import trailing
from pipeline.detection.view import Stats

PLAIN = ("count", "failures", "total", "max")
"""Statistics that need no distribution."""


class LimitEvaluator:
    """Judges a `LimitRule`."""

    def __init__(self, rule: LimitRule) -> None:
        self._rule = rule

    def judge(self, look: Look) -> Finding | None:
        """Compare the statistic with the limit, when enough was counted."""
        rule = self._rule
        start, end = trailing(look.now, rule.window)
        stats = look.view.stats(look.dimension, rule.measure, start, end)
        if stats.count < rule.min_count:
            return None
        clear = rule.above if rule.clear is None else rule.clear
        q = None if rule.statistic in PLAIN else quantile_of(rule.statistic)
        # the same as asking whether the quantile is above, without merging digests for it
        if q is not None and stats.share_above(clear) <= 1 - q:
            return None
        value = statistic_of(stats, rule.statistic)
        if value <= clear:
            return None
        return Finding(
            active=value > rule.above,
            severity=rule.severity,
            value=value,
            threshold=rule.above,
            baseline=None,
            start=start,
            end=end,
            sample_size=stats.count,
            ratio=value / rule.above if rule.above > 0 else value + 1.0,
            details={"statistic": rule.statistic},
        )

    def explain(self, look: Look, finding: Finding) -> Details:
        """Add the top reasons, where the rule wants them."""
        return top_reasons(look, self._rule.measure, finding, self._rule.reasons)


def statistic_of(stats: Stats, name: str) -> float:
    """Return a statistic by its name in rule files."""
    match name:
        case "count":
            return float(stats.count)
        case "failures":
            return float(stats.failures)
        case "total":
            return stats.total
        case "max":
            return stats.maximum
    q = quantile_of(name)
    return stats.mean if q is None else stats.quantile(q)

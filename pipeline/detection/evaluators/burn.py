"""Success against an objective, by burn rate over two windows each.

The burn rate is the failure rate over the rate that the objective allows: at 1 the error budget of
the objective's period is used up exactly at its end. A long window says that it matters, a short
one that it still goes on, so the alert ends soon after the cause does.

Source: Google, "The Site Reliability Workbook", chapter 5, "Multiwindow, Multi-Burn-Rate Alerts".
Its remark on services with little traffic is met by a least number of failures, and by Wilson
intervals that must lie above the objective in both windows: one failure in ten calls is no proof,
and one failure on the day after an outage does not bring the outage back.
"""

from __future__ import annotations

from pipeline.detection.evaluators.reasons import top_reasons
from pipeline.detection.finding import Details, Finding, Look
from pipeline.detection.rules.model import BurnRule, BurnWindow
from pipeline.detection.spans import trailing
from pipeline.detection.statistics import Interval, wilson_interval

TOP_REASONS = 5


class BurnEvaluator:
    """Judges a `BurnRule`; the first window pair that is active decides severity and value."""

    def __init__(self, rule: BurnRule) -> None:
        self._rule = rule
        self._allowed = 1.0 - rule.objective

    def judge(self, look: Look) -> Finding | None:
        """Return the first active pair, else the first that has not cleared, else None."""
        holding: Finding | None = None
        for pair in self._rule.windows:
            finding = self._judge_pair(look, pair)
            if finding is not None and finding.active:
                return finding
            holding = holding or finding
        return holding

    def explain(self, look: Look, finding: Finding) -> Details:
        """Add the most frequent error types."""
        return top_reasons(look, self._rule.measure, finding, TOP_REASONS)

    def _rate(self, look: Look, seconds: float) -> Interval:
        """Return the failure rate of a trailing window."""
        span = trailing(look.now, seconds)
        stats = look.view.stats(look.dimension, self._rule.measure, *span)
        return wilson_interval(stats.failures, stats.count, self._rule.z)

    def _ratio_now(self, look: Look) -> float:
        """Return how hard it burns at this moment: the first pair's short window alone.

        A slow pair stays active for hours after an outage; agents need not wait for it.
        """
        first = self._rule.windows[0]
        return self._rate(look, first.short).estimate / (first.burn * self._allowed)

    def _judge_pair(self, look: Look, pair: BurnWindow) -> Finding | None:
        rule = self._rule
        threshold = pair.burn * self._allowed
        clear = threshold * rule.clear_ratio
        # the short window is read first: on a quiet day it settles the matter alone
        short = self._rate(look, pair.short)
        if short.estimate <= clear:
            return None
        start, end = trailing(look.now, pair.long)
        long = look.view.stats(look.dimension, rule.measure, start, end)
        rate = wilson_interval(long.failures, long.count, rule.z)
        if rate.estimate <= clear:
            return None
        return Finding(
            active=(
                min(short.estimate, rate.estimate) > threshold
                and min(short.low, rate.low) > self._allowed
                and long.failures >= rule.min_failures
            ),
            severity=pair.severity,
            value=rate.estimate,
            threshold=threshold,
            baseline=self._allowed,
            start=start,
            end=end,
            sample_size=long.count,
            ratio=self._ratio_now(look),
            details={
                "burn_rate": round(rate.estimate / self._allowed, 2),
                "burn_rate_limit": pair.burn,
                "short_window_seconds": pair.short,
                "short_rate": round(short.estimate, 6),
                "objective": rule.objective,
            },
        )

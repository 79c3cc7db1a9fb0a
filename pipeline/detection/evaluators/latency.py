"""Quantiles of a short window against the series' own baseline."""

from __future__ import annotations

from dataclasses import replace
from statistics import median
from zlib import crc32

from pipeline.detection.durations import DAY, HOUR
from pipeline.detection.finding import Details, Finding, Look
from pipeline.detection.rules.model import LatencyRule, quantile_of
from pipeline.detection.spans import Span, floor_to, same_hours, trailing
from pipeline.detection.statistics import quantile_ranks
from pipeline.detection.view import Dimension, Stats

MAX_CACHED = 100_000
MAX_RHYTHM = 1.5


class LatencyEvaluator:
    """Judges a `LatencyRule`.

    Active when the lower confidence limit of a quantile is above `factor` times its baseline and
    at least `min_increase` above it. The confidence limit is distribution-free (order statistics),
    so long tails need no model.

    The baseline is the median of the quantiles of the days before, so one bad day does not spoil
    it; where yesterday's same hours were slower than that, it rises to them, by half at most, to
    follow the daily rhythm. In the first day it is what the hours before this one were. It is read
    once an hour for each series, and frozen while an alert is open.
    """

    def __init__(self, rule: LatencyRule) -> None:
        self._rule = rule
        self._quantiles = [(name, quantile_of(name) or 0.5) for name in rule.quantiles]
        self._cache: dict[Dimension, tuple[float, dict[str, float]]] = {}

    def judge(self, look: Look) -> Finding | None:
        """Return the finding of the quantile that is furthest past its threshold."""
        rule = self._rule
        for window in rule.windows:
            span = trailing(look.now, window)
            stats = look.view.stats(look.dimension, rule.measure, *span)
            if stats.count >= rule.min_count:
                break
        else:
            return None
        baseline = look.frozen or self._baseline(look)
        best: Finding | None = None
        for name, q in self._quantiles:
            if name not in baseline:
                continue
            finding = self._judge_quantile(stats, name, q, baseline[name], span)
            if finding is not None and (
                best is None or (finding.active, finding.ratio) > (best.active, best.ratio)
            ):
                best = finding
        if best is None:
            return None
        return replace(best, references=dict(baseline))

    def explain(self, look: Look, finding: Finding) -> Details:
        """Nothing to add: quantile and baseline are in the finding."""
        del look, finding
        return {}

    def _judge_quantile(
        self, stats: Stats, name: str, q: float, baseline: float, span: Span
    ) -> Finding | None:
        rule = self._rule
        threshold = max(baseline * rule.factor, baseline + rule.min_increase)
        clear = baseline + (threshold - baseline) * (rule.clear_factor - 1) / (rule.factor - 1)
        # the same as asking whether the quantile is above, without merging digests for it
        if stats.share_above(clear) <= 1 - q:
            return None
        value = stats.quantile(q)
        # Failed calls are taken for the slowest, which they are when they time out: what remains
        # is the latency of those that succeed, and a failing tool is a matter of success.
        rank = quantile_ranks(q, stats.count, rule.z)[0] - stats.failures / stats.count
        if rank <= 0:
            return None
        low = stats.quantile(rank)
        return Finding(
            active=low > threshold,
            severity=rule.severity,
            value=value,
            threshold=threshold,
            baseline=baseline,
            start=span[0],
            end=span[1],
            sample_size=stats.count,
            ratio=value / threshold,
            details={"statistic": name, "low": round(low, 3)},
        )

    def _baseline(self, look: Look) -> dict[str, float]:
        """Return quantile name -> baseline, empty while there is too little to compare with."""
        # each series has its own minute of the hour, or all of them would be read at once
        phase = crc32(repr(sorted(look.dimension.labels.items())).encode()) % int(HOUR)
        hour = floor_to(look.now - phase, HOUR)
        cached = self._cache.get(look.dimension)
        if cached is not None and cached[0] == hour:
            return cached[1]
        if len(self._cache) >= MAX_CACHED:
            self._cache.clear()
        baseline = self._read_baseline(look)
        self._cache[look.dimension] = (hour, baseline)
        return baseline

    def _read_baseline(self, look: Look) -> dict[str, float]:
        today = floor_to(look.now, DAY)
        days = [
            self._enough(look, (today - days * DAY, today - (days - 1) * DAY))
            for days in range(1, self._rule.baseline_days + 1)
        ]
        usable = [stats for stats in days if stats is not None]
        if not usable:
            hour = floor_to(look.now, HOUR)
            recent = self._enough(look, (hour - DAY, hour))
            return {} if recent is None else {n: recent.quantile(q) for n, q in self._quantiles}
        yesterday = self._enough(look, same_hours(look.now, 1))
        baseline: dict[str, float] = {}
        for name, q in self._quantiles:
            usual = median(stats.quantile(q) for stats in usable)
            if yesterday is not None:
                usual = max(usual, min(yesterday.quantile(q), usual * MAX_RHYTHM))
            baseline[name] = usual
        return baseline

    def _enough(self, look: Look, span: Span) -> Stats | None:
        """Return the statistics of a span of the past, if there are enough values in it."""
        stats = look.view.stats(look.dimension, self._rule.measure, *span)
        return stats if stats.count >= self._rule.baseline_min_count else None

"""Rules in words, for people who want to know what is watched."""

from __future__ import annotations

from pipeline.detection.durations import format_duration
from pipeline.detection.rules.model import (
    BurnRule,
    GrowthRule,
    LatencyRule,
    LimitRule,
    Rule,
    ShareRule,
)


def condition_of(rule: Rule) -> str:
    """Return when the rule is active, in one line."""
    if isinstance(rule, GrowthRule):
        spans = ", ".join(horizon.span for horizon in rule.horizons)
        statistics = " or ".join(rule.statistics)
        return f"{statistics} over +{rule.above:.0%} against a week before ({spans})"
    if isinstance(rule, LatencyRule):
        quantiles = " or ".join(rule.quantiles)
        return (
            f"{quantiles} of {_windows(rule.windows)} over {rule.factor:g} × its baseline "
            f"and {_number(rule.min_increase)} more"
        )
    if isinstance(rule, BurnRule):
        pairs = ", ".join(
            f"{format_duration(pair.long)}/{format_duration(pair.short)} at {pair.burn:g} ×"
            for pair in rule.windows
        )
        return f"objective {rule.objective:.4g}: {pairs}"
    if isinstance(rule, ShareRule):
        past = f" and {rule.factor:g} × the last 7d" if rule.factor > 1 else ""
        return f"share over {rule.above:.1%} in {_windows(rule.windows)}{past}"
    if isinstance(rule, LimitRule):
        return f"{rule.statistic} over {_number(rule.above)} in {format_duration(rule.window)}"
    return (
        f"silent {format_duration(rule.min_silence)} or more, {rule.expected:g} events missed "
        "by the source's rhythm"
    )


def timing_of(rule: Rule) -> str:
    """Return how long it must hold, and how long it keeps firing after that."""
    waits = f"for {format_duration(rule.for_)}, " if rule.for_ else ""
    return f"{waits}keeps firing {format_duration(rule.keep_firing_for)}"


def _windows(windows: tuple[float, ...]) -> str:
    return " or ".join(map(format_duration, windows))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:g}"

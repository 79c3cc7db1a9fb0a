"""The kinds of rule and what each can be told. Durations are seconds once compiled.

Every kind has two thresholds, an upper one that makes an alert active and a lower one that lets
it clear; between the two an alert that fires keeps firing and one that does not stays quiet.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from pipeline.detection.durations import DAY, HOUR, MINUTE, Seconds

Severity = Literal["critical", "warning", "info"]
Share = Annotated[float, Field(gt=0, lt=1)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
Key = Annotated[str, Field(pattern=r"^[a-z][a-z_]*$")]


class Entry(BaseModel):
    """A part of the rule file; unknown names are errors, so that a typo is not a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class BaseRule(Entry):
    """What every rule has."""

    name: Name
    summary: str
    """One sentence for people: what is wrong when this fires."""
    measure: Key
    per: tuple[Key, ...] = ()
    """Label names: one alert for each combination. Empty: one for the whole system."""
    severity: Severity = "warning"
    every: Seconds = 10.0
    """How often it is evaluated, in event time."""
    for_: Seconds = Field(default=0.0, alias="for")
    """How long the condition must hold without a break before the alert fires."""
    keep_firing_for: Seconds = 20 * MINUTE
    """How long it keeps firing after the condition was last seen."""
    z: float = Field(default=4.0, gt=0, le=8)
    """Confidence, as a standard normal quantile."""


class Horizon(Entry):
    """One comparison of a growth rule: a span, and the same span some days before."""

    span: Literal["hour", "today", "week"]
    min_count: int = Field(ge=2)
    z: float = Field(gt=0, le=8)


class GrowthRule(BaseRule):
    """A task's tokens or cost, against the same span a week before."""

    kind: Literal["growth"]
    statistics: tuple[str, ...] = ("mean", "p95")
    """`mean`, or `p` and a percentile."""
    above: float = Field(default=0.20, gt=0)
    """Growth that makes it active: 0.2 is +20 %."""
    clear: float = Field(default=0.10, ge=0)
    min_lower: float = Field(default=0.05, ge=0)
    """The growth's lower confidence limit must also be above this."""
    horizons: tuple[Horizon, ...]
    carriers: tuple[Key, ...] = ("release", "model", "prompt_version")

    @model_validator(mode="after")
    def _consistent(self) -> GrowthRule:
        if self.clear > self.above:
            raise ValueError("clear must not be higher than above")
        for statistic in self.statistics:
            quantile_of(statistic)
        return self


class LatencyRule(BaseRule):
    """Quantiles of a short window against the series' own baseline of the last days."""

    kind: Literal["latency"]
    quantiles: tuple[str, ...] = ("p95", "p99")
    windows: tuple[Seconds, ...] = Field(default=(5 * MINUTE,), min_length=1)
    """The first that holds `min_count` values is judged: busy series are judged by the last
    minutes, quiet ones by the last hour."""
    min_count: int = Field(default=20, ge=1)
    factor: float = Field(default=2.0, gt=1)
    clear_factor: float = Field(default=1.5, ge=1)
    min_increase: float = Field(default=250.0, ge=0)
    """In the measure's unit (milliseconds): a smaller rise is never worth an alert."""
    baseline_days: int = Field(default=7, ge=1, le=14)
    baseline_min_count: int = Field(default=200, ge=1)

    @model_validator(mode="after")
    def _consistent(self) -> LatencyRule:
        if self.clear_factor > self.factor:
            raise ValueError("clear_factor must not be higher than factor")
        for statistic in self.quantiles:
            if quantile_of(statistic) is None:
                raise ValueError("quantiles are written p50, p95, p99")
        return self


class BurnWindow(Entry):
    """A pair of windows that must both burn the error budget at `burn` times the allowed rate."""

    long: Seconds
    short: Seconds
    burn: float = Field(gt=0)
    severity: Severity

    @model_validator(mode="after")
    def _consistent(self) -> BurnWindow:
        if self.short >= self.long:
            raise ValueError("short must be shorter than long")
        return self


class BurnRule(BaseRule):
    """Success against an objective, by multi-window, multi-burn-rate."""

    kind: Literal["burn"]
    objective: Share
    windows: tuple[BurnWindow, ...] = Field(min_length=1)
    min_failures: int = Field(default=5, ge=1)
    clear_ratio: float = Field(default=0.8, gt=0, le=1)
    """Clears when the short window burns at less than this share of the threshold."""


class ShareRule(BaseRule):
    """A share of bad ones in a window, against a limit and against its own past."""

    kind: Literal["share"]
    windows: tuple[Seconds, ...] = Field(min_length=1)
    """Shortest first: the first that holds `min_count` counts."""
    above: Share
    clear: Share | None = None
    """None: three quarters of `above`."""
    factor: float = Field(default=1.0, ge=1)
    """Also this many times the share of the last seven days; 1: no comparison with the past."""
    min_count: int = Field(default=30, ge=1)
    reasons: int = Field(default=0, ge=0, le=20)
    """How many top reasons to tell."""
    carriers: tuple[Key, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> ShareRule:
        if self.clear is not None and self.clear > self.above:
            raise ValueError("clear must not be higher than above")
        return self


class LimitRule(BaseRule):
    """A statistic of a window above a fixed limit."""

    kind: Literal["limit"]
    window: Seconds
    statistic: str
    """`count`, `failures`, `total`, `mean`, `max`, or `p` and a percentile."""
    above: float
    clear: float | None = None
    """None: `above`."""
    min_count: int = Field(default=1, ge=1)
    reasons: int = Field(default=0, ge=0, le=20)

    @model_validator(mode="after")
    def _consistent(self) -> LimitRule:
        if self.statistic not in ("count", "failures", "total", "max"):
            quantile_of(self.statistic)
        if self.clear is not None and self.clear > self.above:
            raise ValueError("clear must not be higher than above")
        return self


class SilenceRule(BaseRule):
    """A source that stopped reporting although its rhythm says it should have."""

    kind: Literal["silence"]
    expected: float = Field(default=25.0, gt=0)
    """How many events must have been missed, by the rhythm of the last days."""
    z: float = Field(default=2.0, gt=0, le=8)
    """How sure the level is that the source had before: low, since the gap is what is judged."""
    expected_tasks: float = Field(default=15.0, ge=0)
    """Also as many as so many tasks have: the events of a task come together."""
    min_silence: Seconds = 2 * MINUTE
    gap_factor: float = Field(default=2.0, ge=1)
    """Also this many times the longest normal gap, measured in missed events."""
    min_history: Seconds = DAY
    forget_after: Seconds = 3 * DAY
    """A source that is silent for longer is taken as retired."""


Rule = Annotated[
    GrowthRule | LatencyRule | BurnRule | ShareRule | LimitRule | SilenceRule,
    Field(discriminator="kind"),
]


class Inhibition(Entry):
    """While a source alert is past its threshold, target alerts do not start and stay quiet."""

    source: tuple[Name, ...] = Field(min_length=1)
    target: tuple[Name, ...] = Field(min_length=1)
    equal: tuple[Key, ...] = ()
    """Labels that must agree; empty: any source alert inhibits every target alert."""
    linger: Seconds = MINUTE
    """How long it lasts after the source was last past its threshold: for as long as the target's
    windows still hold the cause, and longer than the source rule's `every`."""


ModeName = Literal["read_only", "escalate"]


class Level(Entry):
    """A mode, and how far past its threshold an alert must be to ask for it."""

    mode: ModeName
    at: float = Field(default=1.0, ge=1)
    """Value over threshold, 1 being just past it."""


class Pressure(Entry):
    """Which mode the firing alerts of a rule ask for, and for whom."""

    rule: Name
    scope: Literal["tool", "agent", "workflow", "all"]
    levels: tuple[Level, ...] = Field(min_length=1)


class ModeTimes(Entry):
    """How modes move."""

    up_after: Seconds = 0.0
    """A higher mode must have been asked for this long."""
    down_after: Seconds = 5 * MINUTE
    """A lower mode must have sufficed for this long, then it goes down by one step."""
    down_ratio: float = Field(default=0.8, gt=0, le=1)
    """A level suffices again below this share of the point where it was asked for."""
    min_dwell: Seconds = MINUTE
    """No step down sooner than this after any change."""
    expires_after: Seconds = 5 * MINUTE
    """A mode that is not renewed for this long is over, for every subscriber."""
    renew_every: Seconds = MINUTE


class Defaults(Entry):
    """What holds for all rules of a file."""

    resend_every: Seconds = HOUR
    """How often a firing alert is sent again."""
    max_examples: int = Field(default=5, ge=0, le=5)


class RuleSet(Entry):
    """A whole rule file, compiled."""

    version: Literal[1]
    defaults: Defaults = Defaults()
    rules: tuple[Rule, ...] = Field(min_length=1)
    inhibitions: tuple[Inhibition, ...] = ()
    pressures: tuple[Pressure, ...] = Field(default=(), alias="backpressure")
    modes: ModeTimes = ModeTimes()

    @model_validator(mode="after")
    def _names_exist(self) -> RuleSet:
        names = [rule.name for rule in self.rules]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two rules are called {name}")
        return self


def quantile_of(statistic: str) -> float | None:
    """Return 0.95 for `p95`, 0.999 for `p99.9`, None for `mean`.

    Raises:
        ValueError: it is neither.
    """
    if statistic == "mean":
        return None
    if statistic.startswith("p"):
        try:
            percentile = float(statistic[1:])
        except ValueError:
            percentile = -1.0
        if 0 < percentile < 100:
            return percentile / 100
    raise ValueError(f"unknown statistic {statistic!r}: mean, or p and a percentile such as p95")

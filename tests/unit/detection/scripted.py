"""A view whose values are a function of time, and small rule sets to go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from pipeline.detection.alert import Alert
from pipeline.detection.detector import Detector, Outcome
from pipeline.detection.rules import RuleSet, parse_rules
from tests.unit.detection.synthetic import Dim, dim

START = 1_767_571_200.0


@dataclass(frozen=True)
class Flat:
    """Statistics of a window in which every value is the same."""

    value: float
    count: int = 100
    failures: int = 0

    @property
    def total(self) -> float:
        return self.value * self.count

    @property
    def mean(self) -> float:
        return self.value

    @property
    def variance(self) -> float:
        return 0.0

    @property
    def maximum(self) -> float:
        return self.value

    def share_above(self, value: float) -> float:
        return float(self.value > value)

    def quantile(self, q: float) -> float:
        return self.value


@dataclass
class ScriptedView:
    """Answers every window with `script(measure, labels, end)`."""

    script: Callable[[str, Mapping[str, str], float], Flat]
    tools: Sequence[str] = ("search",)
    part_names: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def dimension(self, labels: Mapping[str, str]) -> Dim:
        return dim(**labels)

    def dimensions(self, keys: Sequence[str], since: float) -> Iterable[Dim]:
        return [dim(**dict.fromkeys(keys, tool)) for tool in self.tools]

    def within(self, dimension: Dim, key: str, since: float) -> Iterable[Dim]:
        return [dim(**dimension.labels, **{key: n}) for n in self.part_names.get(key, ())]

    def stats(self, dimension: Dim, measure: str, start: float, end: float) -> Flat:
        return self.script(measure, dimension.labels, end)

    def reasons(
        self, dimension: Dim, measure: str, start: float, end: float, limit: int
    ) -> Sequence[tuple[str, int]]:
        return [("timeout", 7)][:limit]

    def examples(
        self, dimension: Dim, measure: str, start: float, end: float, limit: int
    ) -> Sequence[str]:
        return [f"trace-{n}" for n in range(9)][:limit]


def limit_rules(extra: str = "", rule: str = "", keep: str = "10m") -> RuleSet:
    """One rule, `slow` per tool: active above 100, clear at 80; for 30 s, keeps firing 10 min."""
    return parse_rules(
        f"""\
version: 1
defaults: {{resend_every: 1h}}
rules:
  - name: slow
    kind: limit
    summary: Too slow
    measure: latency_ms
    per: [tool]
    statistic: p95
    window: 5m
    above: 100
    clear: 80
    for: 30s
    keep_firing_for: {keep}
{rule}
{extra}
""",
        "test.yaml",
    )


def run(
    detector: Detector,
    value_at: Callable[[float], float],
    seconds: float,
    start: float = START,
) -> Outcome:
    """Run the detector for so long over one tool whose latency is `value_at(seconds)`."""
    view = ScriptedView(lambda measure, labels, end: Flat(value_at(end - START)))
    if detector.last_tick is None:
        detector.advance(view, start)
    return detector.advance(view, start + seconds)


def story(alerts: Sequence[Alert], start: float = START) -> list[tuple[str, float]]:
    """Return status and seconds of each record."""
    return [(alert.status.value, alert.updated_at - start) for alert in alerts]

"""Each rule that ships finds what it is for, in its own dimension, and leaves the usual alone."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.detection.evaluators import evaluator_for
from pipeline.detection.finding import Finding, Look, Remembered
from pipeline.detection.rules import default_rules
from tests.unit.detection.synthetic import DAY, HOUR, MONDAY, SyntheticView, dim

NOW = MONDAY + 15 * DAY + 12 * HOUR
NAMES = {"agent": "support", "workflow": "refund", "tool": "search", "model": "gpt", "step": "plan"}
RULES = {rule.name: rule for rule in default_rules().rules}


def judged(name: str, usual: float, now: float, since: float, *, share: bool) -> Finding | None:
    """Judge a series that was `usual` and is `now` since then: log-normal values, or a share."""
    rule = RULES[name]
    view, times = SyntheticView(), np.arange(MONDAY, NOW, 5.0)
    rng = np.random.default_rng(7)
    level = np.where(times >= NOW - since, now, usual)
    where = dim(**{label: NAMES[label] for label in rule.per})
    if share:
        failed = (rng.uniform(size=len(times)) < level).astype(float)
        view.add(where, rule.measure, times, np.ones(len(times)), failed)
    else:
        values = level * np.exp(rng.normal(0, 0.3, len(times)))
        view.add(where, rule.measure, times, values)
    return evaluator_for(rule).judge(Look(view, where, NOW))


@pytest.mark.parametrize(
    "name",
    [
        "missing-trace-id",
        "trace-coverage",
        "missing-model-version",
        "missing-prompt-version",
        "missing-document-times",
        "escalation",
        "task-failure",
    ],
)
def test_a_share_that_grew(name: str) -> None:
    found = judged(name, 0.0, 0.6, HOUR, share=True)
    assert found is not None
    assert found.active
    assert found.sample_size >= 100
    assert judged(name, 0.001, 0.001, HOUR, share=True) is None


@pytest.mark.parametrize("name", ["tool-latency", "model-latency", "step-latency"])
def test_a_latency_that_grew(name: str) -> None:
    found = judged(name, 800.0, 6_000.0, 1_800.0, share=False)
    assert found is not None
    assert found.active
    assert found.references
    assert judged(name, 800.0, 800.0, 1_800.0, share=False) is None


def test_the_total_latency_of_sessions_that_grew() -> None:
    found = judged("session-latency", 30_000.0, 120_000.0, HOUR, share=False)
    assert found is not None
    assert found.active
    assert judged("session-latency", 30_000.0, 30_000.0, HOUR, share=False) is None


@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("tool-latency-limit", 30_000.0),
        ("model-latency-limit", 90_000.0),
        ("session-latency-limit", 1_800_000.0),
    ],
)
def test_an_absolute_limit(name: str, limit: float) -> None:
    found = judged(name, limit, limit, HOUR, share=False)
    assert found is not None
    assert found.active
    assert found.threshold == limit
    assert judged(name, limit / 3, limit / 3, HOUR, share=False) is None


@pytest.mark.parametrize("name", ["token-growth", "cost-growth"])
def test_growth_against_the_week_before(name: str) -> None:
    found = judged(name, 3_000.0, 4_200.0, 7 * DAY, share=False)
    assert found is not None
    assert found.active
    assert found.value / (found.baseline or 1.0) == pytest.approx(1.4, rel=0.05)
    assert {"growth_low", "growth_high", "statistic"} <= found.details.keys()
    usual = judged(name, 3_000.0, 3_000.0, 7 * DAY, share=False)
    assert usual is None or not usual.active


def test_cost_is_judged_by_its_median_and_its_tail() -> None:
    rule = RULES["cost-growth"]
    assert rule.kind == "growth"
    assert rule.statistics == ("p50", "p95")


@pytest.mark.parametrize(("name", "patience"), [("agent-silence", 120), ("tool-silence", 600)])
def test_a_series_that_ends_is_missed_once_its_silence_is_long_enough(
    name: str, patience: int
) -> None:
    rule = RULES[name]
    view, times = SyntheticView(), np.arange(MONDAY, NOW, 5.0)
    where = dim(**{label: NAMES[label] for label in rule.per})
    view.add(where, rule.measure, times, np.ones(len(times)))
    evaluator, memory = evaluator_for(rule), Remembered()
    active = []
    for now in np.arange(NOW - DAY - HOUR, NOW + HOUR, 30.0):
        found = evaluator.judge(Look(view, where, float(now), memory=memory))
        if found is not None and found.active:
            active.append(float(now))
    assert patience <= active[0] - NOW <= patience + 300
    # and it is missed from then on
    assert active == [float(now) for now in np.arange(active[0], NOW + HOUR, 30.0)]

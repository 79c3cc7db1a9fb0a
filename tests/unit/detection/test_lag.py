"""How far groups are behind, from offsets, and that it reaches its rule."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.detection.alert import Status
from pipeline.detection.detector import Detector
from pipeline.detection.lag import KEPT, LagMeter, lag_signals
from pipeline.detection.rules import load_rules
from pipeline.detection.signals import Signal, SignalBuffer
from pipeline.detection.window_view import DetectionView
from pipeline.windows.histories import Histories

PLACE = ("sluice-sink", "agent.events.clean", 0)
START = 1_760_000_000.0


def test_a_group_that_keeps_up_is_not_behind() -> None:
    meter = LagMeter()
    for second in range(0, 100, 5):
        assert meter.observe(float(second), {PLACE: (second, second)}) == {"sluice-sink": 0.0}


def test_a_group_that_stands_is_behind_by_the_age_of_what_it_has_not_read() -> None:
    meter = LagMeter()
    meter.observe(0.0, {PLACE: (10, 10)})
    meter.observe(5.0, {PLACE: (10, 15)})
    assert meter.observe(65.0, {PLACE: (10, 75)}) == {"sluice-sink": 60.0}
    # what it then reads is at most as old as the look that saw it first
    assert meter.observe(70.0, {PLACE: (15, 80)}) == {"sluice-sink": 5.0}
    assert meter.observe(75.0, {PLACE: (80, 80)}) == {"sluice-sink": 0.0}


def test_the_slowest_partition_counts_and_what_is_gone_is_forgotten() -> None:
    other = ("sluice-sink", "agent.events.clean", 1)
    meter = LagMeter()
    meter.observe(0.0, {PLACE: (0, 9), other: (9, 9)})
    assert meter.observe(30.0, {PLACE: (0, 9), other: (9, 9)}) == {"sluice-sink": 30.0}
    assert meter.observe(31.0, {other: (9, 9)}) == {"sluice-sink": 0.0}
    assert meter.observe(60.0, {PLACE: (0, 9)}) == {"sluice-sink": 0.0}


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 30)), max_size=60))
def test_never_more_than_the_true_age(steps: list[tuple[int, int]]) -> None:
    meter, written, end, committed = LagMeter(), dict[int, float](), 0, 0
    for now, (more, read) in enumerate(steps):
        written |= {end + number: float(now) for number in range(more)}
        end, committed = end + more, min(committed + read, end + more)
        found = meter.observe(float(now), {PLACE: (committed, end)})["sluice-sink"]
        assert found == (now - written[committed] if committed < end else 0.0)


def test_what_is_remembered_is_bounded() -> None:
    meter = LagMeter()
    for second in range(4 * KEPT):
        found = meter.observe(float(second), {PLACE: (0, second + 1)})
    assert found == {"sluice-sink": 4.0 * KEPT - 1}
    assert len(meter._ends[PLACE]) <= KEPT + 1


def _fired(measure: str, value: float, labels: tuple[tuple[str, str], ...] = ()) -> dict[str, str]:
    """Run the default rules over ten minutes in which a signal came with every tick."""
    signals = SignalBuffer()
    view = DetectionView(Histories(), signals)
    detector = Detector(load_rules(None))
    fired = {}
    for tick in range(60):
        now = START + 10.0 * tick
        for alert in detector.advance(view, now).alerts:
            if alert.status is Status.FIRING:
                fired[alert.rule] = str(dict(alert.labels))
        if measure == "lag_seconds":
            for signal in lag_signals({"sluice-sink": value}, now):
                signals.add(signal)
        else:
            signals.add(Signal(now, f"{measure}:{tick}", measure, labels, value))
    return fired


def test_lag_reaches_its_rule() -> None:
    assert _fired("lag_seconds", 45.0) == {"pipeline-lag": "{'group': 'sluice-sink'}"}
    assert _fired("lag_seconds", 20.0) == {}


def test_a_canary_that_was_found_reaches_its_rule() -> None:
    assert _fired("canary_found", 1.0) == {"canary-found": "{}"}


@pytest.mark.parametrize(
    ("measure", "value", "labels", "rule"),
    [
        ("budget_exceeded", 1.2, (("agent", "support"), ("workflow", "refund")), "budget-exceeded"),
        ("cardinality_overflow", 1.0, (("label", "tool"),), "cardinality"),
        ("dead_letters", 30.0, (), "dead-letters"),
        ("late_events", 30.0, (), "late-events"),
        ("quarantined_leaves", 9.0, (), "quarantined-leaves"),
    ],
)
def test_each_signal_reaches_its_rule(
    measure: str, value: float, labels: tuple[tuple[str, str], ...], rule: str
) -> None:
    assert _fired(measure, value, labels) == {rule: str(dict(labels))}

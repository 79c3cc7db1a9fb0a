"""Signals reach the default rules that are made for them."""

from __future__ import annotations

import pytest

from pipeline.detection.alert import Status
from pipeline.detection.detector import Detector
from pipeline.detection.lag import lag_signals
from pipeline.detection.rules import load_rules
from pipeline.detection.signals import Signal, SignalBuffer
from pipeline.detection.window_view import DetectionView
from pipeline.reconcile.compare import Finding, Kind, PartitionReport
from pipeline.reconcile.signals import signals_of
from pipeline.windows.histories import Histories

START = 1_760_000_000.0


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


def test_what_reconcile_found_reaches_its_rule() -> None:
    clean = PartitionReport("agent.events.clean", 0, 0, 10)
    gap = Finding(Kind.GAP, "agent.events.raw", 1, 3, 4, "")
    found = PartitionReport("agent.events.raw", 1, 0, 10, findings=[gap])
    [signal] = signals_of([clean, found], START)
    assert signal.value == 1.0
    fired = _fired(signal.measure, signal.value, signal.labels)
    assert fired == {"not-reconciled": "{'topic': 'agent.events.raw'}"}
    assert signals_of([clean], START) == []

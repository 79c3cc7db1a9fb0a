"""From incident to firing alert, in event time, at the tick of production.

A rule's own window allows an alert from the moment its condition holds for the calls that have
happened, to the second: the two rates or the count past their thresholds; for latency the lower
confidence limit, because in 50 calls a single outlier is the p99. From there it may take 30 s.
"""

from __future__ import annotations

import math

import pytest

from pipeline.detection.alert import Alert, Status
from pipeline.detection.detector import Detector
from pipeline.detection.rules import default_rules
from tests.unit.detection.synthetic import DAY, HOUR, MONDAY, Fleet, Incident, SyntheticView, dim

AT = MONDAY + DAY + 11 * HOUR
ALLOWED = 30.0


def run_with(incident: Incident) -> tuple[SyntheticView, Alert]:
    fleet = Fleet(7, days=2, incidents=(incident,), models=(), workflows=())
    view = fleet.view()
    detector = Detector(default_rules())
    detector.advance(view, AT - 2 * HOUR)
    alerts = detector.advance(view, incident.end).alerts
    fired = [a for a in alerts if a.status is Status.FIRING and a.rule == incident.rule]
    assert len({alert.fingerprint for alert in alerts}) == 1
    return view, fired[0]


def latency_delay(tool: str, size: float) -> float:
    """Return the seconds from the moment the rule allows an alert until a latency alert fires."""
    incident = Incident("latency", "tool-latency", {"tool": tool}, AT, AT + HOUR, size)
    view, alert = run_with(incident)

    def allowed(end: float) -> bool:
        stats = view.exact(dim(tool=tool), "latency_ms", end - 300, end)
        for q, name in ((0.95, "p95"), (0.99, "p99")):
            baseline = alert.references[name]
            threshold = max(2 * baseline, baseline + 250)
            rank = q - 3 * math.sqrt(q * (1 - q) / stats.count) - stats.failures / stats.count
            if stats.count >= 20 and stats.quantile(rank) > threshold:
                return True
        return False

    seconds = next(seconds for seconds in range(3600) if allowed(AT + seconds))
    return (alert.fired_at or 0) - (AT + seconds)


def success_delay(tool: str, share: float) -> float:
    """The same when a share of the calls fails."""
    incident = Incident("failures", "tool-success", {"tool": tool}, AT, AT + HOUR, share)
    view, alert = run_with(incident)

    def rate(end: float, window: float) -> float:
        stats = view.exact(dim(tool=tool), "calls", end - window, end)
        return stats.failures / stats.count

    pairs = ((3600, 300, 0.072), (21_600, 1800, 0.03))
    seconds = next(
        seconds
        for seconds in range(3600)
        if any(
            rate(AT + seconds, long) > threshold and rate(AT + seconds, short) > threshold
            for long, short, threshold in pairs
        )
    )
    return (alert.fired_at or 0) - (AT + seconds)


def budget_delay() -> float:
    """Return the seconds from a crossed budget until its alert fires."""
    scope = {"workflow": "refund", "agent": "support"}
    incident = Incident("budget", "budget-exceeded", scope, AT + 3.7, AT + HOUR)
    _, alert = run_with(incident)
    return (alert.fired_at or 0) - incident.start


@pytest.mark.parametrize(("tool", "size"), [("search", 4.0), ("crm", 8.0), ("search", 12.0)])
def test_a_latency_spike(tool: str, size: float) -> None:
    assert latency_delay(tool, size) <= ALLOWED


@pytest.mark.parametrize(("tool", "share"), [("search", 1.0), ("search", 0.3), ("crm", 0.6)])
def test_failures_of_a_tool(tool: str, share: float) -> None:
    assert success_delay(tool, share) <= ALLOWED


def test_a_runaway_budget() -> None:
    assert budget_delay() <= ALLOWED

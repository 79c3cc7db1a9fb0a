"""The same alerts whether a run is whole, interrupted, replayed or out of order."""

from __future__ import annotations

import json
from bisect import insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from pipeline.detection.alert import Alert
from pipeline.detection.detector import Detector
from pipeline.detection.rules import default_rules
from tests.unit.detection.scripted import START, Flat, ScriptedView, limit_rules
from tests.unit.detection.synthetic import (
    DAY,
    HOUR,
    MONDAY,
    Dim,
    Fleet,
    Incident,
    Samples,
    Slice,
    dim,
)

TICK = 60.0
INCIDENTS = (
    Incident(
        "latency",
        "tool-latency",
        {"tool": "search"},
        MONDAY + DAY + 10 * HOUR,
        MONDAY + DAY + 11 * HOUR,
        5,
    ),
    Incident(
        "silence",
        "agent-silence",
        {"agent": "support"},
        MONDAY + DAY + 14 * HOUR,
        MONDAY + DAY + 15 * HOUR,
    ),
    Incident(
        "failures",
        "tool-success",
        {"tool": "crm"},
        MONDAY + DAY + 18 * HOUR,
        MONDAY + DAY + 19 * HOUR,
        0.5,
    ),
)


def small_fleet() -> Fleet:
    return Fleet(3, days=2, incidents=INCIDENTS, workflows=(), models=())


def test_a_restart_in_the_middle_gives_the_same_alerts() -> None:
    view = small_fleet().view()
    whole = Detector(default_rules(), TICK)
    whole.advance(view, MONDAY + 12 * HOUR)
    expected = whole.advance(view, MONDAY + 2 * DAY).alerts

    view = small_fleet().view()
    detector = Detector(default_rules(), TICK)
    detector.advance(view, MONDAY + 12 * HOUR)
    got: list[Alert] = []
    # stops in the middle of each incident, and in between
    for hours in (20, 34.1, 34.6, 38.2, 38.5, 42.3, 42.6, 48):
        got += detector.advance(view, MONDAY + hours * HOUR).alerts
        state = json.loads(json.dumps(detector.dump()))
        detector = Detector(default_rules(), TICK)
        detector.load(state)
    assert got == expected
    assert {alert.rule for alert in expected} == {incident.rule for incident in INCIDENTS}


def test_the_changes_of_each_tick_add_up_to_the_state() -> None:
    view = small_fleet().view()
    detector = Detector(default_rules(), TICK)
    stored: dict[str, object] = {}
    for hours in range(12, 49):
        changes = detector.advance(view, MONDAY + hours * HOUR).state
        stored.update(changes)
        stored = {key: value for key, value in stored.items() if value is not None}
    dumped = detector.dump()
    # memory is stored every five minutes only
    kept = {key for key in dumped if not key.startswith("memory:")}
    assert {key: stored[key] for key in kept} == {key: dumped[key] for key in kept}
    assert set(stored) == set(dumped)


def test_values_of_different_age_come_to_the_same_state() -> None:
    """A crash keeps the alert's value of a later tick beside the clock of an earlier one."""
    view = ScriptedView(lambda m, labels, end: Flat(150.0 if end - START < 300 else 50.0))
    whole = Detector(limit_rules())
    whole.advance(view, START)
    states: list[dict[str, dict[str, object]]] = []
    for seconds in range(10, 1210, 10):
        whole.advance(view, START + seconds)
        states.append(whole.dump())
    for clock, alerts in ((5, 7), (20, 40), (30, 95)):
        mixed = {**states[alerts], "clock": states[clock]["clock"]}
        detector = Detector(limit_rules())
        detector.load(mixed)
        again = detector.advance(view, START + 1200)
        assert detector.dump() == whole.dump()
        assert len([a for a in again.alerts if a.status.value == "firing"]) <= 1


@dataclass
class ArrivingView:
    """A view that knows only what has arrived, in whatever order it came."""

    series: dict[Dim, list[tuple[float, float]]] = field(default_factory=dict)

    def arrive(self, where: Dim, time: float, value: float) -> None:
        insort(self.series.setdefault(where, []), (time, value))

    def dimension(self, labels: Mapping[str, str]) -> Dim:
        return dim(**labels)

    def dimensions(self, keys: Sequence[str], since: float) -> Iterable[Dim]:
        wanted = set(keys)
        return sorted((d for d in self.series if set(d.labels) == wanted), key=lambda d: d.items)

    def within(self, dimension: Dim, key: str, since: float) -> Iterable[Dim]:
        return ()

    def stats(self, dimension: Dim, measure: str, start: float, end: float) -> Slice:
        got = [item for item in self.series.get(dimension, []) if start <= item[0] < end]
        times = np.array([time for time, _ in got])
        values = np.array([value for _, value in got])
        return Slice(Samples(times, values, np.zeros(len(got))), 0, len(got))

    def reasons(self, *_: object) -> Sequence[tuple[str, int]]:
        return ()

    def examples(self, *_: object) -> Sequence[str]:
        return ()


def test_another_order_within_the_lateness_gives_the_same_alerts() -> None:
    lateness = 20.0
    rng = np.random.default_rng(5)
    times = np.sort(rng.uniform(START, START + 3600, 900))
    values = rng.lognormal(4, 0.2, 900) * np.where((times - START) // 600 % 2 == 1, 4, 1)
    late_by = rng.uniform(0, lateness, 900)

    def alerts_in(order: np.ndarray) -> list[Alert]:
        view, detector, found = ArrivingView(), Detector(limit_rules()), []
        newest = 0.0
        for index in order:
            view.arrive(dim(tool="search"), float(times[index]), float(values[index]))
            newest = max(newest, float(times[index]))
            found += detector.advance(view, newest - lateness).alerts
        return found

    in_order = alerts_in(np.arange(900))
    shuffled = alerts_in(np.argsort(times + late_by))
    assert shuffled == in_order
    assert any(alert.status.value == "firing" for alert in in_order)


def test_a_watermark_that_stands_still_or_goes_back_runs_no_tick() -> None:
    view = ScriptedView(lambda m, labels, end: Flat(150.0))
    detector = Detector(limit_rules())
    detector.advance(view, START + 95)
    assert detector.last_tick == START + 90
    assert detector.advance(view, START + 99).state == {}
    assert detector.advance(view, START - 500).state == {}
    assert detector.last_tick == START + 90

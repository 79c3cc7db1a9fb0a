"""How far groups are behind, from offsets, and that it reaches its rule."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.detection.alert import Status
from pipeline.detection.detector import Detector
from pipeline.detection.lag import KEPT, LagMeter, lag_signals
from pipeline.detection.partition import PartitionDetector
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
        signals.add(Signal(now, f"{measure}:{tick}", measure, labels, value))
    return fired


class Watched:
    """A detector that is told every five seconds how far a group is behind."""

    def __init__(self) -> None:
        self.detector = PartitionDetector(load_rules(None))
        self.now = START

    def look(self, seconds: float, lag: float) -> list[tuple[str, str]]:
        """Return which alerts changed to what within `seconds`."""
        told = []
        for _ in range(int(seconds / 5)):
            self.now += 5.0
            self.detector.watch_pipeline(
                lag_signals({"sluice-sink": lag}, self.now - 0.1), self.now
            )
            told += [
                (f"{alert.rule} {alert.labels['group']}", str(alert.status))
                for alert in self.detector.take_changes().alerts
            ]
        return told


def test_lag_is_told_by_the_wall_clock_while_event_time_stands() -> None:
    watched = Watched()
    assert watched.look(120, 20.0) == []
    assert watched.look(30, 45.0) == [
        ("pipeline-lag sluice-sink", "pending"),
        ("pipeline-lag sluice-sink", "firing"),
    ]
    assert watched.detector.last_tick is None
    assert watched.look(1_200, 45.0) == []
    assert watched.look(1_300, 0.0) == [("pipeline-lag sluice-sink", "resolved")]


def test_event_time_that_lags_leaves_the_alert_about_the_lag_alone() -> None:
    watched = Watched()
    watched.look(30, 45.0)
    [alert] = watched.detector.alerts
    view = DetectionView(Histories(), SignalBuffer())
    for tick in range(60):
        watched.detector._detector.advance(view, START - 3_600 + 10 * tick)
    assert watched.detector.alerts == [alert]


def test_an_alert_about_the_lag_survives_a_restart() -> None:
    watched = Watched()
    told = []
    for _ in range(6):
        watched.now += 5.0
        signals = lag_signals({"sluice-sink": 45.0}, watched.now - 0.1)
        watched.detector.watch_pipeline(signals, watched.now)
        told += watched.detector.take_changes().writes
    stored = {key: value for key, value in told if value is not None}
    watched.detector = PartitionDetector.load(stored.items(), load_rules(None))
    assert [alert.status for alert in watched.detector.alerts] == [Status.FIRING]
    assert watched.look(60, 45.0) == []


def test_a_canary_that_was_found_reaches_its_rule() -> None:
    assert _fired("canary_found", 1.0) == {"canary-found": "{}"}

"""The aggregator stands still: event time does too, and one alert tells of it all the same."""

from __future__ import annotations

import pytest

from pipeline.detection.alert import Alert, Status
from pipeline.detection.messages import Progress
from pipeline.detection.partition import PartitionDetector
from pipeline.detection.rules import default_rules
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.pane import Counter, Pane, Resolution
from pipeline.windows.partial import Partial, PartialPane
from tests.detection_harness import write

START_MS = 1_760_000_040_000
PANE_MS = int(Resolution.TEN_SECONDS)
STANDS_FROM = 6
"""Panes that are told before it stands still."""
BEHIND = {"sluice-aggregator": 60.0, "sluice-sink": 1.0}


class Run:
    """A detector, what it said, and its table."""

    def __init__(self) -> None:
        self.detector = PartitionDetector(default_rules())
        self.alerts: list[Alert] = []
        self.table: dict[str, bytes] = {}

    def tell(self, pane: int) -> None:
        """A pane closes, and is judged."""
        start_ms = START_MS + pane * PANE_MS
        parts = (PartialPane(Pane(start_ms, Resolution.TEN_SECONDS, {Counter.EVENTS: 3}), (1, 0)),)
        self.detector.apply(Partial(Dimension(DimensionKind.ALL), 0, start_ms + PANE_MS, parts))
        self.detector.apply(Progress(0, 1, start_ms + PANE_MS, idle=False))
        while self.detector.is_behind():
            self.detector.step(1)
        self.take()

    def stand(self, seconds: float) -> None:
        self.detector.stand_still(BEHIND, seconds)
        self.take()

    def take(self) -> None:
        changes = self.detector.take_changes()
        self.alerts += changes.alerts
        write(self.table, changes.writes)

    def crash(self) -> None:
        self.detector = PartitionDetector.load(list(self.table.items()), default_rules())

    def said(self) -> list[tuple[str, str]]:
        return [(alert.labels["group"], alert.status.value) for alert in self.alerts]


def run(*, crash_at: float | None = None) -> Run:
    found = Run()
    for pane in range(STANDS_FROM):
        found.tell(pane)
    for looked in range(20, 180, 5):
        found.stand(float(looked))
        if looked == crash_at:
            found.crash()
    return found


def test_the_group_that_stands_is_told_once_and_is_resolved_when_it_goes_on() -> None:
    found = run()
    assert found.said() == [("sluice-aggregator", "pending"), ("sluice-aggregator", "firing")]
    assert {alert.rule for alert in found.alerts} == {"pipeline-lag"}
    fired_at = found.alerts[-1].fired_at
    assert fired_at is not None
    assert fired_at - (START_MS / 1000 + STANDS_FROM * 10) <= 120
    for pane in range(STANDS_FROM, STANDS_FROM + 160):
        found.tell(pane)
    assert [alert.status for alert in found.alerts[2:]] == [Status.RESOLVED]
    assert len({alert.episode for alert in found.alerts}) == 1


def test_a_restart_in_the_middle_says_the_same() -> None:
    assert run(crash_at=60).alerts == run().alerts


def test_it_moves_neither_the_clock_nor_a_group_that_keeps_up() -> None:
    found = run()
    assert found.detector.last_tick == START_MS / 1000 + STANDS_FROM * 10
    assert all(alert.labels == {"group": "sluice-aggregator"} for alert in found.alerts)


def before_the_first_tick(since: float, behind: dict[str, float] = BEHIND) -> Run:
    found = Run()
    for seconds in range(20, 120, 5):
        found.detector.stand_still(behind, float(seconds), since)
        found.take()
    return found


def test_before_the_first_tick_the_wall_clock_says_what_time_it_is() -> None:
    found = before_the_first_tick(START_MS / 1000)
    assert found.said() == [("sluice-aggregator", "pending"), ("sluice-aggregator", "firing")]
    assert found.detector.last_tick is None
    found = Run()
    found.stand(500.0)
    assert found.alerts == [], "nobody said what time it is"


def test_where_nothing_was_published_nothing_is_told() -> None:
    nothing = dict.fromkeys(BEHIND, 0.0)
    assert before_the_first_tick(START_MS / 1000, nothing).alerts == []


def test_a_restart_before_the_first_tick_says_it_no_second_time() -> None:
    found = before_the_first_tick(START_MS / 1000)
    found.crash()
    for seconds in range(20, 120, 5):
        found.detector.stand_still(BEHIND, float(seconds), START_MS / 1000 + 200)
        found.take()
    assert len(found.said()) == 2


@pytest.mark.parametrize("ahead", [0.0, 30 * 86_400.0], ids=["live", "a backfill"])
def test_what_the_wall_clock_told_ends_when_event_time_begins(ahead: float) -> None:
    found = before_the_first_tick(START_MS / 1000 + ahead)
    for pane in range(60):
        found.tell(pane)
    assert [alert.status for alert in found.alerts[2:]] == [Status.RESOLVED]
    assert found.detector.alerts == []
    assert len({alert.episode for alert in found.alerts}) == 1


def test_lag_of_hours_before_the_first_tick_fills_no_table() -> None:
    found = Run()
    for seconds in range(20, 10_800, 10):
        found.detector.stand_still(BEHIND, float(seconds), START_MS / 1000)
        found.take()
    assert len(found.table) < 1_000

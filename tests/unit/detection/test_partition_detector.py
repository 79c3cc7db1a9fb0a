"""Events to alerts through the real cores: live, reordered, in big batches, through crashes."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from pipeline.detection.alert import Status
from pipeline.detection.modes import Mode
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.event_time import event_time_ms
from tests.detection_harness import Event, Pipeline, batches, shuffled_within
from tests.unit.windows.fleet import START_MS, event

MINUTES = 14
BROKEN_FROM = 8 * 60


def events(seed: int = 1) -> list[Event]:
    """Calls of a tool, four a second; from the eighth minute on most of them fail."""
    chance = random.Random(seed)
    found = []
    for number in range(MINUTES * 60 * 4):
        seconds = number / 4
        failed = seconds >= BROKEN_FROM and chance.random() < 0.7
        found.append(
            event(
                START_MS + int(seconds * 1000),
                "tool_call",
                event_id=f"e{number}",
                session_id=f"s{number // 12 % 20}",
                trace_id=f"{number:032x}",
                call_id=f"c{number}",
                status="error" if failed else "ok",
                error_type="Timeout" if failed else None,
                latency_ms=chance.lognormvariate(4, 0.3),
            )
        )
    return found


@pytest.fixture(scope="module")
def live() -> Pipeline:
    pipeline = Pipeline()
    for batch in batches(events(), 40):
        pipeline.feed(batch)
    return pipeline


def windows_of(pipeline: Pipeline) -> dict[tuple[object, ...], tuple[object, ...]]:
    return {
        (str(stats.dimension), stats.start_ms, stats.end_ms): (
            dict(sorted(stats.counters.items())),
            {name: (found.count, found.total) for name, found in stats.measures.items()},
        )
        for stats in pipeline.seen.windows
    }


def test_a_tool_that_fails_is_one_alert_and_one_mode(live: Pipeline) -> None:
    [(rule, scope, fired_at, _)] = live.seen.fired()
    assert (rule, scope) == ("tool-success", (("tool", "search"),))
    assert fired_at is not None
    assert 0 < fired_at - (START_MS / 1000 + BROKEN_FROM) <= 60
    assert {(notice.scope.key, notice.mode) for notice in live.seen.modes} <= {
        ("tool:search", Mode.READ_ONLY),
        ("tool:search", Mode.ESCALATE),
    }
    assert live.seen.modes
    assert all(alert.examples for alert in live.seen.alerts if alert.status is Status.FIRING)


def test_windows_count_what_happened(live: Pipeline) -> None:
    minute = START_MS + 5 * 60_000
    edge = minute - minute % 60_000
    [one] = [
        stats
        for stats in live.seen.windows
        if stats.end_ms == edge
        and stats.start_ms == edge - 60_000
        and str(stats.dimension) == "all"
    ]
    assert (one.count, one.success, one.failure, one.rate) == (240, 240, 0, 4.0)


def in_big_batches() -> Iterator[Pipeline]:
    pipeline = Pipeline()
    for batch in batches(events(), 1_500):
        pipeline.feed(batch)
    yield pipeline


def all_at_once() -> Iterator[Pipeline]:
    """One partition is through before the next begins, further ahead than ten seconds are kept."""
    pipeline = Pipeline()
    pipeline.feed(events())
    yield pipeline


def reordered() -> Iterator[Pipeline]:
    pipeline = Pipeline()
    for batch in batches(shuffled_within(events(), 10_000, 5), 40):
        pipeline.feed(batch)
    yield pipeline


def through_crashes() -> Iterator[Pipeline]:
    pipeline = Pipeline()
    chance = random.Random(3)
    former: list[Event] = []
    for batch in batches(events(), 40):
        crashed = chance.random() < 0.2
        if crashed:
            pipeline.crash_detector()
            for number in range(4):
                pipeline.crash_aggregator(number)
        pipeline.feed(batch, replayed=former if crashed else ())
        former = list(batch)
    yield pipeline


@pytest.mark.parametrize("run", [in_big_batches, all_at_once, reordered, through_crashes])
def test_the_same_alerts_and_windows_another_way(run: object, live: Pipeline) -> None:
    assert callable(run)
    [other] = run()
    until = (live.detector.last_tick or 0) - 60
    assert other.seen.fired() == live.seen.fired()
    expected, found = windows_of(live), windows_of(other)
    compared = [key for key in expected if int(str(key[2])) <= until * 1000]
    assert len(compared) > 100
    assert {key: found.get(key) for key in compared} == {key: expected[key] for key in compared}


def test_panes_are_kept_for_the_first_tick_through_a_crash_before_it() -> None:
    """One partition is through, the next begins: its first ten seconds are not too old."""
    pipeline = Pipeline()
    for number in range(3):  # of four: no tick is due
        pipeline.feed([each for each in events() if pipeline.partition_of(each) == number])
        pipeline.crash_detector()
    assert pipeline.detector.last_tick is None
    start_ms = START_MS - START_MS % 10_000 + 10_000
    happened = [
        each
        for each in events()
        if pipeline.partition_of(each) < 3
        and start_ms <= event_time_ms(each["ts"]) < start_ms + 10_000
    ]
    stats = pipeline.detector.histories.span(
        Dimension(DimensionKind.ALL), start_ms, start_ms + 10_000
    )
    assert stats.count == len(happened) > 10

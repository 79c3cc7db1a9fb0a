"""What is written out for speed does what the plain form would."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.tasks.event import event_of
from pipeline.tasks.reading import read
from pipeline.windows.event_time import EventClock, event_time_ms
from pipeline.windows.pane import MAX_EXAMPLES
from pipeline.windows.task_contributions import Worst
from tests.unit.windows.fleet import event

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 6), st.text("abc", max_size=2)), max_size=30))
def test_the_worst_are_the_first_of_all_sorted(offered: list[tuple[int, str]]) -> None:
    worst = Worst()
    for value, trace_id in offered:
        worst.offer(value, trace_id)
    assert worst.examples == sorted(offered, reverse=True)[:MAX_EXAMPLES]


@given(
    st.lists(st.integers(-(10**10), 4 * 10**15), min_size=1, max_size=9),
    st.lists(st.integers(0, 8), max_size=30),
)
def test_one_clock_reads_many_times_in_any_order(micros: list[int], order: list[int]) -> None:
    clock = EventClock()
    for number in order:
        time = EPOCH + timedelta(microseconds=micros[number % len(micros)])
        ts = f"{time:%Y-%m-%dT%H:%M:%S}.{time.microsecond:06}Z"
        assert clock.ms_of(ts) == event_time_ms(ts) == (time - EPOCH) // timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "ts",
    [
        "",
        "2026-11-30T08:00:00Z",
        "2026-11-30T08:00:00.00000Z",
        "2026-11-30T08:00:00. 12000Z",
        "2026-11-30T08:00:00.+12000Z",
        "2026-11-30T08:00:00.\u0661\u0661\u0661000Z",
        "2026-13-30T08:00:00.000000Z",
        " " * 20 + "000000Z",
    ],
)
def test_what_is_no_time_is_refused(ts: str) -> None:
    clock = EventClock()
    with pytest.raises(ValueError, match=r"time|isoformat|month"):
        clock.ms_of(ts)
    clock.ms_of("2026-11-30T08:00:00.000000Z")
    with pytest.raises(ValueError, match=r"time|isoformat|month"):
        clock.ms_of(ts)


@given(st.floats(0, 1e9) | st.integers(0, 10**9))
@example(0.0005)
@example(0.0015)
@example(2.5e-9)
def test_latency_and_cost_are_rounded_as_python_rounds(value: float) -> None:
    reading = read(event_of(event(0, latency_ms=value, cost_usd=value)), 0)
    assert reading.latency == round(value * 1000)
    assert reading.cost == round(float(value) * 1_000_000_000)
    assert reading.latency is not None
    assert abs(Fraction(reading.latency) - Fraction(float(value) * 1000)) <= Fraction(1, 2)

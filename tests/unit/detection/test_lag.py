"""How far groups are behind, from offsets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.detection.lag import KEPT, LagMeter

PLACE = ("sluice-sink", "agent.events.clean", 0)


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

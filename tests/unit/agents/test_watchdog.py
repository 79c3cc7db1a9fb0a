"""When a worker stands still, and when it only waits."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from agents.watchdog import Place, Standstill

PLACE: Place = ("topic", 0)


def play(steps: list[tuple[float, int, int]], *, excused_at: float = -1.0) -> list[Place]:
    """Return what the last of (time, committed, end) leads to, with a limit of ten seconds."""
    standstill = Standstill(10.0)
    stuck: list[Place] = []
    for now, committed, end in steps:
        stuck = standstill.observe(now, {PLACE: (committed, end)}, excused_at=excused_at)
    return stuck


def test_a_growing_lag_without_a_commit_is_a_standstill() -> None:
    assert play([(0, 5, 6), (5, 5, 7), (9.9, 5, 8)]) == []
    assert play([(0, 5, 6), (5, 5, 7), (10, 5, 8)]) == [PLACE]


def test_a_commit_begins_anew() -> None:
    assert play([(0, 5, 6), (8, 6, 9), (12, 6, 10), (17, 6, 11)]) == []
    assert play([(0, 5, 6), (8, 6, 9), (12, 6, 10), (18, 6, 11)]) == [PLACE]


def test_a_lag_that_does_not_grow_is_no_standstill() -> None:
    """A transaction's marker is the last offset of a partition and is never delivered."""
    assert play([(0, 5, 6), (60, 5, 6), (600, 5, 6)]) == []


def test_nothing_to_do_is_no_standstill() -> None:
    assert play([(0, 5, 5), (60, 5, 5), (61, 5, 6)]) == []


def test_who_says_that_it_waits_for_a_service_is_excused() -> None:
    assert play([(0, 5, 6), (5, 5, 7), (12, 5, 8)], excused_at=4.0) == []
    assert play([(0, 5, 6), (5, 5, 7), (12, 5, 8), (15, 5, 9)], excused_at=4.0) == [PLACE]


def test_a_partition_that_went_away_and_came_back_begins_anew() -> None:
    standstill = Standstill(10.0)
    standstill.observe(0, {PLACE: (5, 6)}, excused_at=-1)
    standstill.observe(5, {}, excused_at=-1)
    assert standstill.observe(11, {PLACE: (5, 9)}, excused_at=-1) == []


@given(st.lists(st.integers(0, 3), min_size=2, max_size=30))
def test_whoever_commits_is_never_ended(commits: list[int]) -> None:
    standstill = Standstill(10.0)
    committed = 0
    for second, more in enumerate(commits):
        committed += more + 1
        assert not standstill.observe(
            second * 9.0, {PLACE: (committed, committed + second)}, excused_at=-1
        )

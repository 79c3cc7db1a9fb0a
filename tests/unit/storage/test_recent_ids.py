"""Ids that were published twice are known within the horizon, in bounded memory."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.recent_ids import RecentIds


@given(st.lists(st.integers(0, 30).map(str)), st.integers(1, 12))
def test_an_id_within_the_horizon_is_never_new(ids: list[str], horizon: int) -> None:
    recent = RecentIds(horizon)
    for position, event_id in enumerate(ids):
        is_new = recent.add(event_id)
        if event_id in ids[max(0, position - horizon) : position]:
            assert not is_new
        if event_id not in ids[:position]:
            assert is_new
        assert len(recent) <= 2 * horizon


def test_ids_given_at_the_start_are_known() -> None:
    recent = RecentIds(10, ["a", "b"])
    assert [recent.add(event_id) for event_id in "abc"] == [False, False, True]

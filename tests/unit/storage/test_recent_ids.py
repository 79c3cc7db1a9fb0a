"""Ids that were published twice are known within the horizon, in bounded memory."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.recent_hashes import RecentHashes
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


def test_ids_beyond_the_horizon_are_forgotten_and_no_other() -> None:
    ids = [f"id {number}" for number in range(5_000)]
    recent = RecentIds(1_999, ids)
    assert len(recent) == 2_000
    assert [recent.add(event_id) for event_id in ids[3_001:]] == [False] * 1_999
    assert recent.add(ids[0])


@pytest.mark.parametrize("value", [None, 1, b"id", ["id"]])
def test_an_id_is_text(value: Any) -> None:
    with pytest.raises(TypeError):
        RecentHashes(1).add(value)


@pytest.mark.parametrize("limit", [0, -1, 2**70, None])
def test_a_table_has_room(limit: Any) -> None:
    with pytest.raises((TypeError, ValueError, OverflowError)):
        RecentHashes(limit)

"""Lag: what a group has not committed yet."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.kafka.admin import TopicState, lag_by_topic

STATE = TopicState("t", begin_offsets={0: 10, 1: 0}, end_offsets={0: 15, 1: 4})


def test_messages_are_those_still_held() -> None:
    assert (STATE.partitions, STATE.messages) == (2, 9)


def test_a_partition_without_a_commit_counts_from_its_beginning() -> None:
    assert lag_by_topic({("t", 1): 1}, [STATE]) == {"t": 5 + 3}


def test_what_retention_has_deleted_is_no_lag() -> None:
    assert lag_by_topic({("t", 0): 2, ("t", 1): 4}, [STATE]) == {"t": 5}


def test_a_topic_that_the_group_does_not_read_is_left_out() -> None:
    assert lag_by_topic({("other", 0): 3}, [STATE]) == {}
    assert lag_by_topic({}, [STATE]) == {}


@given(
    st.lists(
        st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=5
    )
)
def test_lag_is_what_lies_between_commit_and_end(parts: list[tuple[int, int, int]]) -> None:
    """By partition: deleted, done and waiting messages."""
    state = TopicState(
        "t",
        begin_offsets={number: deleted for number, (deleted, _, _) in enumerate(parts)},
        end_offsets={number: sum(part) for number, part in enumerate(parts)},
    )
    committed = {("t", number): deleted + done for number, (deleted, done, _) in enumerate(parts)}
    assert lag_by_topic(committed, [state]) == {"t": sum(waiting for _, _, waiting in parts)}

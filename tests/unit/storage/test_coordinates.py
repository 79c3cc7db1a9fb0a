"""The fences that keep a record from being stored twice."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.storage.coordinates import PresentOffsets, Source, SourceFence


def source(offset: int, index: int = 0, partition: int = 0) -> Source:
    return Source("agent.events.raw", partition, offset, index)


def test_a_fence_passes_each_position_once() -> None:
    fence = SourceFence()
    assert [fence.passes(source(offset)) for offset in (3, 4, 4, 3, 5)] == [
        True,
        True,
        False,
        False,
        True,
    ]


def test_events_of_one_message_are_told_apart_by_index() -> None:
    fence = SourceFence([source(7, 0)])
    assert not fence.passes(source(7, 0))
    assert fence.passes(source(7, 1))


def test_input_partitions_do_not_fence_each_other() -> None:
    fence = SourceFence([source(100, partition=0)])
    assert fence.passes(source(1, partition=1))
    assert fence.passes(Source("another.topic", 0, 1, 0))


@given(
    st.lists(st.integers(0, 3), min_size=1, max_size=60),
    st.lists(st.tuples(st.integers(0, 59), st.integers(0, 59)), max_size=5),
)
def test_replays_from_any_committed_position_change_nothing(
    partitions: list[int], crashes: list[tuple[int, int]]
) -> None:
    """A writer that crashes after sending up to `sent` restarts at `committed` <= `sent`."""
    events = [source(offset, partition=part) for offset, part in enumerate(partitions)]
    arrivals: list[Source] = []
    position = 0
    for one, other in crashes:
        committed, sent = sorted((min(one, len(events)), min(other, len(events))))
        committed = min(committed, position)
        sent = max(sent, position)
        arrivals += events[position:sent]
        position = committed
    arrivals += events[position:]

    fence = SourceFence()
    stored = [event for event in arrivals if fence.passes(event)]
    assert sorted(stored) == sorted(events)


@given(st.sets(st.integers(0, 40)))
def test_present_offsets_are_the_union_of_their_ranges(offsets: set[int]) -> None:
    ranges = []
    for offset in sorted(offsets):
        if ranges and ranges[-1][1] == offset - 1:
            ranges[-1] = (ranges[-1][0], offset)
        else:
            ranges.append((offset, offset))
    present = PresentOffsets(reversed(ranges))
    assert {offset for offset in range(-1, 43) if offset in present} == offsets

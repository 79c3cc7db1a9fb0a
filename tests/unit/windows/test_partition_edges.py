"""Late events, early ones, a clock that jumps, names without end."""

from __future__ import annotations

import pytest

from pipeline.tasks.event import event_of
from pipeline.windows.batch import AggregatorConfig, Changes, Record
from pipeline.windows.dimension import OTHER
from pipeline.windows.pane import Counter, Pane
from pipeline.windows.partial import Partial
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import PANE_MS, START_MS, event, records

LATENESS_MS = AggregatorConfig().watermark.lateness_ms


def started() -> PartitionAggregator:
    """A partition in which three sessions agree on the time."""
    aggregator = PartitionAggregator(0)
    aggregator.apply(records([event(START_MS, session_id=s, event_id=s) for s in ("a", "b", "c")]))
    return aggregator


def told(changes: Changes, label: str = "all") -> dict[int, Pane]:
    return {
        part.pane.start_ms: part.pane
        for _, value in changes.partials
        for partial in (Partial.from_bytes(value),)
        if str(partial.dimension) == label
        for part in partial.panes
    }


def test_a_late_event_counts_for_its_task_and_is_named_but_changes_no_closed_pane() -> None:
    aggregator = started()
    on = [event(START_MS + n * 10_000, session_id="a", event_id=f"a{n}") for n in range(1, 10)]
    aggregator.apply(records(on, 3))
    late = event(START_MS + 1, session_id="a", event_id="late", agent_name="sleepy", tokens_in=9)
    changes = aggregator.apply(records([late], 20))
    assert changes.late == {"sleepy": 1}
    assert changes.applied == 1
    assert not changes.partials
    without_task = event(START_MS + 1, session_id="gone", event_id="gone")
    changes = aggregator.apply(records([without_task], 21))
    assert (changes.late, changes.applied) == ({"helper": 1}, 0)


def test_one_event_from_the_future_closes_nothing() -> None:
    aggregator = started()
    future = event(START_MS + 80_000_000, session_id="a", event_id="future")
    record_ms = START_MS + 2_000
    changes = aggregator.apply([Record(3, record_ms, event_of(future))])
    assert changes.early == {"helper": 1}
    assert not told(changes)
    punctual = event(START_MS + 2_000, session_id="b", event_id="punctual")
    changes = aggregator.apply([Record(4, record_ms, event_of(punctual))])
    assert not changes.late
    assert told(changes)[START_MS].counters[Counter.EVENTS] == 4


def test_a_pane_is_final_once_the_watermark_has_passed_it() -> None:
    aggregator = started()
    end_ms = START_MS + PANE_MS
    just_before = event(end_ms + LATENESS_MS - 1, session_id="a", event_id="x")
    changes = aggregator.apply(records([just_before], 3))
    assert START_MS not in told(changes)
    at = event(end_ms + LATENESS_MS, session_id="a", event_id="y")
    changes = aggregator.apply(records([at], 4))
    final = [Partial.from_bytes(v) for _, v in changes.partials]
    assert all(partial.watermark_ms == end_ms for partial in final)
    assert told(changes)[START_MS].counters[Counter.EVENTS] == 3
    again = aggregator.apply(records([event(end_ms + 20_000, session_id="a", event_id="z")], 5))
    assert START_MS not in told(again)


@pytest.mark.parametrize("restarted", [False, True])
def test_what_a_redactor_sends_again_counts_once_though_its_task_has_closed(
    restarted: bool,
) -> None:
    """A task forgets its ids when it closes; a pane in which it counted may be open for longer."""
    table: dict[str, bytes] = {}
    aggregator = started()

    def apply(*batch: Record) -> Changes:
        changes = aggregator.apply(batch)
        for key, value in changes.writes:
            table.pop(key, None) if value is None else table.update({key: value})
        return changes

    def sent(offset: int, time_ms: int, kind: str, session: str, source: int) -> Record:
        place = {"topic": "agent.events.raw", "partition": 0, "offset": source, "index": 0}
        event_id = f"{session}{source}"
        each = event(time_ms, kind, session_id=session, event_id=event_id, source=place)
        return Record(offset, time_ms + 100_000, event_of(each))

    short = [
        sent(3, START_MS + 10, "llm_call", "s", 3),
        sent(4, START_MS + 20, "session_end", "s", 4),
    ]
    apply(*short)
    apply(sent(5, START_MS + LATENESS_MS + 1_000, "llm_call", "a", 5))  # the task closes
    apply(sent(6, START_MS + LATENESS_MS + 1_001, "llm_call", "a", 6))  # and is forgotten
    if restarted:
        aggregator = PartitionAggregator.load(0, list(table.items()))
    again = [Record(each.offset + 4, each.record_ms, each.event) for each in short]
    changes = apply(*again)
    assert (changes.processed, changes.applied) == (2, 0)
    changes = apply(sent(9, START_MS + PANE_MS + LATENESS_MS, "llm_call", "a", 9))
    assert told(changes)[START_MS].counters[Counter.EVENTS] == 5


def test_names_beyond_the_cap_count_as_other_and_are_reported_once() -> None:
    aggregator = PartitionAggregator(0, AggregatorConfig(label_cap=3))
    batch = [
        event(START_MS + n, "tool_call", event_id=str(n), tool_name=f"tool-{n}", status="ok")
        for n in range(6)
    ]
    first = aggregator.apply(records(batch[:5]))
    assert sorted(first.overflowed) == ["step", "tool"]
    second = aggregator.apply(records(batch[5:], 5))
    assert second.overflowed == []
    assert told(second, f"tool={OTHER}")[START_MS].counters[Counter.EVENTS] == 3
    assert told(second, "tool=tool-0") == {}
    assert told(first, "tool=tool-0")[START_MS].counters[Counter.EVENTS] == 1


def test_a_retry_takes_its_failure_back_in_the_pane_where_it_succeeds() -> None:
    aggregator = started()
    failed = event(START_MS + 1, "tool_call", event_id="1", call_id="c", status="error")
    retried = event(START_MS + PANE_MS, "tool_call", event_id="2", call_id="c", status="ok")
    changes = aggregator.apply(records([failed, retried], 3))
    panes = told(changes, "tool=search")
    assert panes[START_MS].counters[Counter.FAILURE] == 1
    assert panes[START_MS + PANE_MS].counters[Counter.FAILURE] == -1
    assert panes[START_MS + PANE_MS].counters[Counter.SUCCESS] == 1


def test_state_is_kept_apart_by_partition() -> None:
    events = records([event(START_MS, session_id=s, event_id=s) for s in ("a", "b", "c")])
    table: dict[str, bytes] = {}
    for partition in (1, 11):
        for key, value in PartitionAggregator(partition).apply(events).writes:
            assert value is not None
            assert key not in table
            table[key] = value
    loaded = PartitionAggregator.load(1, table.items())
    assert (loaded.fence, loaded.open_tasks) == (2, 3)

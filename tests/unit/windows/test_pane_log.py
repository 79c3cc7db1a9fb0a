"""What a table holds of panes that are logged, when panes are stored, and when logs go."""

from __future__ import annotations

import pytest

from pipeline.errors import InputError
from pipeline.windows.batch import AggregatorConfig, Changes, Record
from pipeline.windows.pane_log import MOST_BATCHES, MOST_EVENTS, MOST_FACTS, read_logged
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import START_MS, event, records, task_messages

CONFIG = AggregatorConfig(publish_open=False)


def kinds(changes: Changes) -> list[str]:
    """The kinds of what a batch writes, in order; with a minus for what it removes."""
    found = [("-" if value is None else "") + key.split("\x1f")[1] for key, value in changes.writes]
    return [kind for at, kind in enumerate(found) if at == 0 or kind != found[at - 1]]


def batches(count: int, step_ms: int = 10, size: int = 3) -> list[Changes]:
    aggregator = PartitionAggregator(0, CONFIG)
    events = records(
        [
            event(START_MS + number * step_ms, session_id=f"s{number % 5}", event_id=f"e{number}")
            for number in range(count * size)
        ]
    )
    return [aggregator.apply(events[at : at + size]) for at in range(0, len(events), size)]


def test_panes_are_logged_and_stored_now_and_then() -> None:
    written = [kinds(changes) for changes in batches(MOST_BATCHES * 2 + 2)]
    assert written[0] == ["labels", "log", "task", "partition"]
    assert all(each == ["log", "task", "partition"] for each in written[1:MOST_BATCHES])
    assert written[MOST_BATCHES] == ["pane", "log", "-log", "task", "partition"]
    # the record that came with the panes is the first of the next ones
    assert written[MOST_BATCHES * 2] == ["pane", "log", "-log", "task", "partition"]
    assert written[-1] == ["log", "task", "partition"]


def test_a_log_says_up_to_when_panes_are_gone_before_they_are_removed() -> None:
    changes = batches(MOST_BATCHES * 3, step_ms=900)
    removing = [each for each in changes if "-pane" in kinds(each)]
    assert removing
    for each in removing:
        order = kinds(each)
        assert order.index("log") < order.index("-pane")
        log = next(value for key, value in each.writes if "\x1flog\x1f" in key and value)
        removed = [key for key, value in each.writes if "\x1fpane\x1f" in key and value is None]
        gone_ms = read_logged(log).gone_ms
        assert all(int(key.split("\x1f")[2]) + 10_000 <= gone_ms for key in removed)


def test_many_events_store_their_panes_at_once() -> None:
    [changes] = batches(1, step_ms=1, size=MOST_EVENTS + 1)
    assert "log" not in kinds(changes)
    assert "pane" in kinds(changes)


def test_what_would_be_too_large_is_not_logged() -> None:
    aggregator = PartitionAggregator(0, CONFIG)
    long = "n" * 250
    changes = aggregator.apply(
        records(
            [
                event(START_MS, session_id=f"s{n}", event_id=f"e{n}", agent_name=f"{n}{long}")
                for n in range(900)
            ]
        )
    )
    [log] = [value for key, value in changes.writes if "\x1flog\x1f" in key]
    assert log is not None
    assert read_logged(log).groups == []
    assert "pane" in kinds(changes)


def test_more_closed_tasks_than_a_record_holds_are_not_logged() -> None:
    aggregator = PartitionAggregator(0, CONFIG)
    ended = [
        event(START_MS + n, "session_end", session_id=f"s{n}", event_id=f"e{n}")
        for n in range(MOST_FACTS + 1)
    ]
    for at in range(0, len(ended), 200):
        aggregator.apply(records(ended[at : at + 200], at))
    aggregator.tick(0)
    changes = aggregator.tick(3_600_000, most=2 * MOST_FACTS)
    assert len(task_messages(changes)) > MOST_FACTS
    [log] = [value for key, value in changes.writes if "\x1flog\x1f" in key and value]
    assert read_logged(log).facts == []
    assert "pane" in kinds(changes)


def test_panes_are_gone_up_to_what_has_closed_and_not_to_where_the_clock_came() -> None:
    """A worker does not store what its clock alone says; another life may know nothing of it."""
    aggregator = PartitionAggregator(0, CONFIG)
    clocks = [event(START_MS, session_id=f"s{n}", event_id=f"e{n}") for n in range(3)]
    aggregator.apply(records(clocks))
    aggregator.tick(0)
    aggregator.tick(100_000)
    aggregator.tick(200_000)
    assert aggregator.watermark_ms == START_MS + 125_000
    later = [event(START_MS + 130_000, session_id=f"s{n}", event_id=f"f{n}") for n in range(3)]
    [log] = [value for key, value in aggregator.apply(records(later, 3)).writes if "log" in key]
    assert log is not None
    assert read_logged(log).gone_ms == START_MS + 10_000


def test_a_task_that_closes_is_stored_again_only_if_its_end_was_not() -> None:
    aggregator = PartitionAggregator(0, CONFIG)
    table: dict[str, bytes] = {}

    def stored_tasks(*batch: Record) -> list[str]:
        changes = aggregator.apply(batch)
        for key, value in changes.writes:
            table.pop(key, None) if value is None else table.update({key: value})
        found = [key for key, value in changes.writes if "\x1ftask\x1f" in key and value]
        return [key.rpartition("\x1f")[2] for key in found]

    ended = [event(START_MS, session_id="a"), event(START_MS + 1, "session_end", session_id="a")]
    clocks = [event(START_MS + n, session_id=f"s{n}") for n in range(3)]
    batch = records([*ended, *clocks])
    assert set(stored_tasks(*batch)) == {"a", "s0", "s1", "s2"}
    # `b` ends and closes in one batch, `a` ended before
    later = [
        event(START_MS + 20_000, session_id="s0", event_id="later"),
        event(START_MS + 10_000, "session_end", session_id="b"),
        event(START_MS + 30_000, session_id="s0", event_id="latest"),
    ]
    assert set(stored_tasks(*records(later, 5))) == {"b", "s0"}
    loaded = PartitionAggregator.load(0, list(table.items()), CONFIG)
    assert loaded.open_tasks == aggregator.open_tasks == 3
    assert {message["session_id"] for message in task_messages(loaded.tick(0))} == {"a", "b"}


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b"[1,2,[3],[]]", b'[1,2,[],[[0,["x"],[]]]]'])
def test_damaged_records_are_refused(value: bytes) -> None:
    with pytest.raises(InputError):
        read_logged(value)

"""A source partition: exact totals in any order, and the same state after any crash."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tasks.budgets import Budget, BudgetPolicy
from pipeline.tasks.storage import from_bytes
from pipeline.windows.batch import AggregatorConfig, Changes, Record
from pipeline.windows.digested import DIGESTED
from pipeline.windows.dimension import DimensionKind
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Counter, Pane
from pipeline.windows.partial import Partial
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import (
    START_MS,
    Event,
    event,
    expected_panes,
    records,
    sessions,
    shuffled_within,
    task_messages,
)

CONFIG = AggregatorConfig(
    idle_ms=60_000,
    budgets=BudgetPolicy(Budget(tokens=6_000, tool_calls=4, cost_usd=0.05, elapsed_ms=9_000)),
)
CLOSED_ONLY = replace(CONFIG, publish_open=False)
"""As the worker has it: what is open is stored as a draft."""
SLEEPY = replace(CLOSED_ONLY, max_awake=1)
"""As under a heavy load: tasks that have ended sleep in the table."""
configs = st.sampled_from((CONFIG, CLOSED_ONLY, SLEEPY))
LATENESS_MS = CONFIG.watermark.lateness_ms
END_MS = START_MS + 3_600_000


class Table:
    """What the writes leave behind, as a changelog topic would."""

    def __init__(self) -> None:
        self.values: dict[str, bytes] = {}

    def write(self, writes: list[tuple[str, bytes | None]]) -> None:
        for key, value in writes:
            if value is None:
                self.values.pop(key, None)
            else:
                self.values[key] = value

    def load(self, config: AggregatorConfig) -> PartitionAggregator:
        return PartitionAggregator.load(0, self.values.items(), config, self.values.__getitem__)


class Told:
    """What was published: the latest state of each pane, and messages by id."""

    def __init__(self) -> None:
        self.panes: dict[tuple[str, int], Pane] = {}
        self.messages: dict[str, dict[str, Any]] = {}

    def take(self, changes: Changes) -> None:
        for _, value in changes.partials:
            partial = Partial.from_bytes(value)
            for part in partial.panes:
                self.panes[str(partial.dimension), part.pane.start_ms] = part.pane
        for message in task_messages(changes):
            self.messages[message["id"]] = message


def cut(batch: list[Record], sizes: list[int]) -> list[list[Record]]:
    batches, at = [], 0
    while at < len(batch):
        size = sizes[len(batches) % len(sizes)]
        batches.append(batch[at : at + size])
        at += size
    return batches


def idle(aggregator: PartitionAggregator) -> Changes:
    """Let an hour pass without events; return what that changes, a restart's repeats included."""
    changes = aggregator.tick(END_MS)
    later = aggregator.tick(END_MS + 3_600_000)
    changes.partials += later.partials
    changes.tasks += later.tasks
    return changes


def idle_in_steps(aggregator: PartitionAggregator, most: int) -> Iterator[Changes]:
    """As `idle`, with so few tasks at once."""
    for now_ms in (END_MS, END_MS + 3_600_000):
        changes = aggregator.tick(now_ms, most)
        yield changes
        while changes.unfinished:
            changes = aggregator.tick(now_ms, most)
            yield changes


def run(events: list[Event], sizes: list[int]) -> Told:
    aggregator, told = PartitionAggregator(0, CONFIG), Told()
    for batch in cut(records(events), sizes):
        told.take(aggregator.apply(batch))
    told.take(idle(aggregator))
    return told


def totals(panes: dict[tuple[str, int], Pane]) -> dict[Any, Any]:
    return {
        key: (
            {name: count for name, count in pane.counters.items() if count},
            {name: (cell.count, cell.total, cell.squares) for name, cell in pane.cells.items()},
        )
        for key, pane in panes.items()
    }


def digests(panes: dict[tuple[str, int], Pane]) -> dict[Any, Any]:
    return {
        key: {measure: cell.digest for measure, cell in pane.cells.items()}
        for key, pane in panes.items()
    }


seeds = st.integers(0, 10_000)


def cuts(writes: int) -> st.SearchStrategy[int]:
    """How many of a batch's writes a crash leaves: any number, and often all but the fence."""
    return st.one_of(st.just(max(writes - 1, 0)), st.integers(0, writes))


batch_sizes = st.lists(st.integers(5, 60), min_size=1, max_size=4)


@settings(max_examples=20, deadline=None)
@given(seeds, batch_sizes, st.integers(1, 4))
def test_the_clock_may_close_a_few_tasks_at_a_time(seed: int, sizes: list[int], most: int) -> None:
    events = sessions(seed, 12)
    aggregator, found = PartitionAggregator(0, CONFIG), Told()
    for batch in cut(records(events), sizes):
        found.take(aggregator.apply(batch))
    steps = list(idle_in_steps(aggregator, most))
    for changes in steps:
        found.take(changes)
    at_once = run(events, sizes)
    assert found.messages == at_once.messages
    assert found.panes == at_once.panes
    # others than those that ended close by having been idle
    ended = [m["closed_by"] for c in steps for m in task_messages(c) if m["kind"] == "summary"]
    assert len(steps) > ended.count("end") // (2 * most)


@settings(max_examples=40, deadline=None)
@given(seeds, batch_sizes)
def test_counts_and_sums_equal_an_independent_recomputation(seed: int, sizes: list[int]) -> None:
    events = sessions(seed, 6)
    told = run(events, sizes)
    for (label, start_ms), expected in expected_panes(events).items():
        pane = told.panes[label, start_ms]
        counters = pane.counters
        assert counters.get(Counter.EVENTS, 0) == expected.events
        if not label.startswith("workflow"):  # there, steps and calls are mixed
            assert counters.get(Counter.SUCCESS, 0) == expected.success
            assert counters.get(Counter.FAILURE, 0) == expected.failure
            cell = pane.cells.get(Measure.LATENCY_MS)
            assert (cell.total if cell else 0) == sum(expected.latencies)
        for measure, values in (
            (Measure.TOKENS, expected.tokens),
            (Measure.COST_USD, expected.costs),
        ):
            if values:
                cell = pane.cells[measure]
                assert (cell.count, cell.total) == (len(values), sum(values))
                assert cell.squares == sum(value * value for value in values)
                digested = measure in DIGESTED[DimensionKind(label.partition("=")[0])]
                assert cell.digest.count == (len(values) if digested else 0)


@settings(max_examples=40, deadline=None)
@given(seeds, batch_sizes)
def test_tasks_equal_an_independent_recomputation(seed: int, sizes: list[int]) -> None:
    events = sessions(seed, 6)
    told = run(events, sizes)
    summaries = {m["session_id"]: m for m in told.messages.values() if m["kind"] == "summary"}
    assert set(summaries) == {each["session_id"] for each in events}
    for session, found in summaries.items():
        own = [each for each in events if each["session_id"] == session]
        calls = [each for each in own if each["event_type"] == "tool_call"]
        succeeded = {each["call_id"] for each in calls if each["status"] == "ok"}
        llm_calls = [each for each in own if each["event_type"] == "llm_call"]
        assert found["events"] == len(own)
        assert found["tokens_in"] == sum(each["tokens_in"] for each in llm_calls)
        assert found["tokens_out"] == sum(each["tokens_out"] for each in llm_calls)
        cost = sum(round(each["cost_usd"] * 10**9) for each in llm_calls)
        assert round(found["cost_usd"] * 10**9) == cost
        assert found["tool_calls"] == len(calls)
        logical = {each["call_id"] for each in calls}
        assert found["logical_tool_calls"] == len(logical)
        assert found["logical_tool_failures"] == len(logical - succeeded)


@settings(max_examples=40, deadline=None)
@given(seeds, batch_sizes, seeds)
def test_another_order_within_the_lateness_gives_the_same_panes(
    seed: int, sizes: list[int], shuffle: int
) -> None:
    events = sessions(seed, 6)
    reordered = shuffled_within(events, LATENESS_MS - 10_000, shuffle)
    assert totals(run(events, [1_000]).panes) == totals(run(reordered, sizes).panes)


@settings(max_examples=60, deadline=None)
@given(seeds, batch_sizes, batch_sizes, configs, st.data())
def test_a_crash_anywhere_in_the_writes_changes_nothing(
    seed: int,
    sizes: list[int],
    later_sizes: list[int],
    config: AggregatorConfig,
    data: st.DataObject,
) -> None:
    """The worker dies in the middle of a batch's writes, with nothing of that batch published."""
    events = shuffled_within(sessions(seed, 6), LATENESS_MS - 10_000, seed)
    batches = cut(records(events), sizes)
    crash_in = data.draw(st.integers(0, len(batches) - 1))
    committed = data.draw(st.integers(0, crash_in))

    table, told = Table(), Told()
    aggregator = PartitionAggregator(0, config, table.values.__getitem__)
    for number, batch in enumerate(batches[: crash_in + 1]):
        changes = aggregator.apply(batch)
        if number == crash_in:
            table.write(changes.writes[: data.draw(cuts(len(changes.writes)))])
        else:
            table.write(changes.writes)
            told.take(changes)

    recovered = table.load(config)
    again = [record for batch in batches[committed:] for record in batch]
    for batch in cut(again, later_sizes):
        changes = recovered.apply(batch)
        assert not changes.repeated, "an event that is delivered again is not one produced again"
        table.write(changes.writes)
        told.take(changes)
    told.take(idle(recovered))

    expected = run(events, sizes)
    assert totals(told.panes) == totals(expected.panes)
    assert told.messages == expected.messages


@settings(max_examples=40, deadline=None)
@given(seeds, batch_sizes, configs, st.data())
def test_crashes_in_a_row_change_nothing(
    seed: int, sizes: list[int], config: AggregatorConfig, data: st.DataObject
) -> None:
    """Each life of the worker gets a little further; offsets are committed by the last one only."""
    events = shuffled_within(sessions(seed, 6), LATENESS_MS - 10_000, seed)
    batch = records(events)
    table, told = Table(), Told()
    for _ in range(4):
        aggregator = table.load(config)
        reached = data.draw(st.integers(1, len(batch)))
        lives = cut(batch[:reached], data.draw(batch_sizes))
        for number, part in enumerate(lives):
            changes = aggregator.apply(part)
            if number < len(lives) - 1:
                table.write(changes.writes)
                told.take(changes)
            else:
                table.write(changes.writes[: data.draw(cuts(len(changes.writes)))])

    recovered = table.load(config)
    for part in cut(batch, sizes):
        changes = recovered.apply(part)
        table.write(changes.writes)
        told.take(changes)
    told.take(idle(recovered))

    expected = run(events, sizes)
    assert totals(told.panes) == totals(expected.panes)
    assert told.messages == expected.messages


@settings(max_examples=40, deadline=None)
@given(seeds, batch_sizes, configs)
def test_state_is_the_same_after_it_was_stored_and_loaded(
    seed: int, sizes: list[int], config: AggregatorConfig
) -> None:
    """A worker that is replaced after every batch says what one that lives on says."""
    events = sessions(seed, 6)
    table, told = Table(), Told()
    for batch in cut(records(events), sizes):
        aggregator = table.load(config)
        changes = aggregator.apply(batch)
        table.write(changes.writes)
        told.take(changes)
    last = table.load(config)
    told.take(idle(last))
    expected = run(events, sizes)
    assert totals(told.panes) == totals(expected.panes)
    assert digests(told.panes) == digests(expected.panes)
    assert told.messages == expected.messages


@settings(max_examples=40, deadline=None)
@given(seeds, batch_sizes, st.integers(0, 4))
def test_tasks_that_sleep_say_and_store_what_tasks_do_that_are_awake(
    seed: int, sizes: list[int], max_awake: int
) -> None:
    events = shuffled_within(sessions(seed, 6), LATENESS_MS - 10_000, seed)
    awake = PartitionAggregator(0, CLOSED_ONLY)
    table = Table()
    sleepy = PartitionAggregator(
        0, replace(CLOSED_ONLY, max_awake=max_awake), table.values.__getitem__
    )
    for batch in cut(records(events), sizes):
        changes, expected = sleepy.apply(batch), awake.apply(batch)
        asleep = changes.asleep
        # what has closed is never asked for again, with those that sleep or without
        assert set(expected.asleep) <= set(asleep)
        changes.asleep = expected.asleep = []
        assert changes == expected
        assert set(asleep) <= {key for key, value in changes.writes if value is not None}
        table.write(changes.writes)
        assert sleepy.open_tasks == awake.open_tasks
    changes, expected = idle(sleepy), idle(awake)
    changes.asleep = expected.asleep = []
    assert changes == expected


def test_tasks_sleep_beyond_the_number_that_may_be_awake() -> None:
    table = Table()
    asked: list[str] = []

    def stored(key: str) -> bytes:
        asked.append(key)
        return table.values[key]

    # what time may bring across a budget stays awake
    config = replace(SLEEPY, budgets=BudgetPolicy())
    aggregator = PartitionAggregator(0, config, stored)
    changes = aggregator.apply(records(sessions(5, 6)))
    table.write(changes.writes)
    assert not asked
    # and what has closed, which the next batch removes
    closed = {key for key in changes.asleep if from_bytes(table.values[key]).closed_ms is not None}
    assert set(changes.asleep) - closed == set(aggregator.asleep)
    # they sleep when they are loaded, too
    loaded = PartitionAggregator.load(0, table.values.items(), config, stored)
    assert loaded.asleep
    assert len(loaded.asleep) == len(aggregator.asleep)
    assert loaded.open_tasks == aggregator.open_tasks
    assert not asked
    idle(aggregator)
    assert asked


@settings(max_examples=40, deadline=None)
@given(seeds, batch_sizes)
def test_events_that_are_produced_again_count_once(seed: int, sizes: list[int]) -> None:
    events = sessions(seed, 6)
    chance = random.Random(seed)
    doubled = [each for each in events for _ in range(1 + (chance.random() < 0.2))]
    repeated = 0
    aggregator, told = PartitionAggregator(0, CONFIG), Told()
    for batch in cut(records(doubled), sizes):
        changes = aggregator.apply(batch)
        repeated += changes.repeated
        told.take(changes)
    told.take(idle(aggregator))
    assert repeated == len(doubled) - len(events)
    assert totals(told.panes) == totals(run(events, sizes).panes)


def test_equal_state_is_stored_as_equal_bytes() -> None:
    events = sessions(5, 6)
    tables = []
    for _ in range(2):
        table = Table()
        aggregator = PartitionAggregator(0, CONFIG)
        for batch in cut(records(events), [7]):
            table.write(aggregator.apply(batch).writes)
        tables.append(table.values)
    assert tables[0] == tables[1]
    assert all(orjson.loads(value) for value in tables[0].values())


def clocks(time_ms: int, name: str) -> list[Event]:
    """Three sessions that agree on the time, and so move the watermark."""
    return [
        event(time_ms, "session_start", session_id=f"{name}-{n}", event_id=f"{name}-{n}")
        for n in range(3)
    ]


def lives(batches_of_lives: list[list[list[Record]]], batch: list[Record]) -> Told:
    """Lives of a worker that end after all writes of their last batch but the fence's."""
    table, told = Table(), Told()
    for batches in batches_of_lives:
        aggregator = table.load(CONFIG)
        for part in batches[:-1]:
            changes = aggregator.apply(part)
            table.write(changes.writes)
            told.take(changes)
        table.write(aggregator.apply(batches[-1]).writes[:-1])
    last = table.load(CONFIG)
    told.take(last.apply(batch))
    told.take(idle(last))
    return told


def test_a_closed_task_is_kept_until_the_replay_has_passed_it() -> None:
    own = [event(START_MS + n, event_id=f"own-{n}", tokens_in=1) for n in range(10)]
    end = event(START_MS + 20, "session_end")
    events = [*clocks(START_MS, "first"), *own, end, *clocks(START_MS + 60_000, "last")]
    batch = records(events)
    told = lives([[batch], [batch[:4], batch[4:6], batch[6:7]]], batch)
    expected = run(events, [100])
    assert told.messages == expected.messages
    assert totals(told.panes) == totals(expected.panes)


def test_an_end_that_the_watermark_has_passed_already_counts_where_it_is_found() -> None:
    watermark_ms = START_MS + 5_000
    events = [
        event(START_MS, event_id="own", tokens_in=1),
        *clocks(watermark_ms + LATENESS_MS, "clock"),
        event(watermark_ms - 1, session_id="clock-0", event_id="in the same pane"),
        event(watermark_ms - 2, "session_end"),
    ]
    batch = records(events)
    told = lives([[batch[:5]]], batch)
    expected = run(events, [100])
    assert expected.panes["all", START_MS].counters[Counter.TASKS] == 1
    assert totals(told.panes) == totals(expected.panes)

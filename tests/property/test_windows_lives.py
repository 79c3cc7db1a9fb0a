"""Many short lives of an aggregator say what one long life says.

A life ends anywhere in the writes of a batch, or between them and what is published, or while that
is published; or the broker refuses a part of a batch, which then comes again to what was stored
before it. Its batches are small, so that most of what a life finds was logged, and panes and tasks
close and are removed on the way.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tasks.budgets import Budget, BudgetPolicy
from pipeline.tasks.event import TS
from pipeline.windows.batch import AggregatorConfig, Changes, Record
from pipeline.windows.event_time import event_time_ms
from pipeline.windows.pane import Pane
from pipeline.windows.pane_log import read_logged
from pipeline.windows.partial import Partial
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import START_MS, records, sessions, shuffled_within, task_messages

CONFIG = AggregatorConfig(
    idle_ms=60_000,
    budgets=BudgetPolicy(Budget(tokens=6_000, tool_calls=4, elapsed_ms=9_000)),
    publish_open=False,
)
SLEEPY = replace(CONFIG, max_awake=1)
CAPPED = replace(CONFIG, label_cap=1)
OPEN = replace(CONFIG, publish_open=True)
IDLE_MS = CONFIG.watermark.idle_timeout_ms
LATENESS_MS = CONFIG.watermark.lateness_ms
END_MS = START_MS + 3_600_000

Table = dict[str, bytes]
Totals = dict[Any, Any]


def load_of(seed: int) -> list[Record]:
    """Some minutes of sessions, none of whose events comes too late: they would close tasks, or
    not, by where batches are cut."""
    found = [
        each
        for part in range(6)
        for each in sessions(seed * 10 + part, 5, START_MS + part * 15_000)
    ]
    return records(shuffled_within(found, LATENESS_MS - 10_000, seed))


def totals(panes: dict[tuple[str, int], Pane], *, by_name: bool) -> Totals:
    """Counts and sums of each dimension; or of each kind, if names may have become `other`."""
    found: dict[Any, Counter[str]] = {}
    for (label, start_ms), pane in panes.items():
        kind = label if by_name else ",".join(part.split("=")[0] for part in label.split(","))
        sums = found.setdefault((kind, start_ms), Counter())
        sums.update(pane.counters)
        for measure, cell in pane.cells.items():
            for name in ("count", "total", "squares"):
                sums[f"{measure} {name}"] += getattr(cell, name)
    return {key: {name: each for name, each in sums.items() if each} for key, sums in found.items()}


class Lives:
    """A table with its changelog, what has been told, and the aggregator that lives now."""

    def __init__(self, config: AggregatorConfig, seed: int) -> None:
        self.config = config
        self.chance = random.Random(seed)
        self.table: Table = {}
        self.changelog: Table = {}
        self.panes: dict[tuple[str, int], Pane] = {}
        self.messages: dict[str, Any] = {}
        self.seen: Counter[str] = Counter()
        """How often the cases came that all this is about."""
        self.aggregator = self.load()

    def load(self) -> PartitionAggregator:
        logs = [read_logged(data) for key, data in self.table.items() if "\x1flog\x1f" in key]
        self.seen["several batches were logged"] += len(logs) > 3
        self.seen["closings were logged"] += any(each.facts for each in logs)
        gone_ms = max((each.gone_ms for each in logs), default=-1)
        starts = [int(key.split("\x1f")[2]) for key in self.table if "\x1fpane\x1f" in key]
        logged = [start_ms for each in logs for start_ms, _, _ in each.groups]
        self.seen["a draft of a pane that is gone"] += any(s + 10_000 <= gone_ms for s in starts)
        self.seen["a log of a pane that is gone"] += any(s + 10_000 <= gone_ms for s in logged)
        return PartitionAggregator.load(
            0, list(self.table.items()), self.config, lambda key: self.table[key]
        )

    def crash(self) -> None:
        self.table = dict(self.changelog)
        self.aggregator = self.load()

    def fail_to_send(self, changes: Changes) -> None:
        """Keep the table as it was, while the changelog has a part of a batch."""
        put(self.changelog, changes.writes[: self.some(len(changes.writes))])
        self.aggregator = self.load()

    def store(self, changes: Changes) -> None:
        put(self.table, changes.writes)
        put(self.changelog, changes.writes)

    def tell(self, changes: Changes) -> None:
        self.tell_first(changes, len(changes.partials) + len(changes.tasks))

    def tell_first(self, changes: Changes, most: int) -> None:
        for _, value in changes.partials[:most]:
            partial = Partial.from_bytes(value)
            for part in partial.panes:
                self.panes[str(partial.dimension), part.pane.start_ms] = part.pane
        for message in task_messages(changes)[: max(0, most - len(changes.partials))]:
            self.messages[message["id"]] = message
            if "budget_levels" in message:
                # which of two came first may depend on when the clock looked
                message["budget_levels"].sort()

    def some(self, most: int) -> int:
        """Any number up to `most`, and often all but one."""
        return max(0, most - 1) if self.chance.random() < 0.3 else self.chance.randint(0, most)

    def tick(self, to_ms: int) -> None:
        """Let the clock bring event time there, as a worker does; most of it is not stored."""
        aggregator = self.aggregator
        for _ in range(2):
            changes = aggregator.tick(END_MS)  # the first one learns the time
            if len(changes.writes) > 1 or changes.partials or changes.tasks:
                self.store(changes)
                self.tell(changes)
        latest_ms = aggregator.watermark_ms
        if latest_ms is not None and to_ms > latest_ms:
            changes = aggregator.tick(END_MS + IDLE_MS + to_ms - latest_ms)
            if len(changes.writes) > 1 or changes.partials or changes.tasks:
                self.store(changes)
                self.tell(changes)

    def finish(self) -> None:
        for now_ms in (END_MS, END_MS + 3_600_000):
            self.tell(self.aggregator.tick(now_ms))


def put(table: Table, writes: list[tuple[str, bytes | None]]) -> None:
    for key, value in writes:
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


def orderly(
    batch: list[Record], config: AggregatorConfig, size: int = 50, *, crashes: bool = False
) -> Lives:
    """Apply batches of `size` events, which nothing goes wrong with; or each is a life's last."""
    lives = Lives(config, 0)
    for at in range(0, len(batch), size):
        changes = lives.aggregator.apply(batch[at : at + size])
        lives.store(changes)
        lives.tell(changes)
        if crashes:
            lives.crash()
    lives.finish()
    return lives


def disturbed(
    batch: list[Record], config: AggregatorConfig, seed: int, most: int, often: float
) -> Lives:
    """Apply batches of up to `most` events, each of which something may go wrong with."""
    lives = Lives(config, seed)
    chance = lives.chance
    at = committed = reached = 0
    refused: list[Record] = []
    while at < len(batch):
        # what the broker refused comes again as it was
        part = refused or batch[at : at + chance.randint(1, most)]
        refused = []
        reached = max(reached, at + len(part))
        changes = lives.aggregator.apply(part)
        assert not changes.repeated, "an event that is delivered again is not one produced again"
        fate = chance.random()
        if fate < often / 3:
            lives.fail_to_send(changes)
            refused = part
            continue
        if fate < often:
            if fate < often * 2 / 3:
                put(lives.changelog, changes.writes[: lives.some(len(changes.writes))])
            else:
                lives.store(changes)
                lives.tell_first(changes, lives.some(len(changes.partials) + len(changes.tasks)))
            lives.crash()
            at = chance.randint(committed, at)
            continue
        lives.store(changes)
        lives.tell(changes)
        at += len(part)
        if chance.random() < 0.5:
            committed = at
        # the clock moves nothing before all is read; and here no further than to the events that
        # are to come, which would else be late
        if chance.random() < 0.1 and reached <= at < len(batch):
            lives.tick(min(event_time_ms(each.event[TS]) for each in batch[at:]))
    lives.crash()
    lives.finish()
    return lives


def check(seed: int, config: AggregatorConfig, most: int, often: float) -> Lives:
    batch = load_of(seed)
    by_name = config.label_cap > 1
    found = disturbed(batch, config, seed, most, often)
    expected = orderly(batch, config)
    assert totals(found.panes, by_name=by_name) == totals(expected.panes, by_name=by_name)
    assert found.messages == expected.messages
    return found


configs = st.sampled_from((CONFIG, CONFIG, SLEEPY, CAPPED, OPEN))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 1_000_000), configs, st.integers(1, 40), st.sampled_from((0.02, 0.1, 0.4)))
def test_many_lives_say_what_one_says(
    seed: int, config: AggregatorConfig, most: int, often: float
) -> None:
    check(seed, config, most, often)


def test_a_life_after_each_batch_says_what_one_says() -> None:
    batch = load_of(7)
    lives = orderly(batch, CONFIG, 5, crashes=True)
    expected = orderly(batch, CONFIG)
    assert totals(lives.panes, by_name=True) == totals(expected.panes, by_name=True)
    assert lives.messages == expected.messages


@pytest.mark.parametrize(
    "case",
    [
        "several batches were logged",
        "closings were logged",
        "a draft of a pane that is gone",
        "a log of a pane that is gone",
    ],
)
def test_these_lives_meet_what_they_are_about(case: str, met: Callable[[str], int]) -> None:
    assert met(case) >= 5


@pytest.fixture(scope="module")
def met() -> Callable[[str], int]:
    seen: Counter[str] = Counter()
    for seed in range(12):
        seen += check(seed, CONFIG, 8, 0.15).seen
    return seen.__getitem__

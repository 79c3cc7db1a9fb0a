"""Events that pass their schemas and say absurd amounts: all is counted, sums end at a bound."""

from __future__ import annotations

import math
from dataclasses import replace

import jsonschema_rs
import orjson
import pytest

from pipeline.amounts import MOST_AMOUNT, MOST_SHORT, MOST_SQUARES
from pipeline.detection.statistics import mean_ratio_interval
from pipeline.detection.window_view import PaneStats
from pipeline.events.contract import event_contracts
from pipeline.tasks.budgets import Budget, BudgetPolicy
from pipeline.tasks.event import event_of
from pipeline.windows.batch import AggregatorConfig, Record
from pipeline.windows.digest import digest_of
from pipeline.windows.histories import Histories
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Counter, Resolution
from pipeline.windows.stats import Window
from tests.unit.windows.absurd import ALL, MODEL, Stored, absurd
from tests.unit.windows.fleet import PANE_MS, START_MS, event, records

MANY = 1_500
"""Enough that each sum ends at the bound, but for that of latencies."""
FIRST, LAST = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"
SPAN_MS = 315_537_897_599_999
"""From first to last."""
OPEN, CLOSED = AggregatorConfig(publish_open=True), AggregatorConfig(publish_open=False)
BUDGET = Budget(tokens=10, tool_calls=1, cost_usd=1e12, elapsed_ms=10)
LIMITED = replace(OPEN, budgets=BudgetPolicy(default=BUDGET))


def test_the_schemas_allow_such_events() -> None:
    validator = event_contracts()["llm_call"].validator
    validator.validate(absurd(0))
    for name in ("cost_usd", "tokens_in", "latency_ms"):
        with pytest.raises(jsonschema_rs.ValidationError):
            validator.validate(absurd(0, **{name: 1.1e16}))


@pytest.mark.parametrize("cost", [4.1e9, 5e10, 1e12])
def test_one_absurd_cost_counts_as_the_bound(cost: float) -> None:
    stored = Stored(OPEN)
    assert stored.apply(records([absurd(0, cost_usd=cost)])).applied == 1
    [cell] = stored.cells(MODEL, Measure.COST_USD)
    assert (cell.count, cell.total, cell.squares) == (1, MOST_AMOUNT, MOST_SQUARES)
    assert cell.digest == digest_of([MOST_AMOUNT])


@pytest.mark.parametrize("config", [OPEN, CLOSED, LIMITED])
@pytest.mark.parametrize("batches", [1, 7])
@pytest.mark.parametrize("reloads", [False, True])
def test_sums_of_absurd_events_end_at_the_bound(
    config: AggregatorConfig, batches: int, reloads: bool
) -> None:
    stored = Stored(config)
    said = records([absurd(number) for number in range(MANY)])
    size = -(-MANY // batches)
    for first in range(0, MANY, size):
        stored.apply(said[first : first + size])
        if reloads:
            stored.reload()
    stored.close()
    for measure in (Measure.COST_USD, Measure.TOKENS):
        [cell] = stored.cells(MODEL, measure)
        assert (cell.count, cell.total, cell.digest.count) == (MANY, MOST_AMOUNT, MANY)
    [cell] = stored.cells(MODEL, Measure.LATENCY_MS)
    assert (cell.count, cell.total) == (MANY, MANY * 10**15)
    assert len(stored.summaries()) == 3
    for task in stored.summaries():
        assert task["events"] == task["llm_calls"] == MANY // 3
        assert task["cost_usd"] == 4e9
        assert task["tokens_in"] == task["tokens_out"] == task["tokens_cached"] == MOST_AMOUNT
        assert task["steps"]["llm_call"]["total_ms"] == MANY // 3 * 1e12
    for measure in (Measure.TASK_COST_USD, Measure.TASK_TOKENS):
        [cell] = stored.cells(ALL, measure)
        assert (cell.count, cell.total, cell.squares) == (3, MOST_AMOUNT, MOST_SQUARES)


def test_latencies_of_a_task_and_a_pane_end_at_the_bound() -> None:
    stored = Stored(OPEN)
    stored.apply(records([absurd(number, session_id="s") for number in range(5_000)]))
    stored.close()
    [cell] = stored.cells(MODEL, Measure.LATENCY_MS)
    assert (cell.count, cell.total) == (5_000, MOST_AMOUNT)
    [task] = stored.summaries()
    assert task["steps"]["llm_call"] == {"count": 5_000, "total_ms": 4e15, "max_ms": 1e12}


@pytest.mark.parametrize("config", [OPEN, LIMITED])
def test_durations_from_absurd_times_end_at_the_bound(config: AggregatorConfig) -> None:
    stored = Stored(config)
    stored.apply(records([absurd(number) for number in range(3)]))
    said = []
    for number in range(100):
        ids = [{"session_id": f"x{number}", "event_id": f"{number}-{n}"} for n in range(4)]
        said += [
            event(START_MS + 3, **ids[0]),
            event(START_MS + 3, **ids[1]) | {"ts": FIRST},
            event(START_MS + 3, **ids[2]) | {"ts": LAST},
            event(START_MS + 3, "session_end", **ids[3]),
        ]
    stored.apply([Record(n, START_MS + 3, event_of(each)) for n, each in enumerate(said, 3)])
    stored.reload()
    stored.close()
    durations = [t["duration_ms"] for t in stored.summaries() if t["session_id"].startswith("x")]
    assert durations == [SPAN_MS] * 100
    cell = stored.cells(ALL, Measure.TASK_DURATION_MS)[0]
    assert (cell.count, cell.total) == (100, MOST_AMOUNT)
    assert cell.digest.maximum == SPAN_MS * 1_000


def test_a_partition_that_begins_in_the_year_one_goes_on() -> None:
    stored = Stored(OPEN)
    said = [absurd(number) | {"ts": FIRST} for number in range(30)]
    stored.apply([Record(n, START_MS, event_of(each)) for n, each in enumerate(said)])
    stored.reload()
    stored.apply(records([absurd(number, 1_000) for number in range(30)], 30))
    stored.reload()
    stored.close()
    assert sum(task["events"] for task in stored.summaries()) == 60


def test_counts_that_an_event_states_are_bounded_too() -> None:
    stored = Stored(OPEN)
    absurdly = {"redaction": {"quarantined": 2**63}}
    stored.apply(records([absurd(number, **absurdly) for number in range(4)]))
    counted = [
        pane.pane.counters[Counter.QUARANTINED]
        for partial in stored.partials
        for pane in partial.panes
    ]
    assert set(counted) == {4 * MOST_SHORT}


def test_the_detector_reads_keeps_and_judges_absurd_partials() -> None:
    stored = Stored(CLOSED)
    for number in range(8):
        said = [absurd(n, number * PANE_MS, cost_usd=1e12 / (n + 1)) for n in range(MANY)]
        stored.apply(records(said, number * MANY))
    stored.close()
    histories = Histories()
    for partial in stored.partials:
        histories.apply(partial)
    kept = dict(histories.take_writes())
    loaded = Histories.load((key, value) for key, value in kept.items() if value is not None)
    for source in (histories, loaded):
        start_ms = Resolution.DAY.floor(START_MS)
        stats = source.window(MODEL, Window.ONE_DAY, start_ms + Resolution.DAY)
        cost = orjson.loads(stats.to_bytes("24h"))["measures"]["cost_usd"]
        assert (cost["count"], cost["total"], cost["maximum"]) == (8 * MANY, 4e9, 4e9)
        assert cost["variance"] > 0
        assert all(0 <= mean <= 4e9 for mean in cost["means"])
        panes = source.panes(MODEL, start_ms, start_ms + Resolution.DAY)
        found = PaneStats(Measure.COST_USD, panes)
        assert (found.count, found.total, found.maximum) == (8 * MANY, 4e9, 4e9)
        interval = mean_ratio_interval(found.mean, found.variance, found.count, 1, 1, 1_000, 5)
        assert math.isfinite(interval.low)
        assert math.isfinite(interval.high)

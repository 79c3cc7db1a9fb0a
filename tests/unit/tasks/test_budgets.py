"""Budgets: which one holds, and each level told once, at its moment."""

from __future__ import annotations

from typing import Any

from pipeline.tasks.budgets import Budget, BudgetPolicy
from pipeline.windows.batch import AggregatorConfig, Changes
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import START_MS, event, records, task_messages

MINUTE_MS = 60_000


def crossings(changes: Changes) -> list[tuple[str, int, float]]:
    return [
        (message["resource"], message["level_percent"], message["value"])
        for message in task_messages(changes)
        if message["kind"] == "budget"
    ]


def calls(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [event(START_MS + n * 1_000, event_id=str(n), **fields) for n in range(count)]


def test_each_level_is_told_once_in_the_batch_that_reaches_it() -> None:
    config = AggregatorConfig(budgets=BudgetPolicy(Budget(tokens=1_000)))
    aggregator = PartitionAggregator(0, config)
    told = [
        crossings(aggregator.apply([record]))
        for record in records(calls(6, tokens_in=200, tokens_out=50))
    ]
    assert told == [
        [],
        [],
        [],
        [("tokens", 80, 1000.0), ("tokens", 100, 1000.0)],
        [],
        [],
    ]


def test_cost_is_counted_to_the_billionth() -> None:
    config = AggregatorConfig(budgets=BudgetPolicy(Budget(cost_usd=0.000_000_010)))
    aggregator = PartitionAggregator(0, config)
    told = [
        crossings(aggregator.apply([record]))
        for record in records(calls(10, cost_usd=0.000_000_001))
    ]
    assert [levels for levels in told if levels] == [
        [("cost_usd", 80, 0.000_000_008)],
        [("cost_usd", 100, 0.000_000_010)],
    ]


def test_tool_attempts_count_each() -> None:
    config = AggregatorConfig(budgets=BudgetPolicy(Budget(tool_calls=5)))
    aggregator = PartitionAggregator(0, config)
    batch = [
        event(START_MS + n, "tool_call", event_id=str(n), call_id="same", status="error")
        for n in range(5)
    ]
    changes = aggregator.apply(records(batch))
    assert crossings(changes) == [("tool_calls", 80, 4.0), ("tool_calls", 100, 5.0)]


def test_a_task_that_hangs_crosses_its_elapsed_time_without_an_event_of_its_own() -> None:
    config = AggregatorConfig(budgets=BudgetPolicy(Budget(elapsed_ms=10 * MINUTE_MS)))
    aggregator = PartitionAggregator(0, config)
    others = [
        event(START_MS + n * 10_000, session_id=f"other-{n}", event_id=f"o{n}") for n in range(57)
    ]
    changes = aggregator.apply(records([event(START_MS, event_id="hangs"), *others]))
    own = [
        m
        for m in task_messages(changes)
        if m["kind"] == "budget" and m["session_id"] == "session-1"
    ]
    assert [(m["level_percent"], m["crossed_ms"]) for m in own] == [(80, START_MS + 8 * MINUTE_MS)]


def test_the_workflow_decides_then_the_tier_then_the_default() -> None:
    refund, admin, default = Budget(tokens=1), Budget(tokens=2), Budget(tokens=3)
    policy = BudgetPolicy(default, {"refund": refund}, {"admin": admin})
    assert policy.budget("refund", "admin") is refund
    assert policy.budget("booking", "admin") is admin
    assert policy.budget(None, None) is default
    assert not BudgetPolicy().budget("refund", "admin").limits()

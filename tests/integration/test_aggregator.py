"""Tasks and partials through a real worker: equal to a recomputation, kills included."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
import pytest

from pipeline.cli.downstream import records
from pipeline.local.process import State
from pipeline.local.stack import LocalStack
from pipeline.topics import TASKS
from tests.pipeline_harness import event, events_as_messages, publish, until, until_lag_is_gone
from tests.services import Workers


async def summaries(stack: LocalStack, prefix: str) -> dict[str, dict[str, object]]:
    """Return the task summaries of sessions that begin with `prefix`, by id."""
    found: dict[str, dict[str, object]] = {}
    async for record in records(stack.settings.kafka, TASKS.name):
        message = orjson.loads(record.value or b"{}")
        if message["session_id"].startswith(prefix) and message.get("kind") == "summary":
            found[message["id"]] = message
    return found


@pytest.mark.parametrize("store", ["memory", "rocksdict"])
async def test_tasks_add_up_and_are_closed_once_through_kills(
    fresh_stack: LocalStack, store: str
) -> None:
    with Workers(fresh_stack) as workers:
        workers.start("redactor")
        # none awake: each ended task is read from the store when it closes
        workers.start(
            "aggregator", SLUICE_AGGREGATION__STORE=store, SLUICE_AGGREGATION__TASKS_AWAKE="0"
        )
        await _tasks_add_up(fresh_stack, workers)


async def _tasks_add_up(stack: LocalStack, workers: Workers) -> None:
    sessions, calls = 120, 8
    events = [
        event(
            f"agg-{number}-{call}",
            f"agg-{number}",
            event_type="llm_call",
            model_requested="gpt-4o",
            tokens_in=100 + number,
            tokens_out=call,
            ts=f"2026-11-20T10:{call:02d}:00Z",
        )
        for number in range(sessions)
        for call in range(calls)
    ]
    events += [
        event(
            f"agg-{number}-end",
            f"agg-{number}",
            event_type="session_end",
            outcome="success",
            ts=f"2026-11-20T10:{calls:02d}:30Z",
        )
        for number in range(sessions)
    ]
    events.sort(key=lambda item: item["ts"])

    for start in range(0, len(events), 90):
        await publish(stack.settings, events_as_messages(events[start : start + 90]))
        if start in (270, 630):
            await until(lambda: workers.status("aggregator").state is State.READY, "the worker")
            workers.crash("aggregator")
        await asyncio.sleep(0.1)
    # what comes later moves the watermark of every partition past all ends
    later = [
        event(
            f"agg-later-{number}-{minute}", f"agg-later-{number}", ts=f"2026-11-20T11:{minute}:00Z"
        )
        for minute in (10, 20, 30)
        for number in range(60)
    ]
    await publish(stack.settings, events_as_messages(later))
    await until_lag_is_gone(stack.settings, ["sluice-redactor", "sluice-aggregator"])

    found = await summaries(stack, "agg-")
    ended = [task for task in found.values() if "later" not in str(task["session_id"])]
    assert len(ended) == len({task["session_id"] for task in ended}) == sessions
    wrong: Counter[str] = Counter()
    for task in ended:
        number = int(str(task["session_id"]).removeprefix("agg-"))
        wrong["tokens_in"] += task["tokens_in"] != calls * (100 + number)
        wrong["tokens_out"] += task["tokens_out"] != sum(range(calls))
        wrong["llm_calls"] += task["llm_calls"] != calls
        wrong["outcome"] += task["outcome"] != "success"
    assert not +wrong

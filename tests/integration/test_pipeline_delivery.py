"""From an event on Kafka to a row in ClickHouse, through real workers: each once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from pipeline.adapters.kafka.admin import topic_states
from pipeline.local.stack import LocalStack
from pipeline.topics import EVENTS_RAW
from tests.pipeline_harness import (
    counted,
    event,
    events_as_messages,
    publish,
    query,
    query_text,
    topic_values,
    until,
    until_lag_is_gone,
)
from tests.services import Workers

GROUPS = ("sluice-redactor", "sluice-sink")


async def test_an_event_becomes_a_clean_row(stack: LocalStack, workers: Workers) -> None:
    workers.start("redactor")
    workers.start("sink")
    secret = "maria.gonzales@example.org"
    sent = event("clean-1", "clean-session", output=f"mail {secret}", new_field=[1, "two"])
    await publish(stack.settings, events_as_messages([sent]))
    where = "session_id = 'clean-session'"
    await until(lambda: counted(stack.settings, "events", where) == 1, "the row")

    [[row]] = query(
        stack.settings, f"SELECT tuple(verified, details, attributes) FROM events WHERE {where}"
    )
    verified, details, attributes = row
    assert verified is True
    assert secret not in details
    assert "<EMAIL_ADDRESS:" in details
    assert orjson.loads(attributes) == {"new_field": [1, "two"]}
    [[found]] = query(stack.settings, f"SELECT redaction_counts FROM events WHERE {where}")
    assert found["EMAIL_ADDRESS"] == 1


BAD_INPUT: dict[str, bytes] = {
    "not_json": b"{not json",
    "bad_utf8": b'{"event_id": "\xff\xfe"}',
    "empty": b"",
    "missing_field": orjson.dumps({"schema_version": 1, "event_type": "agent_step"}),
    "unknown_type": orjson.dumps(event("bad-1", "bad", event_type="dance")),
    "wrong_type": orjson.dumps(event("bad-2", "bad", latency_ms="soon")),
    "not_a_number": b'{"schema_version": NaN}',
    "duplicate_key": orjson.dumps(event("bad-3", "bad"))[:-1] + b',"span_id":"again"}',
    "too_large": orjson.dumps(event("bad-4", "bad", output="x" * 5_000_000)),
    "too_deep": orjson.dumps(event("bad-5", "bad"))[:-1]
    + b',"output":'
    + b"[" * 1000
    + b"]" * 1000
    + b"}",
    "time_out_of_range": orjson.dumps(event("bad-6", "bad", ts="1970-01-01T00:00:00Z")),
    "time_out_of_range ": orjson.dumps(event("bad-7", "bad", ts="2100-01-01T00:00:00Z")),
}


async def test_each_bad_input_is_one_dead_letter_and_its_batch_goes_on(
    stack: LocalStack, workers: Workers
) -> None:
    workers.start("redactor")
    workers.start("sink")
    [state] = await topic_states(stack.settings.kafka, [EVENTS_RAW.name])
    mine = " OR ".join(
        f"(source_partition = {number} AND source_offset >= {offset})"
        for number, offset in state.end_offsets.items()
    )
    where = f"source_topic = '{EVENTS_RAW.name}' AND ({mine})"
    good = [event(f"amid-bad-{number}", "amid-bad") for number in range(20)]
    messages = [("amid-bad", value) for value in BAD_INPUT.values()]
    for position, message in enumerate(events_as_messages(good)):
        messages.insert(position * 2, message)
    await publish(stack.settings, messages)

    await until(
        lambda: counted(stack.settings, "events", "session_id = 'amid-bad'") == len(good),
        "the good events",
    )
    await until(
        lambda: counted(stack.settings, "dead_letters", where) >= len(BAD_INPUT),
        "the dead letters",
    )
    rows = query(
        stack.settings,
        "SELECT reason, count(), countDistinct(source_partition, source_offset) "
        f"FROM dead_letters WHERE {where} GROUP BY reason",
    )
    found = {reason: (count, places) for reason, count, places in rows}
    for reason in BAD_INPUT:
        expected = 2 if reason.startswith("time") else 1
        assert found[reason.strip()] == (expected, expected), reason
    for worker in ("redactor", "sink"):
        assert workers.status(worker).restarts == 0


@pytest.fixture
def unmerged(stack: LocalStack) -> Iterator[None]:
    """Let no merge of ReplacingMergeTree take a second row away before it is counted."""
    table = f"{stack.settings.clickhouse.database}.events"
    query_text(stack.settings, f"SYSTEM STOP MERGES {table}")
    yield
    query_text(stack.settings, f"SYSTEM START MERGES {table}")


@pytest.mark.usefixtures("unmerged")
@pytest.mark.parametrize("victim", ["redactor", "sink"])
async def test_kill_9_in_mid_stream_loses_nothing_and_stores_nothing_twice(
    stack: LocalStack, workers: Workers, victim: str
) -> None:
    # small batches and slow commits: the kill then always falls between a send and its commit
    workers.start("redactor", SLUICE_KAFKA__SESSION_TIMEOUT_SECONDS="6")
    workers.start("sink", SLUICE_SINK__BATCH_SECONDS="0.1", SLUICE_SINK__BATCH_ROWS="500")
    chance = random.Random(f"kill {victim}")
    session = f"kill-{victim}"
    where = f"trace_id = '{session}'"
    published = 0
    killed = asyncio.Event()

    async def stream() -> None:
        # on for as long as there are kills to come: a stream of a set length can be stored in
        # full by a quick worker before the last kill, which then waits for ever
        nonlocal published
        while not killed.is_set():
            events = [
                event(f"{session}-{number}", f"{session}-{number % 97}", trace_id=session)
                for number in range(published, published + 500)
            ]
            await publish(stack.settings, events_as_messages(events))
            published += len(events)
            await asyncio.sleep(0.15)

    async def kill() -> None:
        for _ in range(3):
            stored = counted(stack.settings, "events", where)
            await until(
                lambda stored=stored: counted(stack.settings, "events", where) > stored + 300,
                "progress before the next kill",
            )
            await asyncio.sleep(chance.uniform(0.0, 0.4))
            workers.crash(victim)
            await asyncio.sleep(1.0)
        killed.set()

    await asyncio.gather(stream(), kill())
    await until_lag_is_gone(stack.settings, GROUPS)
    await until(lambda: counted(stack.settings, "events", where) >= published, "all rows")

    [[rows, ids]] = query(
        stack.settings, f"SELECT count(), uniqExact(event_id) FROM events WHERE {where}"
    )
    assert (rows, ids) == (published, published)
    assert workers.status(victim).restarts == 3


async def test_personal_data_is_in_no_log_and_in_no_topic_but_the_raw_one(
    stack: LocalStack, workers: Workers
) -> None:
    workers.start("redactor")
    workers.start("sink")
    planted = ["4111 1111 1111 1111", "hans.maier@example.net", "DE89 3704 0044 0532 0130 00"]
    text = f"card {planted[0]}, mail {planted[1]}, account {planted[2]}"
    events = [
        event("leak-1", "leak", output=text),
        event("leak-2", "leak", error_message=text, output={planted[1]: [text]}),
        # refused, so it must leave no copy of itself in the dead letter
        event("leak-3", "leak", latency_ms=text),
    ]
    await publish(stack.settings, [*events_as_messages(events), ("leak", text.encode())])
    await until(
        lambda: counted(stack.settings, "events", "session_id = 'leak'") == 2, "the clean rows"
    )
    await until_lag_is_gone(stack.settings, GROUPS)

    places = {
        topic: b"\n".join(await topic_values(stack.settings, topic)).decode("utf-8", "replace")
        for topic in ("agent.events.clean", "agent.events.dlq")
    }
    logs = Path(stack.settings.local.data_dir) / "logs"
    places |= {log.name: log.read_text("utf-8", "replace") for log in logs.glob("*.log")}
    assert {"redactor.log", "sink.log"} <= set(places)
    found = [(place, value) for place, text in places.items() for value in planted if value in text]
    assert found == []

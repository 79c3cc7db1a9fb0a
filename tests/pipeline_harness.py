"""What the end-to-end tests share: publish, wait for rows, read everything back as text."""

from __future__ import annotations

import asyncio
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterable
from typing import Any

import orjson

from pipeline.adapters.kafka.admin import group_lags, topic_states
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.cli.downstream import records
from pipeline.config import Settings
from pipeline.topics import EVENTS_RAW

WAIT_SECONDS = 90.0


def event(event_id: str, session_id: str, **fields: Any) -> dict[str, Any]:
    """Return a valid agent_step event; `fields` replace or add."""
    return {
        "schema_version": 1,
        "event_id": event_id,
        "event_type": "agent_step",
        "trace_id": session_id,
        "session_id": session_id,
        "span_id": event_id,
        "parent_span_id": None,
        "ts": "2026-11-20T10:00:00Z",
        "agent_name": "test-agent",
        "release_version": "r1",
        **fields,
    }


async def publish(settings: Settings, messages: Iterable[tuple[str, bytes]]) -> None:
    """Send (key, value) messages to the input topic; return when they are acknowledged."""
    producer = BatchProducer(settings.kafka)
    await producer.start()
    try:
        records = [Record(key.encode(), value) for key, value in messages]
        await producer.send(EVENTS_RAW.name, records)
    finally:
        await producer.stop()


def events_as_messages(events: Iterable[dict[str, Any]]) -> list[tuple[str, bytes]]:
    """Return one message for each event, keyed by its session."""
    return [(item["session_id"], orjson.dumps(item)) for item in events]


def query(settings: Settings, sql: str) -> list[list[Any]]:
    """Ask the engine over plain HTTP, as curl would."""
    body = query_text(settings, sql + " FORMAT JSONCompactEachRow")
    return [orjson.loads(line) for line in body.splitlines()]


def query_text(settings: Settings, sql: str) -> str:
    """Return the body of ClickHouse's answer to `sql`, which names its own format."""
    clickhouse = settings.clickhouse
    parameters = urllib.parse.urlencode(
        {
            "database": clickhouse.database,
            "output_format_json_quote_64bit_integers": 0,
        }
    )
    request = urllib.request.Request(
        f"http://{clickhouse.host}:{clickhouse.port}/?{parameters}", data=sql.encode()
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return str(answer.read().decode("utf-8", "replace"))


def counted(settings: Settings, table: str, where: str) -> int:
    """Return the number of rows, without FINAL."""
    return int(query(settings, f"SELECT count() FROM {table} WHERE {where}")[0][0])


async def until(condition: Callable[[], bool], what: str, *, seconds: float = WAIT_SECONDS) -> None:
    """Wait until `condition` holds; fail the test when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.2)


async def until_lag_is_gone(settings: Settings, groups: Iterable[str]) -> None:
    """Wait until every group has committed all that its topics hold."""
    end = time.monotonic() + WAIT_SECONDS
    wanted = set(groups)
    while True:
        states = await topic_states(settings.kafka)
        lags = [lag for lag in await group_lags(settings.kafka, states) if lag.group in wanted]
        # a group that has committed nothing yet shows no topics at all
        done = [lag for lag in lags if lag.lag and not any(lag.lag.values())]
        if len(done) == len(wanted):
            return
        assert time.monotonic() < end, f"lag remains: {lags}"
        await asyncio.sleep(0.5)


async def topic_values(settings: Settings, topic: str) -> list[bytes]:
    """Return keys and values of everything a topic holds now."""
    return [
        part or b""
        async for record in records(settings.kafka, topic)
        for part in (record.key, record.value)
    ]

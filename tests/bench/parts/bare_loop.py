"""The ceiling: what a loop without redaction, verification or fences does on the same events."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from aiokafka import AIOKafkaConsumer

from pipeline.adapters.clickhouse import connect
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.adapters.kafka.options import client_options
from pipeline.config import Settings
from pipeline.topics import EVENTS_RAW

TABLE = "bench_bare"
INSERT_ROWS = 20_000
COLUMNS = (
    ("event_id", "String"),
    ("event_type", "LowCardinality(String)"),
    ("session_id", "String"),
    ("ts", "DateTime64(6, 'UTC')"),
    ("agent_name", "LowCardinality(String)"),
    ("tokens_in", "Nullable(UInt64)"),
    ("latency_ms", "Nullable(Float64)"),
    ("body", "String"),
)


@dataclass(frozen=True)
class Speed:
    """Events for each second of the clock and of this process's CPU."""

    events_per_second: float
    events_per_cpu_second: float


async def run(
    settings: Settings, messages: Sequence[tuple[bytes, bytes]], step: Callable[[int], None]
) -> Speed:
    """Publish `messages`, then read, parse and insert them in this process."""
    client = connect(settings.clickhouse)
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS)
    client.command(f"CREATE TABLE {TABLE} ({columns}) ENGINE = MergeTree ORDER BY session_id")
    producer = BatchProducer(settings.kafka)
    await producer.start()
    await producer.send(EVENTS_RAW.name, [Record(key, value) for key, value in messages])
    await producer.stop()

    consumer = AIOKafkaConsumer(
        EVENTS_RAW.name,
        **client_options(settings.kafka),
        group_id="bench-bare",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    began, cpu = time.monotonic(), time.process_time()
    done = 0
    rows: list[dict[str, Any]] = []
    while done < len(messages):
        fetched = await consumer.getmany(timeout_ms=200, max_records=INSERT_ROWS)
        for records in fetched.values():
            rows += [orjson.loads(record.value or b"") for record in records]
        if len(rows) >= INSERT_ROWS or (rows and done + len(rows) >= len(messages)):
            client.insert(
                TABLE,
                [name for name, _ in COLUMNS],
                [kind for _, kind in COLUMNS],
                _columns(rows),
                token=f"bare-{done}",
            )
            done += len(rows)
            step(len(rows))
            rows = []
    speed = Speed(done / (time.monotonic() - began), done / (time.process_time() - cpu))
    await consumer.stop()
    client.close()
    return speed


def _columns(rows: list[dict[str, Any]]) -> list[list[Any]]:
    return [
        [row["event_id"] for row in rows],
        [row["event_type"] for row in rows],
        [row["session_id"] for row in rows],
        [datetime.fromisoformat(row["ts"]) for row in rows],
        [row["agent_name"] for row in rows],
        [row.get("tokens_in") for row in rows],
        [row.get("latency_ms") for row in rows],
        [orjson.dumps(row).decode() for row in rows],
    ]

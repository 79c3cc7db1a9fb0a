"""The ceiling: what a loop without redaction, verification or fences does on the same events."""

from __future__ import annotations

from typing import Any

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer

from pipeline.adapters.clickhouse import connect
from pipeline.adapters.kafka.options import client_options
from pipeline.config import Settings
from pipeline.topics import EVENTS_RAW
from tests.bench.parts.candidates.meter import Meter
from tests.bench.parts.candidates.table import SimpleTable

INSERT_ROWS = 20_000


def main(settings: Settings, meter: Meter, run: str = "once") -> None:
    """Read, parse and insert until the meter has enough; each `run` into a table of its own."""
    uvloop.run(_run(settings, meter, f"bench_bare_{run}"))


async def _run(settings: Settings, meter: Meter, table_name: str) -> None:
    table = SimpleTable(connect(settings.clickhouse), table_name)
    consumer = AIOKafkaConsumer(
        EVENTS_RAW.name,
        **client_options(settings.kafka),
        group_id="bench-bare",
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        max_partition_fetch_bytes=4 * 1024 * 1024,
    )
    await consumer.start()
    rows: list[dict[str, Any]] = []
    while True:
        fetched = await consumer.getmany(timeout_ms=200, max_records=INSERT_ROWS)
        for records in fetched.values():
            meter.take()
            rows += [orjson.loads(record.value or b"") for record in records]
        if len(rows) >= min(INSERT_ROWS, meter.left):
            rows = rows[: meter.left]
            table.insert(rows)
            meter.finish(len(rows))
            rows = []

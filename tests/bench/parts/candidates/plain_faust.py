"""What a user would write in an afternoon: a plain Faust agent, Presidio's default engine, batches.

It redacts each text of an event and does nothing else that Sluice does: no proof, no fences, no
windows, no clean topic.
"""

from __future__ import annotations

import asyncio
import tempfile
from typing import Any

import faust
import orjson

from pipeline.adapters.clickhouse import connect
from pipeline.config import Settings
from pipeline.topics import EVENTS_RAW
from tests.bench.parts.candidates.meter import Meter
from tests.bench.parts.candidates.table import SimpleTable
from tests.bench.parts.presidio import Presidio

BATCH = 200
TEXTS = (
    "messages",
    "query",
    "documents",
    "arguments",
    "result",
    "error_message",
    "outcome_reason",
    "attributes",
)
"""The fields that hold what people wrote; ids, names of tools and numbers are left alone."""


def main(settings: Settings, meter: Meter) -> None:
    """Read, redact and insert until the meter has enough."""
    asyncio.run(_run(settings, meter))


async def _run(settings: Settings, meter: Meter) -> None:
    presidio = Presidio()
    presidio.detect("the first text makes it compile its patterns")
    table = SimpleTable(connect(settings.clickhouse), "bench_plain")
    app = faust.App(
        "bench-plain",
        broker=f"kafka://{settings.kafka.bootstrap_servers}",
        datadir=tempfile.mkdtemp(prefix="sluice-bench-faust-"),
        value_serializer="raw",
        consumer_auto_offset_reset="earliest",
        topic_disable_leader=True,
        topic_partitions=settings.kafka.partitions,
        web_enabled=False,
        autodiscover=False,
        loghandlers=[],
    )

    async def redact(stream: Any) -> None:
        async for values in stream.take(BATCH, within=0.5):
            meter.take()
            rows = [_redacted(presidio, orjson.loads(value)) for value in values]
            table.insert(rows)
            meter.finish(len(rows))

    app.agent(app.topic(EVENTS_RAW.name, value_serializer="raw"), name="redact")(redact)
    await app.start()
    await app.wait_until_stopped()


def _redacted(presidio: Presidio, event: dict[str, Any]) -> dict[str, Any]:
    for name in TEXTS:
        if name in event:
            event[name] = _walked(presidio, event[name])
    return event


def _walked(presidio: Presidio, node: Any) -> Any:
    if isinstance(node, str):
        # from the end, so that what was found keeps its place; overlaps are cut off
        end = len(node)
        for found in sorted(presidio.detect(node), key=lambda item: -item.start):
            if found.end <= end:
                node = f"{node[: found.start]}<{found.entity_type}>{node[found.end :]}"
                end = found.start
        return node
    if isinstance(node, dict):
        return {key: _walked(presidio, value) for key, value in node.items()}
    if isinstance(node, list):
        return [_walked(presidio, value) for value in node]
    return node

"""From a published event to the alert and the mode that it brings about, on the real broker.

A tick of detection falls due when every partition has had an event that is later than the tick by
the lateness: no earlier event may still be missing then. The clock starts when the last of those
events is handed to Kafka, and stops at the time of the record on the output topic. What lies before
that is the lateness and the rule's own window, by design; the time from the first failure is
reported beside it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from pipeline.adapters.kafka.batches import BatchProducer, Record, partition_for_key
from pipeline.cli.downstream import records
from pipeline.config import Settings
from pipeline.topics import ALERTS, BACKPRESSURE, EVENTS_RAW
from pipeline.windows.watermark import WatermarkConfig

TOOLS = 24
SESSIONS = 400
SLICE_SECONDS = 0.05
FIRST_FAILURE_SECONDS = 20.0
TAIL_SECONDS = 45.0
"""Longer than lateness, tick and rule take."""


@dataclass(frozen=True)
class Sample:
    """One alert or mode."""

    scope: str
    after_due: float
    """Seconds from the moment its tick fell due."""
    after_failure: float
    """Seconds from the first failing call of its tool."""


async def run(
    settings: Settings, rate: float, seconds: float, step: Callable[[int], None]
) -> list[Sample]:
    """Send `rate` tool calls a second; one tool after another starts to fail."""
    producer = BatchProducer(settings.kafka)
    await producer.start()
    first_sent: dict[int, list[tuple[float, float]]] = {}
    began = time.time()
    fails_from = {
        f"tool-{number}": began
        + FIRST_FAILURE_SECONDS
        + number * (seconds - FIRST_FAILURE_SECONDS - TAIL_SECONDS) / TOOLS
        for number in range(TOOLS)
    }
    sent = shown = 0
    while (elapsed := time.time() - began) < seconds:
        batch = []
        for number in range(sent, int((elapsed + SLICE_SECONDS) * rate)):
            now = time.time()
            tool, session = f"tool-{number % TOOLS}", f"latency-{number % SESSIONS}"
            batch.append(_call(number, session, tool, now, failed=now >= fails_from[tool]))
            partition = partition_for_key(session.encode(), settings.kafka.partitions)
            first_sent.setdefault(partition, []).append((now, now))
        await producer.send(EVENTS_RAW.name, batch)
        sent += len(batch)
        step(int(elapsed) - shown)
        shown = int(elapsed)
        await asyncio.sleep(max(0.0, began + sent / rate - time.time()))
    await producer.stop()
    await asyncio.sleep(5.0)
    return await _samples(settings, first_sent, fails_from)


def _call(number: int, session: str, tool: str, now: float, *, failed: bool) -> Record:
    value = {
        "schema_version": 1,
        "event_id": f"latency-{number}",
        "event_type": "tool_call",
        "trace_id": f"{number:032x}",
        "session_id": session,
        "span_id": f"{number:016x}",
        "parent_span_id": None,
        "ts": datetime.fromtimestamp(now, UTC).isoformat(),
        "agent_name": "bench-agent",
        "release_version": "r1",
        "tool_name": tool,
        "call_id": f"call-{number}",
        "attempt": 1,
        "status": "error" if failed else "ok",
        "latency_ms": 40.0 + number % 9,
    }
    if failed:
        value["error_type"] = "Timeout"
    return Record(session.encode(), orjson.dumps(value))


async def _samples(
    settings: Settings,
    sent: dict[int, list[tuple[float, float]]],
    fails_from: dict[str, float],
) -> list[Sample]:
    lateness = WatermarkConfig().lateness_ms / 1000
    samples = []
    seen: set[tuple[str, str, str]] = set()
    for topic in (ALERTS.name, BACKPRESSURE.name):
        async for record in records(settings.kafka, topic):
            value = orjson.loads(record.value or b"{}")
            if topic == ALERTS.name:
                tool, what, tick = value["labels"].get("tool"), value["status"], value["updated_at"]
            else:
                tool, what, tick = value["scope"]["name"], value["mode"], value["issued_at"]
            if tool not in fails_from or (topic, tool, what) in seen:
                continue
            seen.add((topic, tool, what))
            due = _due(sent, tick + lateness)
            if due is not None:
                out = record.timestamp / 1000
                samples.append(Sample(f"{tool} {what}", out - due, out - fails_from[tool]))
    return samples


def _due(sent: dict[int, list[tuple[float, float]]], event_time: float) -> float | None:
    """Return when the last partition was sent its first event at or after `event_time`."""
    moments = []
    for events in sent.values():
        moment = next((at for ts, at in events if ts >= event_time), None)
        if moment is None:
            return None
        moments.append(moment)
    return max(moments)

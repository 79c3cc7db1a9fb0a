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
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

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

    topic: str
    scope: str
    after_due: float
    """Seconds from the moment its tick fell due."""
    after_failure: float
    """Seconds from the first failing call of its tool."""


class FailingTools:
    """Calls of some tools, of which one after the other starts to fail."""

    def __init__(self, first: float, spread: float, label: str = "") -> None:
        """The first fails from `first` on, the others within `spread` seconds after that.

        `label` keeps tools and sessions apart from those of an earlier load.
        """
        self._label = label
        self.fails_from = {
            self._tool(number): first + number * spread / TOOLS for number in range(TOOLS)
        }

    def call(self, number: int, now: float) -> Record:
        """Return call `number`, made at `now`."""
        tool, session = self._tool(number), f"latency-{self._label}{number % SESSIONS}"
        return _call(
            f"{self._label}{number}", number, session, tool, now, now >= self.fails_from[tool]
        )

    def _tool(self, number: int) -> str:
        return f"tool-{self._label}{number % TOOLS}"


class Arrivals:
    """When each partition had its first event of each moment of event time."""

    def __init__(self, partitions: int) -> None:
        self._by_partition: dict[int, list[tuple[float, float]]] = {
            number: [] for number in range(partitions)
        }

    def note(self, partition: int, event_time: float, at: float) -> None:
        """Note an event of `event_time` that came `at`; one that is not the latest is left out."""
        known = self._by_partition[partition]
        if not known or event_time > known[-1][0]:
            known.append((event_time, at))

    def due(self, event_time: float) -> float | None:
        """Return when the last partition had its first event at or after `event_time`."""
        moments = []
        for events in self._by_partition.values():
            place = bisect_left(events, event_time, key=itemgetter(0))
            if place == len(events):
                return None
            moments.append(events[place][1])
        return max(moments)


async def run(
    settings: Settings, rate: float, seconds: float, step: Callable[[int], None]
) -> list[Sample]:
    """Send `rate` tool calls a second; one tool after another starts to fail."""
    producer = BatchProducer(settings.kafka)
    await producer.start()
    began = time.time()
    tools = FailingTools(began + FIRST_FAILURE_SECONDS, spread_within(seconds))
    sent_at = Arrivals(settings.kafka.partitions)
    sent = shown = 0
    while (elapsed := time.time() - began) < seconds:
        batch = []
        for number in range(sent, int((elapsed + SLICE_SECONDS) * rate)):
            now = time.time()
            call = tools.call(number, now)
            batch.append(call)
            sent_at.note(partition_for_key(call.key, settings.kafka.partitions), now, now)
        await producer.send(EVENTS_RAW.name, batch)
        sent += len(batch)
        step(int(elapsed) - shown)
        shown = int(elapsed)
        await asyncio.sleep(max(0.0, began + sent / rate - time.time()))
    await producer.stop()
    await asyncio.sleep(5.0)
    return await samples(settings, sent_at, tools)


def spread_within(seconds: float) -> float:
    """Return the spread with which all fail early enough in a load of `seconds` to be told."""
    return seconds - FIRST_FAILURE_SECONDS - TAIL_SECONDS


async def samples(settings: Settings, arrivals: Arrivals, tools: FailingTools) -> list[Sample]:
    """Return what alerts and modes of `tools` took since the arrivals that allowed them."""
    lateness = WatermarkConfig().lateness_ms / 1000
    found = []
    seen: set[tuple[str, str, str]] = set()
    for topic in (ALERTS.name, BACKPRESSURE.name):
        async for record in records(settings.kafka, topic):
            value = orjson.loads(record.value or b"{}")
            if topic == ALERTS.name:
                tool, what, tick = value["labels"].get("tool"), value["status"], value["updated_at"]
            else:
                tool, what, tick = value["scope"]["name"], value["mode"], value["issued_at"]
            if tool not in tools.fails_from or (topic, tool, what) in seen:
                continue
            seen.add((topic, tool, what))
            due = arrivals.due(tick + lateness)
            if due is not None:
                out = record.timestamp / 1000
                since_failure = out - tools.fails_from[tool]
                found.append(Sample(topic, f"{tool} {what}", out - due, since_failure))
    return found


def _call(name: str, number: int, session: str, tool: str, now: float, failed: bool) -> Record:
    value = {
        "schema_version": 1,
        "event_id": f"latency-{name}",
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

"""A load as it comes from agents: a steady rate of mixed events that happen now.

A fifth of them are calls of tools that start to fail, one after the other, so that there is
something to alert on; one event in each slice is a probe whose row is looked for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from pipeline.adapters.kafka.batches import BatchProducer, Record, partition_for_key
from pipeline.config import Settings
from pipeline.topics import EVENTS_RAW
from tests.bench.parts.alert_latency import (
    FIRST_FAILURE_SECONDS,
    Arrivals,
    FailingTools,
    spread_within,
)
from tests.bench.parts.load import Load

SLICE_SECONDS = 0.05
TOOL_CALLS = 200.0
"""Calls a second of the tools that fail; the rest of the rate are the fleet's events."""
PROBE_AGENT = "bench-probe"
PROBE_SESSIONS = 64
"""More than partitions: probes go through all of them."""


@dataclass
class Sent:
    """What was sent and when, in seconds of the wall clock, before the call that sent it."""

    tools: FailingTools
    arrivals: Arrivals
    events: dict[str, float] = field(default_factory=dict)
    """By id; the fleet's events."""
    probes: dict[str, float] = field(default_factory=dict)
    count: int = 0
    seconds: float = 0.0
    is_over: bool = False

    @property
    def rate(self) -> float:
        """Events a second, as far as they were acknowledged."""
        return self.count / self.seconds if self.seconds else 0.0


class LiveLoad:
    """Sends `rate` events a second for `seconds`; `sent` is filled meanwhile."""

    def __init__(
        self,
        settings: Settings,
        load: Load,
        rate: float,
        seconds: float,
        label: str,
        *,
        tools: FailingTools | None = None,
        keep_ids: bool = True,
    ) -> None:
        """`tools` fail when they say; without them, all fail in time for alerts before the end."""
        self._settings = settings
        self._load = load
        self._rate = rate
        self._seconds = seconds
        self._label = label
        self._fleet = self._calls = 0
        self._keep_ids = keep_ids
        if tools is None:
            first = time.time() + FIRST_FAILURE_SECONDS
            tools = FailingTools(first, spread_within(seconds), label)
        self.sent = Sent(tools, Arrivals(settings.kafka.partitions))

    async def run(self, step: Callable[[int], None]) -> None:
        """Send until the time is over; a broker that is slow makes the rate lower, not the time."""
        producer = BatchProducer(self._settings.kafka)
        await producer.start()
        began = time.time()
        shown = 0
        while (elapsed := time.time() - began) < self._seconds:
            await producer.send(EVENTS_RAW.name, self._slice(elapsed))
            self.sent.seconds = time.time() - began
            step(int(elapsed) - shown)
            shown = int(elapsed)
            await asyncio.sleep(max(0.0, began + self.sent.count / self._rate - time.time()))
        await producer.stop()
        self.sent.is_over = True

    def _slice(self, elapsed: float) -> list[Record]:
        """Return what is due, and no more than two slices of it after a delay."""
        behind = int((elapsed + SLICE_SECONDS) * self._rate) - self.sent.count
        due = min(behind, int(2 * SLICE_SECONDS * self._rate))
        calls_due = max(0, int((elapsed + SLICE_SECONDS) * TOOL_CALLS) - self._calls)
        calls = min(calls_due, due)
        now = time.time()
        batch = [self.sent.tools.call(self._calls + number, now) for number in range(calls)]
        batch.append(self._probe(now))
        for number in range(self._fleet, self._fleet + max(0, due - calls - 1)):
            event_id, record = self._load.record(number, now, label=self._label)
            if self._keep_ids:
                self.sent.events[event_id] = now
            batch.append(record)
        partitions = self._settings.kafka.partitions
        for key in {record.key for record in batch}:
            self.sent.arrivals.note(partition_for_key(key, partitions), now, now)
        self._fleet += max(0, due - calls - 1)
        self._calls += calls
        self.sent.count += len(batch)
        return batch

    def _probe(self, now: float) -> Record:
        number = len(self.sent.probes)
        event_id = f"probe-{self._label}{number}"
        session = f"{PROBE_AGENT}-{number % PROBE_SESSIONS}"
        event = {
            "schema_version": 1,
            "event_id": event_id,
            "event_type": "agent_step",
            "trace_id": session,
            "session_id": session,
            "span_id": event_id,
            "parent_span_id": None,
            "ts": int(now * 1000),
            "agent_name": PROBE_AGENT,
            "release_version": "1",
        }
        self.sent.probes[event_id] = now
        return Record(session.encode(), orjson.dumps(event))

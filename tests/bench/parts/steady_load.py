"""Time from publish to a row that a query sees, under a steady load."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import orjson

from pipeline.adapters.clickhouse import connect_async
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.config import Settings
from pipeline.topics import EVENTS_RAW

SLICE_SECONDS = 0.05
POLL_SECONDS = 0.02
PROBE_SESSION = "bench-probe"
SETTLE_SECONDS = 15.0


@dataclass(frozen=True)
class Latencies:
    """Seconds from the call that sent an event to the first query that returned its row."""

    p50: float
    p95: float
    p99: float
    samples: int


async def run(
    settings: Settings,
    messages: Sequence[tuple[bytes, bytes]],
    rate: float,
    seconds: float,
    step: Callable[[int], None],
) -> Latencies:
    """Send `rate` events a second; a probe event in each slice is looked for until it is there.

    What is sent repeats `messages` under new ids. Polling adds up to its interval to each sample.
    """
    producer = BatchProducer(settings.kafka)
    await producer.start()
    client = await connect_async(settings.clickhouse)
    sent_at: dict[str, float] = {}
    took: dict[str, float] = {}
    sending = True

    async def look() -> None:
        query = f"SELECT event_id FROM events WHERE session_id = '{PROBE_SESSION}'"
        end = time.monotonic() + seconds + SETTLE_SECONDS
        while sending or len(took) < len(sent_at):
            found = await client.query(query)
            now = time.monotonic()
            for (event_id,) in found:
                if event_id not in took:
                    took[event_id] = now - sent_at[event_id]
            if now > end:
                raise TimeoutError(f"{len(sent_at) - len(took)} probes did not arrive")
            await asyncio.sleep(POLL_SECONDS)

    looking = asyncio.create_task(look())
    began = time.monotonic()
    sent, shown = 0, 0
    while (elapsed := time.monotonic() - began) < seconds:
        number = len(sent_at)
        due = int((elapsed + SLICE_SECONDS) * rate) - sent
        batch = [_renamed(messages[(sent + k) % len(messages)], sent + k) for k in range(due - 1)]
        probe = f"probe-{number}"
        sent_at[probe] = time.monotonic()
        await producer.send(EVENTS_RAW.name, [*batch, _probe(probe)])
        sent += due
        step(int(elapsed) - shown)
        shown = int(elapsed)
        await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
    sending = False
    await looking
    await producer.stop()
    await client.close()
    ordered = sorted(took.values())
    return Latencies(*(_quantile(ordered, share) for share in (0.5, 0.95, 0.99)), len(ordered))


def _renamed(message: tuple[bytes, bytes], number: int) -> Record:
    key, value = message
    event = orjson.loads(value)
    event["event_id"] = f"again-{number}"
    return Record(key, orjson.dumps(event))


def _probe(event_id: str) -> Record:
    event = {
        "schema_version": 1,
        "event_id": event_id,
        "event_type": "agent_step",
        "trace_id": PROBE_SESSION,
        "session_id": PROBE_SESSION,
        "span_id": event_id,
        "parent_span_id": None,
        "ts": int(time.time() * 1000),
        "agent_name": "bench",
        "release_version": "1",
    }
    return Record(PROBE_SESSION.encode(), orjson.dumps(event))


def _quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

"""Watch what comes out while a load runs: the clean topic, the rows, the workers' memory."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.adapters.clickhouse import connect_async
from pipeline.adapters.kafka.options import client_options
from pipeline.config import Settings
from pipeline.local.roles import ROLES
from pipeline.topics import EVENTS_CLEAN
from tests.bench.parts.alert_latency import Arrivals
from tests.bench.parts.live_load import PROBE_AGENT, Sent
from tests.bench.parts.worker_figures import memory_mib
from tests.services import Workers

POLL_SECONDS = 0.05
MEMORY_SECONDS = 1.0


class CleanWatch:
    """Reads the clean topic from its present end on, in this process."""

    def __init__(self, settings: Settings, sent: Sent) -> None:
        self._settings = settings
        self._sent = sent
        self.seconds: list[float] = []
        """From publish to the moment when a reader has the event."""
        self.arrivals = Arrivals(settings.kafka.partitions)
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin; what is sent from now on is seen."""
        consumer = AIOKafkaConsumer(**client_options(self._settings.kafka))
        await consumer.start()
        places = [
            TopicPartition(EVENTS_CLEAN.name, number)
            for number in range(self._settings.kafka.partitions)
        ]
        consumer.assign(places)
        await consumer.seek_to_end(*places)
        self._task = asyncio.create_task(self._watch(consumer))

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _watch(self, consumer: AIOKafkaConsumer) -> None:
        try:
            while True:
                for place, records in (await consumer.getmany(timeout_ms=100)).items():
                    now = time.time()
                    for record in records:
                        event = orjson.loads(record.value)
                        at = record.timestamp / 1000
                        time_of = datetime.fromisoformat(event["ts"]).timestamp()
                        self.arrivals.note(place.partition, time_of, at)
                        sent_at = self._sent.events.get(event["event_id"])
                        if sent_at is not None:
                            self.seconds.append(now - sent_at)
                # whoever sends shares this thread
                await asyncio.sleep(0.005)
        finally:
            await consumer.stop()


async def watch_rows(settings: Settings, sent: Sent, *, settle: float) -> list[float]:
    """Return the seconds from publish to the first query that returned the probe's row.

    Polling adds up to its interval to each. `settle` seconds after the load, what is missing is an
    error.
    """
    client = await connect_async(settings.clickhouse)
    took: dict[str, float] = {}
    query = (
        f"SELECT event_id FROM events WHERE agent_name = '{PROBE_AGENT}' "
        "AND ts >= now() - INTERVAL 2 MINUTE"
    )
    end = None
    while not sent.is_over or len(took) < len(sent.probes):
        found = await client.query(query)
        now = time.time()
        for (event_id,) in found:
            if event_id not in took and event_id in sent.probes:
                took[event_id] = now - sent.probes[event_id]
        if sent.is_over:
            end = now + settle if end is None else end
            if now > end:
                raise TimeoutError(f"{len(sent.probes) - len(took)} probes did not arrive")
        await asyncio.sleep(POLL_SECONDS)
    await client.close()
    return list(took.values())


class MemoryWatch:
    """Notes the resident memory of each role's worker every second."""

    def __init__(self, workers: Workers, names: Sequence[str] = ()) -> None:
        self._workers = workers
        self.samples: dict[str, list[float]] = {
            name: [] for name in names or [role.name for role in ROLES]
        }
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    def peak(self, name: str) -> float:
        """Return the most that was seen, in MiB."""
        return max(self.samples[name])

    def growth(self, name: str) -> float:
        """Return how much more the last third took than the second, on average, in MiB.

        The first third fills caches.
        """
        third = max(1, len(self.samples[name]) // 3)
        second, last = self.samples[name][-2 * third : -third], self.samples[name][-third:]
        return sum(last) / len(last) - sum(second) / max(1, len(second))

    async def _watch(self) -> None:
        while True:
            for name, samples in self.samples.items():
                samples.append(memory_mib(self._workers, name))
            await asyncio.sleep(MEMORY_SECONDS)

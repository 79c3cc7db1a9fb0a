"""A backlog through all workers, which share one core: how fast, and what CPU each spends on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from pipeline.adapters.clickhouse import Client, connect
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.config import Settings
from pipeline.local.roles import ROLES
from pipeline.topics import EVENTS_CLEAN, EVENTS_RAW
from tests.bench.parts.cores import pin
from tests.bench.parts.worker_figures import cpu_seconds, records_in
from tests.services import Workers

GIVE_UP_SECONDS = 900.0
SETTLE_SECONDS = 1.0
"""For what the detector does after the aggregator is through."""
PUBLISHED_AT_ONCE = 5_000


@dataclass(frozen=True)
class Drained:
    """What bringing a backlog through cost."""

    events_per_second: float
    """By the clock, from the first row to the last."""
    cpu_microseconds: dict[str, float]
    """Of each role, for one event."""

    @property
    def total_microseconds(self) -> float:
        """CPU of all roles together for one event."""
        return sum(self.cpu_microseconds.values())

    @property
    def events_per_cpu_second(self) -> float:
        """What one core would do for all roles together."""
        return 1e6 / self.total_microseconds


def start_workers(workers: Workers, cores: frozenset[int], package: str = "agents") -> None:
    """Start a worker of each role on `cores`; those that read start before those that write."""
    for role in reversed(ROLES):
        status = workers.start(role.name, package=package)
        assert status.pid is not None
        pin(status.pid, cores)


def end_workers(workers: Workers) -> None:
    """End the workers of all roles for good, those that write first."""
    for role in ROLES:
        workers.end(role.name)


async def publish(settings: Settings, records: Iterable[Record]) -> None:
    """Send `records` to the input topic, some thousands at a time."""
    producer = BatchProducer(settings.kafka)
    await producer.start()
    batch: list[Record] = []
    for record in records:
        batch.append(record)
        if len(batch) == PUBLISHED_AT_ONCE:
            await producer.send(EVENTS_RAW.name, batch)
            batch = []
    await producer.send(EVENTS_RAW.name, batch)
    await producer.stop()


def run(
    settings: Settings,
    workers: Workers,
    records: Sequence[Record],
    step: Callable[[int], None],
) -> Drained:
    """Publish `records` to workers that run and wait, and see them through.

    CPU is counted from before the first event until the last one is stored and counted.
    """
    client = connect(settings.clickhouse)
    before = _rows(client)
    handled = records_in(workers, "aggregator", EVENTS_CLEAN.name)
    cpu_before = {role.name: cpu_seconds(workers, role.name) for role in ROLES}
    asyncio.run(publish(settings, records))
    shown = first = 0
    began = time.monotonic()
    end = began + GIVE_UP_SECONDS
    while shown < len(records):
        rows = _rows(client) - before
        if not first and rows:
            first, began = rows, time.monotonic()
        step(rows - shown)
        shown = rows
        _still_in_time(end, len(records) - rows)
        time.sleep(0.05)
    took = time.monotonic() - began
    while (left := handled + len(records) - _aggregated(workers)) > 0:
        _still_in_time(end, left)
        time.sleep(0.1)
    time.sleep(SETTLE_SECONDS)
    cpu = {role.name: cpu_seconds(workers, role.name) - cpu_before[role.name] for role in ROLES}
    client.close()
    return Drained(
        events_per_second=(shown - first) / took if shown > first else shown / took,
        cpu_microseconds={name: spent / shown * 1e6 for name, spent in cpu.items()},
    )


def stored_bytes_per_event(settings: Settings) -> float:
    """Return what a row of the events table takes on disk, compressed and merged."""
    client = connect(settings.clickhouse)
    client.command("OPTIMIZE TABLE events FINAL")
    found = client.query_value(
        "SELECT sum(bytes_on_disk) / sum(rows) FROM system.parts WHERE active "
        "AND table = 'events' AND database = currentDatabase()"
    )
    client.close()
    return float(found)


def _rows(client: Client) -> int:
    return int(client.query_value("SELECT count() FROM events"))


def _aggregated(workers: Workers) -> int:
    return records_in(workers, "aggregator", EVENTS_CLEAN.name)


def _still_in_time(end: float, left: int) -> None:
    if time.monotonic() > end:
        raise TimeoutError(f"{left} events did not arrive")

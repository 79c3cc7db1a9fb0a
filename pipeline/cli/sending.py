"""Send messages to a topic with progress; what `publish`, `import` and `simulate` share."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice

from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.cli.console import err, progress
from pipeline.config import KafkaSettings
from pipeline.errors import UnavailableError

DEFAULT_BATCH = 5_000
"""Messages that are sent and acknowledged together."""
_TICK_SECONDS = 0.05
"""How often a paced stream sends what is due."""


def send_all(
    settings: KafkaSettings,
    topic: str,
    records: Iterable[Record],
    *,
    title: str,
    batch: int = DEFAULT_BATCH,
    total: int | None = None,
) -> int:
    """Send `records` as fast as the broker acknowledges them; return how many were sent.

    Ctrl-C ends it in order. When sending fails, what was acknowledged until then is said before
    the error goes on.
    """
    return _send(settings, topic, _batches(records, batch), title=title, total=total)


def send_paced(
    settings: KafkaSettings,
    topic: str,
    records: Iterable[tuple[float, Record]],
    *,
    title: str,
    total: int | None = None,
) -> int:
    """Send each record when it is due, in seconds after the first call; else as `send_all`."""
    return _send(settings, topic, _due_batches(records), title=title, total=total)


@asynccontextmanager
async def connected(settings: KafkaSettings) -> AsyncIterator[BatchProducer]:
    """Give a producer that is connected; `UnavailableError` names the address and what to do."""
    # what goes wrong is raised; the client's own log lines would say it a second time
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    producer = BatchProducer(settings)
    try:
        await producer.start()
    except UnavailableError:
        raise UnavailableError(
            f"no Kafka at {settings.bootstrap_servers}",
            hint="start one with: sluice up (or set SLUICE_KAFKA__BOOTSTRAP_SERVERS)",
        ) from None
    try:
        yield producer
    finally:
        await producer.stop()


def _send(
    settings: KafkaSettings,
    topic: str,
    batches: AsyncIterator[list[Record]],
    *,
    title: str,
    total: int | None,
) -> int:
    sent = 0

    async def run() -> None:
        nonlocal sent
        async with connected(settings) as producer:
            with progress() as display:
                task = display.add_task(title, total=total)
                async for records in batches:
                    await producer.send(topic, records)
                    sent += len(records)
                    display.update(task, completed=sent)
                display.update(task, total=sent)

    try:
        asyncio.run(run())
    except KeyboardInterrupt:
        err.print("interrupted")
    except UnavailableError:
        if sent:
            err.print(f"{sent:,} messages were acknowledged before Kafka went away")
        raise
    return sent


async def _batches(records: Iterable[Record], size: int) -> AsyncIterator[list[Record]]:
    source = iter(records)
    while batch := list(islice(source, size)):
        yield batch


async def _due_batches(records: Iterable[tuple[float, Record]]) -> AsyncIterator[list[Record]]:
    begun = time.monotonic()
    batch: list[Record] = []
    for due, record in records:
        while due > (ahead := time.monotonic() - begun) or len(batch) >= DEFAULT_BATCH:
            if batch:
                yield batch
                batch = []
            await asyncio.sleep(min(max(due - ahead, 0.0), _TICK_SECONDS))
        batch.append(record)
    if batch:
        yield batch

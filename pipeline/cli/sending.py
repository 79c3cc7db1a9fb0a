"""Send messages to a topic with progress; what `publish`, `import` and `simulate` share."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from itertools import islice

from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.cli.console import err, progress
from pipeline.config import KafkaSettings
from pipeline.errors import UnavailableError

DEFAULT_BATCH = 5_000
"""Messages that are sent and acknowledged together."""


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


def send_all(
    settings: KafkaSettings,
    topic: str,
    records: Iterable[Record],
    *,
    batch: int = DEFAULT_BATCH,
    total: int | None = None,
    title: str = "publishing",
) -> int:
    """Send `records` as fast as the broker acknowledges them; return how many were sent.

    When sending fails, what was acknowledged until then is said before the error goes on.
    """
    sent = 0

    async def run() -> None:
        nonlocal sent
        source = iter(records)
        async with connected(settings) as producer:
            with progress() as display:
                task = display.add_task(title, total=total)
                while chunk := list(islice(source, batch)):
                    await producer.send(topic, chunk)
                    sent += len(chunk)
                    display.update(task, completed=sent)
                display.update(task, total=sent)

    try:
        asyncio.run(run())
    except UnavailableError:
        if sent:
            err.print(f"{sent:,} messages were acknowledged before Kafka went away")
        raise
    return sent

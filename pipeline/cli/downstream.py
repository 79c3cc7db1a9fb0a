"""Everything behind the redactor as text: tables, topics and logs, to look for known values in."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import re2
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from pipeline.adapters.clickhouse import Client
from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.options import client_options
from pipeline.config import KafkaSettings
from pipeline.topics import EVENTS_RAW, TOPICS

CLEAN_TOPICS = tuple(topic.name for topic in TOPICS if topic is not EVENTS_RAW)
"""All topics but the input."""

Record: TypeAlias = "ConsumerRecord[bytes | None, bytes | None]"


class KnownValues:
    """Looks for many values at once; values shorter than 4 characters are left out."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = sorted({value for value in values if len(value) >= 4})
        self._set = re2.Set.SearchSet()
        for value in self._values:
            self._set.Add(re2.escape(value))
        self._set.Compile()

    def __len__(self) -> int:
        return len(self._values)

    def found_in(self, text: str) -> set[str]:
        """Return the values that `text` holds, literally."""
        if not self._values:
            return set()
        return {self._values[index] for index in self._set.Match(text) or ()}


def table_texts(client: Client, database: str) -> Iterator[tuple[str, str]]:
    """Yield (table, a row as JSON) for all rows of all tables of `database`."""
    tables = client.query(
        "SELECT name FROM system.tables WHERE database = {database:String}", {"database": database}
    )
    for (table,) in tables:
        query = f"SELECT formatRowNoNewline('JSONEachRow', *) FROM {database}.`{table}`"  # noqa: S608 - our own tables
        for (row,) in client.query(query):
            yield f"table {table}", row


def log_texts(data_dir: Path) -> Iterator[tuple[str, str]]:
    """Yield (file, line) for all logs of the local stack."""
    for path in sorted((data_dir / "logs").glob("*.log")):
        with path.open(encoding="utf-8", errors="replace") as lines:
            for line in lines:
                yield f"log {path.name}", line


async def records(settings: KafkaSettings, topic: str) -> AsyncIterator[Record]:
    """Yield what `topic` holds now, partition by partition in turn."""
    [state] = await topic_states(settings, [topic])
    ends = {TopicPartition(topic, number): end for number, end in state.end_offsets.items()}
    consumer = AIOKafkaConsumer(**client_options(settings), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        while await _behind(consumer, ends):
            for fetched in (await consumer.getmany(timeout_ms=500)).values():
                for record in fetched:
                    yield record
    finally:
        # aiokafka's coordinator without a group lets its own cancelled task's error through
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()


async def _behind(consumer: AIOKafkaConsumer, ends: dict[TopicPartition, int]) -> bool:
    for partition, end in ends.items():
        if await consumer.position(partition) < end:
            return True
    return False


async def topic_texts(settings: KafkaSettings) -> AsyncIterator[tuple[str, str]]:
    """Yield (topic, key or value as text) for all topics but the input."""
    for topic in CLEAN_TOPICS:
        async for record in records(settings, topic):
            for part in (record.key, record.value):
                yield f"topic {topic}", (part or b"").decode("utf-8", "replace")


async def find_downstream(
    values: KnownValues, client: Client, database: str, kafka: KafkaSettings, data_dir: Path
) -> dict[str, set[str]]:
    """Return place -> values found there, for every place that was looked at."""
    found: dict[str, set[str]] = {}
    for texts in (table_texts(client, database), log_texts(data_dir)):
        for place, text in texts:
            found.setdefault(place, set()).update(values.found_in(text))
    async for place, text in topic_texts(kafka):
        found.setdefault(place, set()).update(values.found_in(text))
    return found

"""Reads ranges of topics and the progress of groups, around the proxies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaConnectionError

from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.options import client_options
from pipeline.config import KafkaSettings

CONNECT_ATTEMPTS = 60
Ends = dict[str, dict[int, int]]
"""End offset by topic and partition."""


async def end_offsets(settings: KafkaSettings, *topics: str) -> Ends:
    """Return where topics end now."""
    return {state.name: dict(state.end_offsets) for state in await topic_states(settings, topics)}


async def between(
    settings: KafkaSettings, topic: str, begin: Mapping[int, int], end: Mapping[int, int]
) -> AsyncIterator[Any]:
    """Yield the records of a topic from `begin` up to `end`, in order within a partition."""
    left = {number for number in end if end[number] > begin.get(number, 0)}
    consumer = AIOKafkaConsumer(
        **client_options(settings),
        max_partition_fetch_bytes=8 * 1024 * 1024,
        max_poll_records=10_000,
    )
    await consumer.start()
    try:
        partitions = {number: TopicPartition(topic, number) for number in left}
        consumer.assign(list(partitions.values()))
        for number, partition in partitions.items():
            consumer.seek(partition, begin.get(number, 0))
        while left:
            fetched = await consumer.getmany(timeout_ms=1000)
            for records in fetched.values():
                for record in records:
                    if record.offset < end[record.partition]:
                        yield record
            for number in list(left):
                if await consumer.position(partitions[number]) >= end[number]:
                    left.discard(number)
    finally:
        # aiokafka's coordinator without a group lets its own cancelled task's error through
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()


class Progress:
    """Committed offsets of consumer groups, over one connection."""

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings

    async def __aenter__(self) -> Progress:
        # a broker that has just been ended may be taken for one that is back
        for attempt in range(CONNECT_ATTEMPTS):
            self._admin = AIOKafkaAdminClient(**client_options(self._settings))
            try:
                await self._admin.start()
            except KafkaConnectionError:
                await self._admin.close()
                if attempt + 1 == CONNECT_ATTEMPTS:
                    raise
                await asyncio.sleep(1.0)
            else:
                break
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._admin.close()

    async def committed(self, group: str) -> int:
        """Return the sum of what `group` has committed."""
        offsets = await self._admin.list_consumer_group_offsets(group)
        return sum(meta.offset for meta in offsets.values() if meta.offset > 0)

"""Reads given ranges of offsets, and finds the offsets of points in time."""

from __future__ import annotations

import contextlib
from asyncio import CancelledError
from collections.abc import AsyncIterator, Mapping
from typing import Any, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.options import client_options
from pipeline.config import KafkaSettings
from pipeline.errors import InputError

FETCH_BYTES = 8 * 1024 * 1024


class OffsetRange(NamedTuple):
    """Offsets of one partition, both ends included; as text `partition:first-last`."""

    partition: int
    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.partition}:{self.first}-{self.last}"

    @classmethod
    def parse(cls, text: str) -> OffsetRange:
        """Read what `str` gives; raise `InputError` for anything else."""
        try:
            partition, _, offsets = text.partition(":")
            first, _, last = offsets.partition("-")
            return cls(int(partition), int(first), int(last))
        except ValueError:
            raise InputError(f"{text!r} is no range such as 0:100-199") from None


@contextlib.asynccontextmanager
async def _consumer(settings: KafkaSettings) -> AsyncIterator[Any]:
    consumer = AIOKafkaConsumer(
        **client_options(settings), max_partition_fetch_bytes=FETCH_BYTES, max_poll_records=5_000
    )
    await consumer.start()
    try:
        yield consumer
    finally:
        # aiokafka's coordinator without a group lets its own cancelled task's error through
        with contextlib.suppress(CancelledError):
            await consumer.stop()


async def read_range(
    settings: KafkaSettings, topic: str, wanted: OffsetRange
) -> AsyncIterator[Any]:
    """Yield the records of a range that the broker still has, in order."""
    partition = TopicPartition(topic, wanted.partition)
    async with _consumer(settings) as consumer:
        consumer.assign([partition])
        begin = (await consumer.beginning_offsets([partition]))[partition]
        end = min((await consumer.end_offsets([partition]))[partition], wanted.last + 1)
        consumer.seek(partition, max(begin, wanted.first))
        while await consumer.position(partition) < end:
            for record in (await consumer.getmany(partition, timeout_ms=1000)).get(partition, ()):
                if record.offset < end:
                    yield record


async def offsets_at(settings: KafkaSettings, topic: str, timestamp_ms: int) -> Mapping[int, int]:
    """Return, by partition, the first offset whose record is not older; its end if all are."""
    [state] = await topic_states(settings, [topic])
    partitions = {TopicPartition(topic, number): timestamp_ms for number in state.end_offsets}
    async with _consumer(settings) as consumer:
        found = await consumer.offsets_for_times(partitions)
    return {
        tp.partition: state.end_offsets[tp.partition] if at is None else at.offset
        for tp, at in found.items()
    }

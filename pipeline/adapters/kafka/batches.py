"""Sends many records at once, in batches that we fill ourselves: a fifth of the cost of `send`."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError
from aiokafka.protocol.metadata import MetadataRequest

from pipeline.adapters.kafka import key_hash
from pipeline.adapters.kafka.compression import use_zstandard
from pipeline.adapters.kafka.key_hash import partition_for_key
from pipeline.adapters.kafka.options import producer_options
from pipeline.config import KafkaSettings
from pipeline.errors import PermanentError, UnavailableError
from pipeline.extensions import check_interface

__all__ = ["MAX_BATCH_BYTES", "BatchProducer", "Record", "fill", "partition_for_key"]

check_interface(key_hash, 1)

MAX_BATCH_BYTES = 1024 * 1024


class Record(NamedTuple):
    """What goes to a topic: the key decides the partition, unless `partition` names it.

    A value of None is a tombstone: compaction removes the key.
    """

    key: bytes
    value: bytes | None
    partition: int | None = None


class BatchProducer:
    """An idempotent producer (acks=all) that sends whole batches and waits for every ack.

    Order: records of one partition are stored in the order given. A batch goes out only after its
    predecessor of the same partition was acknowledged, so that when sending fails nothing later
    stands in the partition without what came before it. Readers' fences rely on this.
    """

    def __init__(self, settings: KafkaSettings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._partitions: dict[str, int] = {}
        self._cluster_id = ""

    async def start(self) -> None:
        """Connect; raise `UnavailableError` if no broker answers."""
        use_zstandard()
        producer = AIOKafkaProducer(
            **producer_options(self._settings), max_batch_size=MAX_BATCH_BYTES
        )
        try:
            await producer.start()
        except KafkaError as error:
            await producer.stop()
            raise _unavailable(error) from None
        self._producer = producer

    async def stop(self) -> None:
        """Disconnect; what was sent with `send` was acknowledged already."""
        if self._producer is not None:
            producer, self._producer = self._producer, None
            await producer.stop()

    async def send(self, topic: str, records: Iterable[Record]) -> None:
        """Store `records`; return when the brokers acknowledged all of them.

        Raises `UnavailableError` when some may not be stored: sending them again is then right,
        and may store some twice. Raises `PermanentError` for a record no broker would take.
        """
        count = await self._partition_count(topic)
        by_partition: dict[int, list[Record]] = defaultdict(list)
        for record in records:
            key, _, partition = record
            if partition is None:
                partition = partition_for_key(key, count)
            by_partition[partition].append(record)
        sends = [
            self._send_in_order(topic, partition, group)
            for partition, group in by_partition.items()
        ]
        # every send comes to its end, so that no batch is still on its way when a retry begins
        results = await asyncio.gather(*sends, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def cluster_id(self) -> str:
        """Return the id of the Kafka cluster: offsets mean something only together with it."""
        if not self._cluster_id:
            client = self._started().client
            try:
                answer = await client.send(client.get_random_node(), MetadataRequest([]))
            except KafkaError as error:
                raise _unavailable(error) from None
            self._cluster_id = str(answer.cluster_id)
        return self._cluster_id

    async def _send_in_order(self, topic: str, partition: int, records: list[Record]) -> None:
        producer = self._started()
        sent = 0
        try:
            while sent < len(records):
                batch = producer.create_batch()
                taken = fill(batch, records, sent)
                if not taken:
                    raise PermanentError("a record fits no batch")
                await self._send_batch(batch, topic, partition)
                sent += taken
        except MessageSizeTooLargeError as error:
            raise PermanentError(f"{topic} takes no record of that size") from error
        except KafkaError as error:
            raise _unavailable(error) from None

    async def _send_batch(self, batch: Any, topic: str, partition: int) -> None:
        batch.close()
        future = await self._started().send_batch(batch, topic, partition=partition)
        await future

    async def _partition_count(self, topic: str) -> int:
        if topic not in self._partitions:
            try:
                found = await self._started().partitions_for(topic)
            except KafkaError as error:
                raise _unavailable(error) from None
            if not found:
                raise UnavailableError(f"topic {topic} does not exist", hint="run: sluice migrate")
            self._partitions[topic] = len(found)
        return self._partitions[topic]

    def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            raise UnavailableError("the producer is not started")
        return self._producer


def fill(batch: Any, records: Sequence[Record], first: int) -> int:
    """Put records, from number `first` on, into an empty batch; return how many it takes.

    As its own `append` would, which asks for the time and looks for serialisers at each of them:
    half of what it costs to put one in.
    """
    append, now_ms, headers = batch._builder.append, int(time.time() * 1000), list[Any]()
    count = 0
    for key, value, _ in islice(records, first, None):
        if append(count, now_ms, key, value, headers) is None:
            break
        count += 1
    batch._relative_offset = count
    return count


def _unavailable(error: KafkaError) -> UnavailableError:
    # the class alone: a message may quote what was sent
    return UnavailableError(f"Kafka: {type(error).__name__}")

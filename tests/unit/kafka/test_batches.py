"""How records are put into batches, and where their keys send them."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest
from aiokafka.partitioner import murmur2
from aiokafka.producer.message_accumulator import BatchBuilder
from aiokafka.record.default_records import DefaultRecordBatch
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.kafka.batches import BatchProducer, Record, fill, partition_for_key
from pipeline.config import KafkaSettings

RECORDS = [Record(b"k%d" % number, b"v" * number or None) for number in range(40)]


def new_batch(size: int = 1_000) -> BatchBuilder:
    return BatchBuilder(size, DefaultRecordBatch.CODEC_NONE)


def contents(batch: BatchBuilder) -> list[tuple[object, ...]]:
    read = DefaultRecordBatch(bytes(batch._build()))
    return [(each.offset, each.key, each.value, each.headers) for each in read]


@given(st.binary(max_size=70), st.integers(1, 2**31 - 1))
def test_a_key_has_the_partition_that_other_clients_give_it(key: bytes, partitions: int) -> None:
    assert partition_for_key(key, partitions) == (murmur2(key) & 0x7FFFFFFF) % partitions


@pytest.mark.parametrize("wrong", [(b"k", 0), (b"k", -1), (b"k", 2**80), (None, 1), ("k", 1)])
def test_what_is_no_key_has_no_partition(wrong: tuple[bytes, int]) -> None:
    with pytest.raises((OverflowError, TypeError, ValueError)):
        partition_for_key(*wrong)


def test_a_batch_is_filled_as_its_own_append_does() -> None:
    ours, theirs = new_batch(), new_batch()
    before = int(time.time() * 1000)
    taken = fill(ours, RECORDS, 3)
    for record in RECORDS[3:]:
        if theirs.append(key=record.key, value=record.value, timestamp=None) is None:
            break
    assert 0 < taken < len(RECORDS) - 3
    assert ours.record_count() == theirs.record_count() == taken
    assert ours.size() == theirs.size()
    assert contents(ours) == contents(theirs)
    times = {each.timestamp for each in DefaultRecordBatch(bytes(ours._build()))}
    assert all(before <= each <= time.time() * 1000 for each in times)


def test_a_batch_takes_its_first_record_whatever_its_size() -> None:
    assert fill(new_batch(), [Record(b"k", bytes(5_000)), RECORDS[0]], 0) == 1


class Sent:
    """As much of aiokafka's producer as sending takes; every batch is acknowledged."""

    def __init__(self) -> None:
        self.batches: list[tuple[str, int, list[tuple[object, ...]]]] = []

    async def partitions_for(self, topic: str) -> set[int]:
        return set(range(8))

    def create_batch(self) -> BatchBuilder:
        return new_batch(300)

    async def send_batch(
        self, batch: BatchBuilder, topic: str, *, partition: int
    ) -> asyncio.Future[None]:
        assert batch.closed()
        self.batches.append((topic, partition, contents(batch)))
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done


def test_records_go_out_in_order_by_their_partition_in_as_many_batches_as_they_take() -> None:
    sent, producer = Sent(), BatchProducer(KafkaSettings())
    producer._producer = cast(Any, sent)
    named = [Record(b"named", b"%d" % number, 5) for number in range(60)]
    asyncio.run(producer.send("topic", [*RECORDS, *named]))
    found: dict[int, list[tuple[object, object]]] = {}
    for topic, partition, records in sent.batches:
        assert topic == "topic"
        assert [offset for offset, *_ in records] == list(range(len(records)))
        found.setdefault(partition, []).extend((key, value) for _, key, value, _ in records)
    expected: dict[int, list[tuple[object, object]]] = {}
    for record in [*RECORDS, *named]:
        place = record.partition
        if place is None:
            place = partition_for_key(record.key, 8)
        expected.setdefault(place, []).append((record.key, record.value))
    assert found == expected
    assert len(sent.batches) > len(found)


def test_nothing_to_send_is_no_batch() -> None:
    sent, producer = Sent(), BatchProducer(KafkaSettings())
    producer._producer = cast(Any, sent)
    asyncio.run(producer.send("topic", []))
    assert not sent.batches

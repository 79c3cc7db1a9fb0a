"""What a fetch brought, unpacked as aiokafka unpacks it."""

from __future__ import annotations

from itertools import islice
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.fetcher import (
    READ_COMMITTED,
    READ_UNCOMMITTED,
    FetchResult,
    PartitionRecords,
)
from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.memory_records import MemoryRecords
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.kafka.fetched import (
    RECORD_BYTES,
    Fetched,
    FetchedRecords,
    memory_of,
)
from pipeline.adapters.kafka.fetching import (
    Batches,
    Fetch,
    records_of,
)

PLACE = TopicPartition("agent.events.raw", 3)
CONTENTS = st.lists(
    st.tuples(st.none() | st.binary(max_size=20), st.none() | st.binary(max_size=200)),
    min_size=1,
    max_size=6,
)
HEADERS = st.lists(st.tuples(st.text(max_size=5), st.none() | st.binary(max_size=90)), max_size=2)


def batch(contents: Any, first: int = 0, codec: int = 0, headers: Any = ()) -> bytes:
    """Return a batch whose first record has offset `first`, as a broker hands it out."""
    builder = DefaultRecordBatchBuilder(2, codec, 0, -1, -1, -1, 1_000_000)
    for place, (key, value) in enumerate(contents):
        builder.append(place, 1_700_000_000_000 + place, key, value, list(headers))
    data = bytearray(builder.build())
    # where the brokers put it: the checksum does not cover it
    data[:8] = first.to_bytes(8, "big")
    return bytes(data)


def theirs(data: bytes, begin: int) -> PartitionRecords:
    return PartitionRecords(
        PLACE, MemoryRecords(data), [], begin, None, None, True, READ_UNCOMMITTED
    )


def ours(data: bytes, begin: int) -> FetchedRecords:
    return FetchedRecords(PLACE, data, begin, True)


def seen(record: Any) -> tuple[Any, ...]:
    return (
        record.topic,
        record.partition,
        record.offset,
        record.timestamp,
        record.key,
        record.value,
    )


# as they are, by gzip, and by zstd
@given(st.lists(CONTENTS, min_size=1, max_size=3), st.sampled_from([0, 1, 4]), HEADERS, st.data())
def test_records_are_those_that_aiokafka_makes(
    batches: list[Any], codec: int, headers: Any, data: st.DataObject
) -> None:
    parts, end = [], 100
    for contents in batches:
        parts.append(batch(contents, end, codec, headers))
        end += len(contents)
    fetched = b"".join(parts)
    begin = data.draw(st.integers(100, end))
    expected, found = theirs(fetched, begin), ours(fetched, begin)
    taken = data.draw(st.integers(0, end - begin))
    assert [seen(each) for each in islice(found, taken)] == [
        seen(each) for each in islice(expected, taken)
    ]
    assert found.next_fetch_offset == expected.next_fetch_offset
    assert [seen(each) for each in found] == [seen(each) for each in expected]
    assert found.next_fetch_offset == expected.next_fetch_offset == end


def test_a_batch_whose_end_was_compacted_away_is_not_fetched_again() -> None:
    data = bytearray(batch([(b"k", b"v"), (b"l", b"w")], 100))
    # last offset delta, and the checksum that covers it
    data[23:27] = (9).to_bytes(4, "big")
    found = FetchedRecords(PLACE, bytes(data), 100, False)
    assert [record.offset for record in found] == [100, 101]
    assert found.next_fetch_offset == 110


def test_a_damaged_batch_is_refused_after_what_stands_before_it() -> None:
    good, bad = batch([(b"k", b"v")], 0), bytearray(batch([(b"k", b"v")], 1))
    bad[-1] ^= 1
    found = ours(good + bytes(bad), 0)
    assert next(found).offset == 0
    with pytest.raises(CorruptRecordException):
        next(found)
    assert list(found) == []
    assert found.next_fetch_offset == 1


def test_records_before_a_damaged_batch_are_not_passed_by_a_call_that_meets_it() -> None:
    good, bad = batch([(b"k", b"v"), (b"l", b"w")], 0), bytearray(batch([(b"m", b"x")], 2))
    bad[-1] ^= 1
    found = ours(good + bytes(bad), 0)
    assert [record.offset for record in found.take(1)] == [0]
    with pytest.raises(CorruptRecordException):
        found.take(None)
    assert found.take(None) == []
    assert found.next_fetch_offset == 1


def test_a_batch_that_is_not_what_it_says_is_refused_and_passed_by_nobody() -> None:
    contents = [(b"key", b"value" * 30), (None, b"w")]
    whole = batch(contents, 5, headers=[("h", b"x")])
    for place in range(57, len(whole)):
        for number in (0, 1, 0x7F, 0x80, 0xFF):
            data = bytearray(whole)
            data[place] = number
            found = FetchedRecords(PLACE, bytes(data), 5, False)
            try:
                records = found.take(None)
            except CorruptRecordException:
                assert found.take(None) == []
                assert found.next_fetch_offset == 5
            else:
                assert [record.topic for record in records] == [PLACE.topic] * len(records)


def test_the_time_of_a_batch_that_has_the_brokers_time_is_that_of_its_records() -> None:
    data = bytearray(batch([(b"k", b"v"), (b"l", b"w")], 100))
    # the attribute that says so, and the last time of the batch
    data[22] |= 8
    data[35:43] = (1_800_000_000_000).to_bytes(8, "big")
    found = FetchedRecords(PLACE, bytes(data), 100, False)
    assert {record.timestamp for record in found} == {1_800_000_000_000}


class Assignment:
    """Of one partition, as aiokafka's own keeps it."""

    def __init__(self, position: int) -> None:
        self.active = True
        self.paused = False
        self.position = position

    def state_value(self, _: Any) -> Assignment:
        return self

    def consumed_to(self, position: int) -> None:
        self.position = position


@pytest.mark.parametrize("most", [None, 1, 2, 3, 4, 5, 6, 7])
def test_a_fetch_is_taken_as_aiokafka_takes_it(most: int | None) -> None:
    data = batch([(b"k", b"v")] * 3, 10) + batch([(b"l", b"w")] * 3, 13)
    places = Assignment(10), Assignment(10)
    expected = FetchResult(
        PLACE, assignment=places[0], partition_records=theirs(data, 10), backoff=0
    )
    found = Fetch(PLACE, assignment=places[1], partition_records=ours(data, 10), backoff=0)
    while expected.has_more():
        assert list(map(seen, found.getall(most))) == list(map(seen, expected.getall(most)))
        assert places[1].position == places[0].position
        assert found.has_more() == expected.has_more()


def test_a_fetch_from_before_a_seek_is_dropped() -> None:
    place = Assignment(0)
    found = Fetch(
        PLACE, assignment=place, partition_records=ours(batch([(b"k", b"v")]), 0), backoff=0
    )
    place.position = 7
    assert found.getall(5) == []
    assert not found.has_more()
    assert place.position == 7


def test_deserialisers_and_transactions_are_left_to_aiokafka() -> None:
    data = batch([(b"k", b"v")], 0)
    plain = records_of(PLACE, Batches(data), [], 0, None, None, True, READ_UNCOMMITTED)
    assert isinstance(plain, FetchedRecords)
    committed = records_of(PLACE, Batches(data), [], 0, None, None, True, READ_COMMITTED)
    assert isinstance(committed, PartitionRecords)
    decoded = records_of(PLACE, Batches(data), [], 0, bytes.decode, None, True, READ_UNCOMMITTED)
    assert next(decoded).key == "k"


def test_memory_is_that_of_keys_and_values_and_records() -> None:
    record = Fetched("t", 0, 1, 2, b"123", b"45678")
    other = SimpleNamespace(key=None, value=None)
    assert memory_of([record, other]) == 2 * RECORD_BYTES + 8

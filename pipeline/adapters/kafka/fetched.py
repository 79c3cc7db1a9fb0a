"""Fetched records, a batch at a time: a third of what aiokafka needs for each, and of the memory.

aiokafka goes through a batch by a Python generator that makes a dataclass of eleven fields, with a
dictionary, for each record, and that for each of three roles. `FetchedRecords` stands in its place
for consumers without deserialisers or transactions, as those of workers are.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, PartitionRecords
from aiokafka.errors import CorruptRecordException

RECORD_BYTES: Final = 170
"""What Python needs for a record beside its key and value."""


class Fetched:
    """A record of a topic, as far as anybody here looks at it."""

    def __init__(
        self,
        topic: str,
        partition: int,
        offset: int,
        timestamp: int,
        key: bytes | None,
        value: bytes | None,
    ) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset
        self.timestamp = timestamp
        """Milliseconds."""
        self.key = key
        self.value = value


class _HasContent(Protocol):
    key: bytes | None
    value: bytes | None


def memory_of(records: Iterable[_HasContent]) -> int:
    """Return about how many bytes of memory `records` take."""
    total = 0
    for record in records:
        key, value = record.key, record.value
        total += RECORD_BYTES
        if key is not None:
            total += len(key)
        if value is not None:
            total += len(value)
    return total


class FetchedRecords:
    """What one fetch brought of a partition; as much of `PartitionRecords` as aiokafka asks."""

    def __init__(self, place: Any, batches: Any, next_offset: int, check_crcs: bool) -> None:
        """`place` is the topic and partition, `batches` aiokafka's `MemoryRecords`."""
        self._topic: str = place.topic
        self._partition: int = place.partition
        self._batches = batches
        self._check_crcs = check_crcs
        self._ready: list[Fetched] = []
        """Of the batch at hand, the last first."""
        self._behind_batch = next_offset
        self.next_fetch_offset = next_offset
        """Where the next fetch begins, if no more is taken of this one."""

    def __iter__(self) -> FetchedRecords:
        """Return the records, each of which comes once."""
        return self

    def __next__(self) -> Fetched:
        """Return the next record; raises aiokafka's error for a batch that is damaged."""
        ready = self._ready
        while not ready:
            # behind what compaction left out at its end, too, or it would be fetched for ever
            self.next_fetch_offset = self._behind_batch
            if self._batches is None or not self._batches.has_next():
                raise StopIteration
            self._unpack(self._batches.next_batch())
        record = ready.pop()
        self.next_fetch_offset = record.offset + 1 if ready else self._behind_batch
        return record

    def _unpack(self, batch: Any) -> None:
        if self._check_crcs and not batch.validate_crc():
            # all from here on is fetched again
            self._batches = None
            raise CorruptRecordException(f"Invalid CRC - {self._topic} {self._partition}")
        topic, partition, ready = self._topic, self._partition, self._ready
        if not batch.is_control_batch:
            # a batch may begin before what was asked for
            begin = self.next_fetch_offset
            for record in batch:
                offset: int = record.offset
                if offset >= begin:
                    ready.append(
                        Fetched(
                            topic, partition, offset, record.timestamp, record.key, record.value
                        )
                    )
            ready.reverse()
        self._behind_batch = batch.next_offset


def records_of(
    place: Any,
    batches: Any,
    aborted_transactions: Any,
    fetch_offset: int,
    key_deserializer: Any,
    value_deserializer: Any,
    check_crcs: bool,
    isolation_level: int,
) -> Any:
    """Return what stands for a fetch in aiokafka, by its own arguments."""
    if key_deserializer or value_deserializer or isolation_level == READ_COMMITTED:
        return PartitionRecords(
            place,
            batches,
            aborted_transactions,
            fetch_offset,
            key_deserializer,
            value_deserializer,
            check_crcs,
            isolation_level,
        )
    return FetchedRecords(place, batches, fetch_offset, check_crcs)


def use_fetched_records() -> None:
    """Let all consumers of this process unpack so.

    Not on import: whoever only imports this module keeps aiokafka as it is.
    """
    fetcher.PartitionRecords = records_of

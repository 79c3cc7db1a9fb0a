"""Fetched records, a batch at a time: a fifth of what aiokafka needs for each beside unpacking.

aiokafka goes through a batch by a Python generator that makes a dataclass of eleven fields, with a
dictionary, for each record, and that for each of three roles. `batch_records.c` makes small objects
of all records of a batch; `pipeline.adapters.kafka.fetching` puts them in aiokafka's place.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final, Protocol

from aiokafka.errors import CorruptRecordException
from aiokafka.record.default_records import DefaultRecordBatch
from aiokafka.record.memory_records import MemoryRecords

from pipeline.adapters.kafka import batch_records
from pipeline.adapters.kafka.batch_records import Fetched
from pipeline.adapters.kafka.compression import unpack
from pipeline.extensions import check_interface

__all__ = ["RECORD_BYTES", "Fetched", "FetchedRecords", "memory_of"]

check_interface(batch_records, 1)

RECORD_BYTES: Final = 140
"""What Python needs for a record beside its key and value."""
_LENGTH_AT: Final = 8
_BEFORE_LENGTH_COUNTS: Final = 12
_COUNT_AT: Final = 57
_RECORDS_AT: Final = 61
"""Places in a batch of version 2."""


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

    def __init__(self, place: Any, data: bytes, next_offset: int, check_crcs: bool) -> None:
        """`place` is the topic and partition, `data` batches as the broker sent them."""
        self._topic: str = place.topic
        self._partition: int = place.partition
        self._data = data
        self._at = 0
        # says what stands in the heads of batches, and reads the records of those that are old
        self._batches: Any = MemoryRecords(data)
        self._check_crcs = check_crcs
        self._ready: list[Fetched] = []
        """Of the batch at hand, those that are not taken yet."""
        self._behind_batch = next_offset
        self.next_fetch_offset = next_offset
        """Where the next fetch begins, if no more is taken of this one."""

    def __iter__(self) -> FetchedRecords:
        """Return the records, each of which comes once."""
        return self

    def __next__(self) -> Fetched:
        """Return the next record; raises as `take`."""
        taken = self.take(1)
        if not taken:
            raise StopIteration
        return taken[0]

    def take(self, most: int | None) -> list[Fetched]:
        """Return the next records, `most` at most; fewer if there are no more.

        Raises aiokafka's error for a batch that is damaged. Nothing was taken by a call that does:
        all of it is fetched again.
        """
        begin = self.next_fetch_offset
        try:
            return self._taken(most)
        except CorruptRecordException:
            self.next_fetch_offset = self._behind_batch = begin
            raise

    def _taken(self, most: int | None) -> list[Fetched]:
        taken: list[Fetched] = []
        while most is None or len(taken) < most:
            if not self._ready:
                # behind what compaction left out at its end, too, or it would be fetched for ever
                self.next_fetch_offset = self._behind_batch
                if self._batches is None or not self._batches.has_next():
                    break
                self._ready = self._next_batch()
                continue
            if most is None:
                part, self._ready = self._ready, []
            else:
                left = most - len(taken)
                part, self._ready = self._ready[:left], self._ready[left:]
            taken += part
            self.next_fetch_offset = part[-1].offset + 1 if self._ready else self._behind_batch
        return taken

    def _next_batch(self) -> list[Fetched]:
        # one that is damaged is fetched again, with all behind it
        batches, self._batches = self._batches, None
        batch = batches.next_batch()
        start = self._at
        self._at += _BEFORE_LENGTH_COUNTS + self._number(start + _LENGTH_AT)
        if self._check_crcs and not batch.validate_crc():
            raise CorruptRecordException(f"Invalid CRC - {self._topic} {self._partition}")
        found = [] if batch.is_control_batch else self._unpacked(batch, start)
        self._behind_batch = batch.next_offset
        self._batches = batches
        return found

    def _unpacked(self, batch: Any, start: int) -> list[Fetched]:
        codec = batch.compression_type if isinstance(batch, DefaultRecordBatch) else None
        if codec not in (DefaultRecordBatch.CODEC_NONE, DefaultRecordBatch.CODEC_ZSTD):
            return self._general(batch)
        plain = self._data[start + _RECORDS_AT : self._at]
        if codec == DefaultRecordBatch.CODEC_ZSTD:
            plain = unpack(plain)
        is_append_time = batch.timestamp_type == 1
        try:
            return batch_records.read_records(
                plain,
                self._number(start + _COUNT_AT),
                self._topic,
                self._partition,
                batch.base_offset,
                batch.max_timestamp if is_append_time else batch.first_timestamp,
                is_append_time,
                # a batch may begin before what was asked for
                self.next_fetch_offset,
            )
        except ValueError as error:
            raise CorruptRecordException(f"{error} - {self._topic} {self._partition}") from None

    def _general(self, batch: Any) -> list[Fetched]:
        """Read a batch of an older version, or one that another client packed otherwise."""
        found = []
        for record in batch:
            offset: int = record.offset
            if offset >= self.next_fetch_offset:
                # without a time as in `batch_records`
                time = -1 if record.timestamp is None else record.timestamp
                found.append(
                    Fetched(self._topic, self._partition, offset, time, record.key, record.value)
                )
        return found

    def _number(self, at: int) -> int:
        return int.from_bytes(self._data[at : at + 4], "big", signed=True)

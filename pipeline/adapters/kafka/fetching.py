"""Puts `FetchedRecords` into aiokafka's consumers, for all that need no more than that.

These are consumers without deserialisers or transactions, as those of workers are.
"""

from __future__ import annotations

from typing import Any

from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import READ_COMMITTED, FetchResult, PartitionRecords
from aiokafka.record.memory_records import MemoryRecords

from pipeline.adapters.kafka.fetched import Fetched, FetchedRecords


class Batches:
    """Stands for aiokafka's `MemoryRecords`, of which nobody gets back what it was made of."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.records = MemoryRecords(data)
        self.has_next = self.records.has_next
        self.size_in_bytes = self.records.size_in_bytes


class Fetch(FetchResult):  # type: ignore[misc]  # aiokafka has no types
    """What came of a partition; its records are taken as a list, not one by one."""

    _partition_records: Any

    def getall(self, max_records: int | None = None) -> list[Fetched]:
        """Return the next records, at most so many."""
        records = self._partition_records
        if not isinstance(records, FetchedRecords):
            found: list[Fetched] = super().getall(max_records)
            return found
        if not self.check_assignment(self._topic_partition):
            return []
        taken = records.take(max_records)
        self._update_position()
        if max_records is None or len(taken) < max_records:
            self._partition_records = None
        return taken


def records_of(
    place: Any,
    batches: Batches,
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
            batches.records,
            aborted_transactions,
            fetch_offset,
            key_deserializer,
            value_deserializer,
            check_crcs,
            isolation_level,
        )
    return FetchedRecords(place, batches.data, fetch_offset, check_crcs)


def use_fetched_records() -> None:
    """Let all consumers of this process unpack so.

    Not on import: whoever only imports this module keeps aiokafka as it is.
    """
    fetcher.MemoryRecords = Batches
    fetcher.PartitionRecords = records_of
    fetcher.FetchResult = Fetch

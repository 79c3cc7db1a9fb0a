"""Tables of a worker, written so that nothing is committed past a change that was lost.

A Faust table is a store beside a changelog topic from which it recovers. Faust sends changes in the
background and only logs a send that failed, so an input can be committed whose change is gone. Here
a change is sent first and acknowledged, in order, and only then put into the store; recovery,
assignment and the stores themselves are Faust's.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import faust
from faust.stores import memory
from faust.streams import _current_event

from agents.delivery import RunConsumer
from agents.packing import Packing, is_packed
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.buffers import compact

# with a path in it: Faust takes an address without one for none at all, and keeps state in memory
_DISK = "rocksdb:{name}"
# Faust's defaults are 2 GiB of cache and 192 MiB of buffers for each partition of each table
_DISK_OPTIONS = {
    "driver": "rocksdict",
    "block_cache_size": 16 * 1024 * 1024,
    "block_cache_compressed_size": 4 * 1024 * 1024,
    "write_buffer_size": 8 * 1024 * 1024,
}


class StateTable:
    """Keys and values by partition of the source; a change is durable when `write` returns."""

    def __init__(
        self,
        app: faust.App,
        name: str,
        producer: BatchProducer,
        *,
        partitions: int,
        on_disk: bool = False,
    ) -> None:
        """`on_disk`: keep the store in RocksDB files in the app's folder, not in memory."""
        self._app = app
        self._table = app.Table(
            name,
            partitions=partitions,
            store=_DISK.format(name=name) if on_disk else None,
            options=_DISK_OPTIONS if on_disk else None,
            key_type=bytes,
            value_type=bytes,
            schema=faust.Schema(
                key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
            ),
        )
        self._producer = producer
        self._packing = Packing()

    async def write(self, partition: int, changes: Iterable[tuple[str, bytes | None]]) -> None:
        """Apply changes in order; None removes a key. Raises `RetryableError`: some may be lost.

        After an error the store holds none of these changes and the changelog may hold a first
        part of them: load again what was built on them.
        """
        # a worker that was suspended would write over what the partition's new owner wrote
        cast(RunConsumer, self._app.consumer).lease.seconds_left()
        records = [Record(key.encode(), value, partition) for key, value in changes]
        await self._producer.send(self._table.changelog_topic.get_topic_name(), records)
        store: Any = self._table.data
        if isinstance(store, memory.Store):
            _keep_in_memory(store, partition, records)
            return
        with _as_event_of(partition):
            for record in records:
                if record.value is not None:
                    store[record.key] = record.value
                elif record.key in store:
                    del store[record.key]

    def pack(self, keys: Iterable[str]) -> None:
        """Keep values of keys that were written in less memory: nobody is about to ask for them."""
        store: Any = self._table.data
        # what is on disk is packed there
        if isinstance(store, memory.Store):
            for key in map(str.encode, keys):
                value = store.data[key]
                if not is_packed(value):
                    store.data[key] = self._packing.pack(value)

    def get(self, partition: int, key: str) -> bytes:
        """Return the value of a key that was written; raises `KeyError` for another."""
        store: Any = self._table.data
        if isinstance(store, memory.Store):
            return self._packing.unpack(store.data[key.encode()])
        with _as_event_of(partition):
            value: bytes = store[key.encode()]
        return value

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        """Yield keys and values of the keys that begin with `prefix`."""
        begin = prefix.encode()
        for key, value in self._table.data.items():
            if key.startswith(begin) and value is not None:
                yield key.decode(), self._packing.unpack(value)


def _keep_in_memory(store: Any, partition: int, records: Iterable[Record]) -> None:
    """Put records into Faust's memory store as it would, without its calls for each of them."""
    # by the second it forgets keys of partitions that move away; it never takes one out itself
    values, partitions = store.data, store._key_partition
    for key, value, _ in records:
        if value is None:
            values.pop(key, None)
            partitions.pop(key, None)
        else:
            values[key] = compact(value)
            partitions[key] = partition


class _EventOf:
    """As much of a Faust event as names a partition."""

    def __init__(self, partition: int) -> None:
        self.message = SimpleNamespace(partition=partition)


@contextmanager
def _as_event_of(partition: int) -> Iterator[None]:
    """Name the partition that is written to, the way Faust's disk store asks for it."""
    event: Any = _EventOf(partition)
    token = _current_event.set(weakref.ref(event))
    try:
        yield
    finally:
        _current_event.reset(token)

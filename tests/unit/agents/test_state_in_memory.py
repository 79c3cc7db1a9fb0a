"""What a table in memory keeps of what was written, and in how much room."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from faust.stores import memory

from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record

TASK = orjson.dumps(["session-1", *(f"session-1.event-{number}" for number in range(20))])


class Producer:
    """Takes records and drops them."""

    async def send(self, topic: str, records: Iterable[Record]) -> None:
        del topic, records


class Table:
    """Stands in for Faust's table."""

    def __init__(self, data: memory.Store[Any, Any]) -> None:
        self.data = data
        self.changelog_topic = SimpleNamespace(get_topic_name=lambda: "changelog")


class App:
    """Stands in for Faust's app, whose lease lasts."""

    def __init__(self, data: memory.Store[Any, Any]) -> None:
        self._data = data
        self.consumer = SimpleNamespace(lease=SimpleNamespace(seconds_left=lambda: 1.0))

    def Table(self, *args: Any, **kwargs: Any) -> Table:  # noqa: N802 - Faust's name
        del args, kwargs
        return Table(self._data)


@pytest.fixture
def store() -> Any:
    store: Any = memory.Store.__new__(memory.Store)
    store.data, store._key_partition = {}, {}
    return store


@pytest.fixture
def state(store: Any) -> StateTable:
    return StateTable(cast(Any, App(store)), "state", cast(BatchProducer, Producer()), partitions=8)


async def test_nothing_stays_of_a_key_that_was_removed(state: StateTable, store: Any) -> None:
    await state.write(3, [("3\x1fa", b"[1]"), ("3\x1fb", b"[2]"), ("3\x1fa", b"[3]")])
    assert list(state.items("3\x1f")) == [("3\x1fa", b"[3]"), ("3\x1fb", b"[2]")]
    assert store._key_partition == {b"3\x1fa": 3, b"3\x1fb": 3}
    await state.write(3, [("3\x1fa", None), ("3\x1funknown", None)])
    assert list(state.items("3\x1f")) == [("3\x1fb", b"[2]")]
    assert store._key_partition == {b"3\x1fb": 3}


async def test_what_is_packed_reads_as_it_was_written(state: StateTable, store: Any) -> None:
    await state.write(0, [("0\x1fa", TASK), ("0\x1fb", TASK)])
    state.pack(["0\x1fa"])
    assert len(store.data[b"0\x1fa"]) < len(TASK) / 2
    assert state.get(0, "0\x1fa") == state.get(0, "0\x1fb") == TASK
    assert list(state.items("0")) == [("0\x1fa", TASK), ("0\x1fb", TASK)]
    # as when a partition is loaded again
    state.pack(["0\x1fa"])
    assert state.get(0, "0\x1fa") == TASK
    # written again, it is kept as it comes
    await state.write(0, [("0\x1fa", b"[]")])
    assert store.data[b"0\x1fa"] == state.get(0, "0\x1fa") == b"[]"

"""A worker with something broken in it on purpose: `python -m tests.fault.saboteur ROLE`.

SLUICE_TEST_SABOTAGE names what, with commas. The negative controls switch a guard off; the others
make a failure happen at a place that no signal hits reliably.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from clickhouse_connect.driver.httpclient import HttpClient

from agents import aggregator, delivery, sink, sink_batch
from agents.__main__ import main
from agents.lease import Lease
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.errors import PermanentError
from pipeline.storage.coordinates import PresentOffsets, SourceFence
from pipeline.storage.sorting import Sorted
from pipeline.tasks.state import TaskState
from pipeline.topics import EVENTS_CLEAN
from pipeline.windows.open_panes import START
from pipeline.windows.open_tasks import OpenTasks
from pipeline.windows.partition import PartitionAggregator


def _once() -> bool:
    """Tell whether this is the first process of this test to ask."""
    try:
        Path(os.environ["SLUICE_TEST_ONCE"]).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


def _sort_without(**switched_off: Callable[[], Any]) -> None:
    """Have the sink know less of each record; it is compiled, so what it is handed is replaced."""
    sort = sink_batch.sort

    def sorted_one_by_one(records: list[Any], *known: Any) -> Sorted:
        found = Sorted()
        names = ("read", "cluster", "fence", "present", "recent", "straight")
        arguments = dict(zip(names, known, strict=True))
        for record in records:
            less = {name: make() for name, make in switched_off.items()}
            one = sort([record], *(arguments | less).values())
            for name in ("straight", "rows", "records", "refused", "repeated"):
                getattr(found, name).extend(getattr(one, name))
        return found

    sink_batch.sort = sorted_one_by_one


def no_fence() -> None:
    """Let what a redactor sends again pass."""
    _sort_without(fence=SourceFence)


def no_present() -> None:
    """Do not know what the table holds of uncommitted offsets."""
    _sort_without(present=PresentOffsets)


def no_ids() -> None:
    """Do not know event ids again."""
    _sort_without(recent=lambda: None)


def no_token() -> None:
    """Insert without a deduplication token."""
    raw_insert = HttpClient.raw_insert

    def without(
        self: Any, table: str, names: Any, block: Any, settings: dict[str, Any], **kwargs: Any
    ) -> Any:
        del settings["insert_deduplication_token"]
        # without a token ClickHouse still knows a block by its content, and since version 26
        # `insert_deduplicate` does not change that
        settings["deduplicate_insert"] = "disable"
        return raw_insert(self, table, names, block, settings, **kwargs)

    HttpClient.raw_insert = without


def no_state_fence() -> None:
    """Apply events to tasks and panes again that their stored state holds already."""
    load = PartitionAggregator.load.__func__  # type: ignore[attr-defined]
    restore_task = OpenTasks.restore

    def loaded(cls: Any, *args: Any, **kwargs: Any) -> Any:
        state = load(cls, *args, **kwargs)
        state._fence = state._replay_to = -1
        state._sources = SourceFence()
        # those of drafts and those that records of batches have brought further
        for pane in state._panes._panes._panes.values():
            pane.stored = START
        return state

    def task_without(self: Any, task: Any) -> None:
        task.fence = -1
        restore_task(self, task)

    PartitionAggregator.load = classmethod(loaded)  # type: ignore[assignment, method-assign]
    OpenTasks.restore = task_without  # type: ignore[method-assign]
    TaskState.is_repeated = lambda self, event_id: False  # type: ignore[method-assign]


def ack_first() -> None:
    """Finish runs before they are handled, as a consumer that commits on receipt does."""

    async def attempt(self: Any, handler: Any, runs: list[Any]) -> None:
        if not runs:  # a tick
            await original(self, handler, runs)
            return
        for run in runs:
            self.finish(run)
        await asyncio.sleep(2.0)
        await handler(runs)

    original = delivery.RunConsumer.attempt
    delivery.RunConsumer.attempt = attempt  # type: ignore[method-assign]


def raise_once() -> None:
    """Raise an unforeseen error in the middle of a call of the handler, after its insert."""
    insert = sink.SinkStage._insert

    async def broken(self: Any, batch: Any, blocks: Any) -> Any:
        refused = await insert(self, batch, blocks)
        if sum(len(block.records) for block in blocks) > 20 and _once():
            raise RuntimeError("unforeseen")
        return refused

    sink.SinkStage._insert = broken  # type: ignore[method-assign]


def _die_when_sent(is_due: Callable[[str], bool]) -> None:
    """Die, once, when the brokers have acknowledged many records of a topic that `is_due`."""
    send = BatchProducer.send

    async def deadly(self: Any, topic: str, records: Any) -> None:
        records = list(records)
        await send(self, topic, records)
        if is_due(topic) and len(records) > 20 and _once():
            os._exit(9)

    BatchProducer.send = deadly  # type: ignore[method-assign]


def die_before_store() -> None:
    """Die when the changelog has acknowledged what events led to, before anything else knows."""
    handle = aggregator.AggregatorStage._handle_partition
    has_events = ContextVar("has_events", default=False)

    async def handling(self: Any, *runs: Any) -> None:
        # a tick writes as well; but there is nothing in it that could count twice
        has_events.set(True)
        await handle(self, *runs)

    _die_when_sent(lambda topic: topic.endswith("changelog") and has_events.get())
    aggregator.AggregatorStage._handle_partition = handling  # type: ignore[method-assign]


def die_before_commit() -> None:
    """Die when the brokers have the clean events of a run, before the run is committed."""
    _die_when_sent(lambda topic: topic == EVENTS_CLEAN.name)


def fail_changelog_once() -> None:
    """Have the changelog refuse a change for good."""
    write = StateTable.write

    async def refused(self: Any, partition: int, changes: Any) -> None:
        changes = list(changes)
        if len(changes) > 20 and _once():
            # the first half is stored, as with a send that fails half-way
            await self._producer.send(
                self._table.changelog_topic.get_topic_name(),
                [
                    Record(key.encode(), value, partition)
                    for key, value in changes[: len(changes) // 2]
                ],
            )
            raise PermanentError("the changelog takes no such record")
        await write(self, partition, changes)

    StateTable.write = refused  # type: ignore[method-assign]


def freeze_before_insert() -> None:
    """Stop this process between all its checks and an insert of events, once, until SIGCONT."""
    insert = HttpClient.raw_insert

    def frozen(self: Any, table: str, names: Any, block: bytes, *args: Any, **kwargs: Any) -> Any:
        if table == "events" and len(block) > 4_096 and _once():
            # to this thread: one that another thread gets leaves it the time to send the insert
            signal.pthread_kill(threading.get_ident(), signal.SIGSTOP)
        return insert(self, table, names, block, *args, **kwargs)

    HttpClient.raw_insert = frozen


def no_lease() -> None:
    """Believe that partitions are ours for ever."""
    Lease.seconds_left = lambda self: 3600.0  # type: ignore[method-assign]


def hang() -> None:
    """Never return from a handler, once."""
    attempt = delivery.RunConsumer.attempt

    async def hanging(self: Any, handler: Any, runs: list[Any]) -> None:
        if runs and _once():
            await asyncio.Event().wait()
        await attempt(self, handler, runs)

    delivery.RunConsumer.attempt = hanging  # type: ignore[method-assign]


SABOTAGES: dict[str, Callable[[], None]] = {
    function.__name__: function
    for function in (
        no_fence,
        no_present,
        no_ids,
        no_token,
        no_state_fence,
        ack_first,
        raise_once,
        die_before_commit,
        die_before_store,
        fail_changelog_once,
        freeze_before_insert,
        no_lease,
        hang,
    )
}

if __name__ == "__main__":
    for name in os.environ["SLUICE_TEST_SABOTAGE"].split(","):
        SABOTAGES[name]()
    main()

"""The sink: clean events and dead letters to ClickHouse, each once.

Order of things in one call: know what the table holds of a partition (asked when the partition is
taken over, and again after every failure, because a failed insert may have happened), leave out
what is there and pack the rest (`agents.sink_batch`), insert it under a token, send dead letters
for what is refused. Only then is the run finished.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import faust
import orjson

from agents.delivery import Run, RunConsumer, RunTransport, deliver
from agents.replacing_sink import ReplacingSinkStage
from agents.sink_batch import UNFIT, Batch, Block, Read, Refused, StraightRows, refused
from pipeline.adapters.clickhouse.errors import TooLateError
from pipeline.adapters.clickhouse.native import Packed, Same
from pipeline.adapters.clickhouse.straight import rows_of
from pipeline.adapters.clickhouse.writer import ClickHouseWriter
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import Clock, SystemClock
from pipeline.config import Settings
from pipeline.errors import InputError
from pipeline.events.dead_letter import failed_event
from pipeline.events.decode import Origin
from pipeline.metrics import Metrics
from pipeline.storage.control_tables import ALERTS, TASKS, WINDOWS, read_record, read_task
from pipeline.storage.progress import Progress, load_progress
from pipeline.storage.rows import read_dead_letter, read_event
from pipeline.storage.tables import DEAD_LETTERS, EVENTS, LEASE_UNTIL, Table
from pipeline.topics import ALERTS as ALERTS_TOPIC
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ
from pipeline.topics import TASKS as TASKS_TOPIC
from pipeline.topics import WINDOWS as WINDOWS_TOPIC

STAGE = "sink"
FETCH_BYTES = 128 * 1024
"""Compressed, as they lie on the broker: about a thousand events, or what comes in
`FETCH_SECONDS`."""
ROWS_IN_TIME = 500
"""A batch this small that comes after its lease is not late because of its size."""


class Store(Protocol):
    """What the sink needs of ClickHouse."""

    def pack(self, names: list[str], types: list[str], columns: list[list[Any]]) -> Packed:
        """Write columns as `insert_packed` takes them; `InputError` if a value does not fit."""

    async def insert_packed(
        self,
        table: str,
        names: list[str],
        blocks: list[Packed],
        same: list[Same],
        *,
        token: str,
    ) -> None:
        """Store rows; `InputError` if a value is refused, `RetryableError` if it may be retried."""

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""


@dataclass
class _Partition:
    """What is known of a partition, and the assignment for which that was asked."""

    assignment: int
    progress: Progress


class SinkStage:
    """Stores the records of one topic in one table."""

    def __init__(
        self,
        table: Table,
        read: Read,
        store: Store,
        dead_letters: BatchProducer,
        metrics: Metrics,
        clock: Clock,
        *,
        lease: Callable[[], float],
        horizon: int | None = None,
        straight: Callable[[], StraightRows] | None = None,
    ) -> None:
        """`lease` returns for how many seconds partitions are surely ours, or raises.

        `horizon`: records within which an event id is stored once; None: ids do not matter.
        `straight` begins the rows of a batch that need no objects; None: all rows are made of them.
        """
        self._table = table
        self._read = read
        self._store = store
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._clock = clock
        self._lease = lease
        self._horizon = horizon
        self._straight = straight
        self._partitions: dict[tuple[str, int], _Partition] = {}

    async def handle(self, runs: list[Run]) -> None:
        """Store whole runs; return when ClickHouse has acknowledged their rows."""
        try:
            cluster = await self._dead_letters.cluster_id()
            straight = self._straight and self._straight()
            batch = Batch(self._table, self._read, self._store.pack, cluster, straight)
            for run in runs:
                batch.add(run.records, await self._progress(run, cluster))
            batch.finish()
            count = sum(len(block.records) for block in batch.blocks)
            letters = batch.refused + await self._insert(batch, batch.blocks)
            # in the order of their offsets, as the fence of whoever reads dead letters expects it
            letters.sort(key=lambda item: item.offset)
            await self._dead_letters.send(EVENTS_DLQ.name, map(self._letter, letters))
        except BaseException:
            # what was stored is unknown now, and the fences have moved: ask again next time
            for run in runs:
                self._partitions.pop((run.topic, run.partition), None)
            raise
        self._metrics.records_in.labels(runs[0].topic).inc(sum(len(run.records) for run in runs))
        self._metrics.records_out.labels(self._table.name).inc(count)
        for kind in batch.repeated:
            self._metrics.repeated.labels(kind).inc()

    async def _progress(self, run: Run, cluster: str) -> Progress:
        known = self._partitions.get((run.topic, run.partition))
        if known is None or known.assignment != run.assignment:
            self._forget_other_assignments(run.assignment)
            progress = await load_progress(
                self._store.query,
                table=self._table.name,
                cluster=cluster,
                topic=run.topic,
                partition=run.partition,
                first=run.first,
                horizon=self._horizon,
            )
            known = _Partition(run.assignment, progress)
            self._partitions[run.topic, run.partition] = known
        return known.progress

    def _forget_other_assignments(self, assignment: int) -> None:
        for place in [p for p, known in self._partitions.items() if known.assignment != assignment]:
            del self._partitions[place]

    async def _insert(self, batch: Batch, blocks: list[Block]) -> list[Refused]:
        """Insert blocks; return the rows with a value that ClickHouse does not take, by halving."""
        if not blocks:
            return []
        count = sum(len(block.records) for block in blocks)
        try:
            lease_until = int((self._clock.now() + self._lease()) * 1000)
            await self._store.insert_packed(
                self._table.name,
                self._table.names,
                [block.packed for block in blocks],
                [Same(LEASE_UNTIL.name, LEASE_UNTIL.type, lease_until)],
                token=batch.token(blocks),
            )
        except InputError:
            if count == 1:
                [[record]] = [block.records for block in blocks]
                return [refused(record, UNFIT, 0)]
            return await self._insert_halves(batch, blocks)
        except TooLateError:
            # a starved machine may take longer for a large batch than a lease lasts: without this
            # the same batch would be refused for ever
            if count <= ROWS_IN_TIME:
                raise
            return await self._insert_halves(batch, blocks)
        return []

    async def _insert_halves(self, batch: Batch, blocks: list[Block]) -> list[Refused]:
        if len(blocks) == 1:
            blocks = batch.halves(blocks[0])
        middle = len(blocks) // 2
        first = await self._insert(batch, blocks[:middle])
        return first + await self._insert(batch, blocks[middle:])

    def _letter(self, item: Refused) -> Record:
        refusal = item.refusal
        letter = failed_event(
            Origin(item.topic, item.partition, item.offset),
            index=0,
            stage=STAGE,
            reason=refusal.reason,
            detail=refusal.detail,
            size_bytes=item.size,
            ts=self._clock.now(),
        )
        self._metrics.dead_letters.labels(refusal.reason).inc()
        return Record(f"{item.topic}:{item.partition}".encode(), orjson.dumps(letter))


def build(
    app: faust.App, settings: Settings, metrics: Metrics
) -> list[BatchProducer | ClickHouseWriter]:
    """Register the sink's agents on `app`; return what has to be started before they run."""
    # a batch waits longer than a fetch anyhow, and each fetch costs as much as a hundred events
    cast(RunTransport, app.transport).fetch_bytes = FETCH_BYTES
    producer = BatchProducer(settings.kafka)
    store = ClickHouseWriter(settings.clickhouse)

    def lease() -> float:
        return cast(RunConsumer, app.consumer).lease.seconds_left()

    straight = rows_of(EVENTS.without(LEASE_UNTIL))
    for topic, table, read, horizon, rows in (
        (EVENTS_CLEAN, EVENTS, read_event, settings.sink.repeat_horizon, straight),
        # a dead letter's id is its place in the input, which the fence knows; and there are few
        (EVENTS_DLQ, DEAD_LETTERS, read_dead_letter, None, None),
    ):
        stage = SinkStage(
            table,
            read,
            store,
            producer,
            metrics,
            SystemClock(),
            lease=lease,
            horizon=horizon,
            straight=rows,
        )
        deliver(
            app,
            topic.name,
            stage.handle,
            name=f"{STAGE}-{table.name}",
            max_records=settings.sink.batch_rows,
            pace_seconds=settings.sink.batch_seconds,
        )
    for topic, table, read_one in (
        (TASKS_TOPIC, TASKS, read_task),
        (WINDOWS_TOPIC, WINDOWS, read_record),
        (ALERTS_TOPIC, ALERTS, read_record),
    ):
        deliver(
            app,
            topic.name,
            ReplacingSinkStage(table, read_one, store, producer, metrics).handle,
            name=f"{STAGE}-{table.name}",
            max_records=settings.sink.batch_rows,
            pace_seconds=settings.sink.batch_seconds,
        )
    return [producer, store]

"""The sink: clean events and dead letters to ClickHouse, each once.

Order of things in one call: know what the table holds of a partition (asked when the partition is
taken over, and again after every failure, because a failed insert may have happened), leave out
what is there, insert the rest as columns under a token, return. Only then is the run finished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import faust
import orjson

from agents.delivery import Run, deliver
from pipeline.adapters.clickhouse.writer import ClickHouseWriter
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import Clock, SystemClock
from pipeline.config import Settings
from pipeline.errors import InputError
from pipeline.events.dead_letter import failed_event
from pipeline.events.decode import Origin
from pipeline.metrics import Metrics
from pipeline.storage.progress import Progress, load_progress
from pipeline.storage.rows import Refusal, read_dead_letter, read_event, source_of
from pipeline.storage.tables import DEAD_LETTERS, EVENTS, Table
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ

STAGE = "sink"

Row = dict[str, Any]


class Store(Protocol):
    """What the sink needs of ClickHouse."""

    async def insert(
        self,
        table: str,
        names: list[str],
        types: list[str],
        columns: list[list[Any]],
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
        read: Callable[[bytes | None], Row | Refusal],
        store: Store,
        dead_letters: BatchProducer,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._table = table
        self._read = read
        self._store = store
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._clock = clock
        self._partitions: dict[tuple[str, int], _Partition] = {}

    async def handle(self, runs: list[Run]) -> None:
        """Store whole runs; return when ClickHouse has acknowledged their rows."""
        try:
            rows: list[Row] = []
            refused: list[Record] = []
            cluster = await self._dead_letters.cluster_id()
            for run in runs:
                progress = await self._progress(run, cluster)
                for record in run.records:
                    self._sort(record, cluster, progress, rows, refused)
            await self._dead_letters.send(EVENTS_DLQ.name, refused)
            await self._insert(rows)
        except BaseException:
            # what was stored is unknown now, and the fences have moved: ask again next time
            for run in runs:
                self._partitions.pop((run.topic, run.partition), None)
            raise
        self._metrics.records_in.labels(runs[0].topic).inc(sum(len(run.records) for run in runs))
        self._metrics.records_out.labels(self._table.name).inc(len(rows))

    async def _progress(self, run: Run, cluster: str) -> Progress:
        known = self._partitions.get((run.topic, run.partition))
        if known is None or known.assignment != run.assignment:
            progress = await load_progress(
                self._store.query,
                table=self._table.name,
                cluster=cluster,
                topic=run.topic,
                partition=run.partition,
                first=run.first,
            )
            known = _Partition(run.assignment, progress)
            self._partitions[run.topic, run.partition] = known
        return known.progress

    def _sort(
        self, record: Any, cluster: str, progress: Progress, rows: list[Row], refused: list[Record]
    ) -> None:
        """Put a record among the rows or the refused, or leave it out as a repetition."""
        row = self._read(record.value)
        if isinstance(row, Refusal):
            refused.append(self._refusal(record, row))
            return
        if not progress.fence.passes(source_of(row)):
            self._metrics.repeated.labels("production").inc()
            return
        if record.offset in progress.present:
            self._metrics.repeated.labels("delivery").inc()
            return
        row["at"] = {
            "cluster": cluster,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
        }
        rows.append(row)

    async def _insert(self, rows: list[Row]) -> None:
        """Insert `rows`; if ClickHouse refuses a value, find its row by halving and refuse that."""
        if not rows:
            return
        try:
            columns = self._table.to_columns(rows)
            await self._store.insert(
                self._table.name, self._table.names, self._table.types, columns, token=_token(rows)
            )
        except InputError:
            if len(rows) == 1:
                await self._dead_letters.send(EVENTS_DLQ.name, [self._row_refused(rows[0])])
                return
            middle = len(rows) // 2
            await self._insert(rows[:middle])
            await self._insert(rows[middle:])

    def _row_refused(self, row: Row) -> Record:
        at = row["at"]
        refusal = Refusal("refused_by_clickhouse", "a value does not fit its column")
        return self._letter(Origin(at["topic"], at["partition"], at["offset"]), refusal, 0)

    def _refusal(self, record: Any, refusal: Refusal) -> Record:
        origin = Origin(record.topic, record.partition, record.offset)
        return self._letter(origin, refusal, len(record.value or b""))

    def _letter(self, origin: Origin, refusal: Refusal, size: int) -> Record:
        letter = failed_event(
            origin,
            index=0,
            stage=STAGE,
            reason=refusal.reason,
            detail=refusal.detail,
            size_bytes=size,
            ts=self._clock.now(),
        )
        self._metrics.dead_letters.labels(refusal.reason).inc()
        return Record(f"{origin.topic}:{origin.partition}".encode(), orjson.dumps(letter))


def _token(rows: Iterable[Row]) -> str:
    """Name a batch by exactly the offsets in it: a repeated insert has the same name.

    ClickHouse drops a second insert under the same token without a look at its rows, so two
    different batches must never share one.
    """
    digest = hashlib.blake2b(digest_size=16)
    for row in rows:
        at = row["at"]
        digest.update(f"{at['cluster']}:{at['topic']}:{at['partition']}:{at['offset']};".encode())
    return digest.hexdigest()


def build(
    app: faust.App, settings: Settings, metrics: Metrics
) -> list[BatchProducer | ClickHouseWriter]:
    """Register the sink's agents on `app`; return what has to be started before they run."""
    producer = BatchProducer(settings.kafka)
    store = ClickHouseWriter(settings.clickhouse)
    for topic, table, read in (
        (EVENTS_CLEAN, EVENTS, read_event),
        (EVENTS_DLQ, DEAD_LETTERS, read_dead_letter),
    ):
        stage = SinkStage(table, read, store, producer, metrics, SystemClock())
        deliver(
            app,
            topic.name,
            stage.handle,
            name=f"{STAGE}-{table.name}",
            max_records=settings.sink.batch_rows,
            pace_seconds=settings.sink.batch_seconds,
        )
    return [producer, store]

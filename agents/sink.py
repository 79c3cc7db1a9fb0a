"""The sink: clean events and dead letters to ClickHouse, each once.

Order of things in one call: know what the table holds of a partition (asked when the partition is
taken over, and again after every failure, because a failed insert may have happened), leave out
what is there, insert the rest as columns under a token, send dead letters for what is refused.
Only then is the run finished.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast

import faust
import orjson

from agents.delivery import Run, RunConsumer, deliver
from agents.replacing_sink import ReplacingSinkStage, Row, RowStore
from pipeline.adapters.clickhouse.errors import TooLateError
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
from pipeline.storage.rows import Refusal, read_dead_letter, read_event, source_of
from pipeline.storage.tables import BLOCK, DEAD_LETTERS, EVENTS, Table
from pipeline.topics import ALERTS as ALERTS_TOPIC
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ
from pipeline.topics import TASKS as TASKS_TOPIC
from pipeline.topics import WINDOWS as WINDOWS_TOPIC

STAGE = "sink"
PLACE = ("cluster", "topic", "partition", "offset")
Place = tuple[str, str, int, int]
_NO_ROW = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What a record raises that lacks a field, or has a value that fits no column."""
ROWS_IN_TIME = 500
"""A batch this small that comes after its lease is not late because of its size."""


class Store(RowStore, Protocol):
    """What the sink needs of ClickHouse beside: to ask what is there."""

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""


@dataclass
class _Partition:
    """What is known of a partition, and the assignment for which that was asked."""

    assignment: int
    progress: Progress


class Refused(NamedTuple):
    """A record that becomes a dead letter: where it stands, why, and its size in bytes."""

    topic: str
    partition: int
    offset: int
    refusal: Refusal
    size: int


_UNFIT = Refusal("refused_by_clickhouse", "a value does not fit its column")


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
        *,
        lease: Callable[[], float],
        horizon: int | None = None,
    ) -> None:
        """`lease` returns for how many seconds partitions are surely ours, or raises.

        `horizon`: records within which an event id is stored once; None: ids do not matter.
        """
        self._table = table
        self._read = read
        self._store = store
        self._dead_letters = dead_letters
        self._metrics = metrics
        self._clock = clock
        self._lease = lease
        self._horizon = horizon
        self._partitions: dict[tuple[str, int], _Partition] = {}
        self._place_columns = [table.names.index(name) for name in PLACE]
        self._lease_column = table.names.index("lease_until")

    async def handle(self, runs: list[Run]) -> None:
        """Store whole runs; return when ClickHouse has acknowledged their rows."""
        try:
            columns: list[list[Any]] = [[] for _ in self._table.columns]
            refused: list[Refused] = []
            cluster = await self._dead_letters.cluster_id()
            for run in runs:
                progress = await self._progress(run, cluster)
                # a block at a time, from bytes to columns: what was parsed is still in the
                # processor's cache then, and its memory serves the next block
                for first in range(0, len(run.records), BLOCK):
                    rows: list[Row] = []
                    for record in run.records[first : first + BLOCK]:
                        self._sort(record, cluster, progress, rows, refused)
                    self._add(rows, columns, refused)
            count = len(columns[0])
            refused += await self._insert(columns)
            # in the order of their offsets, as the fence of whoever reads dead letters expects it
            refused.sort(key=lambda item: item.offset)
            await self._dead_letters.send(EVENTS_DLQ.name, map(self._letter, refused))
        except BaseException:
            # what was stored is unknown now, and the fences have moved: ask again next time
            for run in runs:
                self._partitions.pop((run.topic, run.partition), None)
            raise
        self._metrics.records_in.labels(runs[0].topic).inc(sum(len(run.records) for run in runs))
        self._metrics.records_out.labels(self._table.name).inc(count)

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

    def _sort(
        self, record: Any, cluster: str, progress: Progress, rows: list[Row], refused: list[Refused]
    ) -> None:
        """Put a record among the rows or the refused, or leave it out as a repetition."""
        row = self._read(record.value)
        if isinstance(row, Refusal):
            place = (record.topic, record.partition, record.offset)
            refused.append(Refused(*place, row, len(record.value or b"")))
            return
        kind = self._repetition(record.offset, row, progress)
        if kind is not None:
            self._metrics.repeated.labels(kind).inc()
            return
        row["at"] = {
            "cluster": cluster,
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            # known when they are inserted
            "lease_until": None,
        }
        rows.append(row)

    def _repetition(self, offset: int, row: Row, progress: Progress) -> str | None:
        """Tell in which way a record is one that came before; None: it is new."""
        if not progress.fence.passes(source_of(row)):
            return "processing"
        first_of_its_id = progress.recent is None or progress.recent.add(row["event_id"])
        if offset in progress.present:
            return "delivery"
        return None if first_of_its_id else "production"

    def _add(self, rows: list[Row], columns: list[list[Any]], refused: list[Refused]) -> None:
        """Append `rows` to `columns`, and to `refused` those that lack what a column needs."""
        try:
            added = self._table.to_columns(rows)
        except _NO_ROW:
            if len(rows) > 1:
                for row in rows:
                    self._add([row], columns, refused)
                return
            at = rows[0]["at"]
            refused.append(Refused(at["topic"], at["partition"], at["offset"], _UNFIT, 0))
            return
        for column, values in zip(columns, added, strict=True):
            column += values

    async def _insert(self, columns: list[list[Any]]) -> list[Refused]:
        """Insert rows; return those with a value that ClickHouse does not take, by halving."""
        count = len(columns[0])
        if not count:
            return []
        try:
            lease_until = int((self._clock.now() + self._lease()) * 1000)
            columns[self._lease_column] = [lease_until] * count
            token = _token(self._places(columns))
            await self._store.insert(
                self._table.name, self._table.names, self._table.types, columns, token=token
            )
        except InputError:
            if count == 1:
                [(_, topic, partition, offset)] = self._places(columns)
                return [Refused(topic, partition, offset, _UNFIT, 0)]
            return await self._insert_halves(columns)
        except TooLateError:
            # a starved machine may take longer for a large batch than a lease lasts: without this
            # the same batch would be refused for ever
            if count <= ROWS_IN_TIME:
                raise
            return await self._insert_halves(columns)
        return []

    async def _insert_halves(self, columns: list[list[Any]]) -> list[Refused]:
        middle = len(columns[0]) // 2
        first = await self._insert([column[:middle] for column in columns])
        return first + await self._insert([column[middle:] for column in columns])

    def _places(self, columns: list[list[Any]]) -> Iterable[Place]:
        """Return where each row comes from."""
        return zip(*(columns[number] for number in self._place_columns), strict=True)

    def _letter(self, refused: Refused) -> Record:
        refusal = refused.refusal
        letter = failed_event(
            Origin(refused.topic, refused.partition, refused.offset),
            index=0,
            stage=STAGE,
            reason=refusal.reason,
            detail=refusal.detail,
            size_bytes=refused.size,
            ts=self._clock.now(),
        )
        self._metrics.dead_letters.labels(refusal.reason).inc()
        return Record(f"{refused.topic}:{refused.partition}".encode(), orjson.dumps(letter))


def _token(places: Iterable[Place]) -> str:
    """Name a batch by exactly the offsets in it: a repeated insert has the same name.

    ClickHouse drops a second insert under the same token without a look at its rows, so two
    different batches must never share one.
    """
    named = "".join(
        f"{cluster}:{topic}:{partition}:{offset};" for cluster, topic, partition, offset in places
    )
    return hashlib.blake2b(named.encode(), digest_size=16).hexdigest()


def build(
    app: faust.App, settings: Settings, metrics: Metrics
) -> list[BatchProducer | ClickHouseWriter]:
    """Register the sink's agents on `app`; return what has to be started before they run."""
    producer = BatchProducer(settings.kafka)
    store = ClickHouseWriter(settings.clickhouse)

    def lease() -> float:
        return cast(RunConsumer, app.consumer).lease.seconds_left()

    for topic, table, read, horizon in (
        (EVENTS_CLEAN, EVENTS, read_event, settings.sink.repeat_horizon),
        # a dead letter's id is its place in the input, which the fence knows
        (EVENTS_DLQ, DEAD_LETTERS, read_dead_letter, None),
    ):
        stage = SinkStage(
            table, read, store, producer, metrics, SystemClock(), lease=lease, horizon=horizon
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

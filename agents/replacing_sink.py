"""The sink's other half: tasks, windows and alerts, whose rows replace themselves.

Their records carry no place in one input partition that a fence could compare, and need none: the
same record again is the same row with the same version, and the higher version holds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, Protocol

from agents.delivery import Run
from pipeline.errors import InputError
from pipeline.metrics import Metrics
from pipeline.storage.rows import Refusal
from pipeline.storage.tables import Table

Row = dict[str, Any]


class RowStore(Protocol):
    """What storing rows needs of ClickHouse."""

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


class Cluster(Protocol):
    """What it needs of Kafka: offsets mean something only together with their cluster."""

    async def cluster_id(self) -> str:
        """Return the id of the cluster."""


class ReplacingSinkStage:
    """Stores the records of one topic in one table, the latest of each key."""

    def __init__(
        self,
        table: Table,
        read: Callable[[bytes | None], Row | Refusal | None],
        store: RowStore,
        cluster: Cluster,
        metrics: Metrics,
    ) -> None:
        """`read` parses a value; None: there is nothing to store in it."""
        self._table = table
        self._read = read
        self._store = store
        self._cluster = cluster
        self._metrics = metrics

    async def handle(self, runs: list[Run]) -> None:
        """Store whole runs; return when ClickHouse has acknowledged their rows."""
        rows: list[Row] = []
        cluster = await self._cluster.cluster_id()
        for run in runs:
            for record in run.records:
                row = self._read(record.value)
                if isinstance(row, Refusal):
                    self._metrics.dead_letters.labels(row.reason).inc()
                elif row is not None:
                    place = f"{cluster}:{record.topic}:{record.partition}:{record.offset};"
                    row["at"] = {"place": place, "timestamp": record.timestamp}
                    rows.append(row)
        await self._insert(rows)
        self._metrics.records_in.labels(runs[0].topic).inc(sum(len(run.records) for run in runs))
        self._metrics.records_out.labels(self._table.name).inc(len(rows))

    async def _insert(self, rows: list[Row]) -> None:
        """Insert `rows`, without those that fit no column: they are found by halving."""
        if not rows:
            return
        try:
            columns = self._columns(rows)
            await self._store.insert(
                self._table.name, self._table.names, self._table.types, columns, token=_token(rows)
            )
        except InputError:
            if len(rows) == 1:
                # only our own workers may write to these topics: there is nobody to tell but us
                self._metrics.dead_letters.labels("refused_by_clickhouse").inc()
                return
            middle = len(rows) // 2
            await self._insert(rows[:middle])
            await self._insert(rows[middle:])

    def _columns(self, rows: list[Row]) -> list[list[Any]]:
        try:
            return self._table.to_columns(rows)
        except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError):
            raise InputError("a record lacks a field, or a value does not fit its column") from None


def _token(rows: list[Row]) -> str:
    """Name a batch by exactly the records in it."""
    places = "".join(row["at"]["place"] for row in rows)
    return hashlib.blake2b(places.encode(), digest_size=16).hexdigest()

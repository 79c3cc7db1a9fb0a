"""What the system is doing now: topics, consumer groups, tables, and the processes of this machine.

Each part is asked for by itself, so that one service that is away does not hide the others.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psutil

from pipeline.adapters.clickhouse import connect_async
from pipeline.adapters.kafka.admin import GroupLag, TopicState, group_lags, topic_states
from pipeline.config import ClickHouseSettings, Settings
from pipeline.errors import SluiceError
from pipeline.local.ledger import Entry, Ledger

T = TypeVar("T")

TABLES_SQL = """
SELECT name, total_rows, total_bytes FROM system.tables
WHERE database = {database:String} AND total_rows IS NOT NULL ORDER BY name
"""


@dataclass(frozen=True)
class TableState:
    """A table of ClickHouse: rows before any merge by key, and bytes on disk."""

    name: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class ProcessUse:
    """A process of the local stack; `memory_bytes` is resident, None where it does not run."""

    name: str
    state: str
    pid: int | None
    port: int
    restarts: int
    memory_bytes: int | None
    log: str


@dataclass(frozen=True)
class Snapshot:
    """All parts; `errors` says, in a line each, what did not answer."""

    processes: Sequence[ProcessUse] = ()
    topics: Sequence[TopicState] = ()
    groups: Sequence[GroupLag] = ()
    tables: Sequence[TableState] = ()
    errors: Sequence[str] = field(default_factory=list)


async def take_snapshot(settings: Settings) -> Snapshot:
    """Ask Kafka, ClickHouse and the system, and return what they say."""
    errors: list[str] = []
    topics = await _or_error(topic_states(settings.kafka), errors)
    groups = None
    if topics is not None:
        groups = await _or_error(group_lags(settings.kafka, topics), errors)
    tables = await _or_error(table_states(settings.clickhouse), errors)
    return Snapshot(
        processes=process_use(settings.local.data_dir),
        topics=topics or (),
        groups=groups or (),
        tables=tables or (),
        errors=errors,
    )


async def table_states(settings: ClickHouseSettings) -> list[TableState]:
    """Return the tables of the database that hold rows of their own, sorted by name."""
    client = await connect_async(settings, database="default", threads=1)
    try:
        rows = await client.query(TABLES_SQL, {"database": settings.database})
        return [TableState(name, total_rows, size or 0) for name, total_rows, size in rows]
    finally:
        await client.close()


def process_use(data_dir: Path) -> list[ProcessUse]:
    """Return the processes that the stack of this data directory has on record."""
    record = Ledger(data_dir.expanduser().resolve()).read()
    return [_use(entry) for entry in record.entries] if record else []


def _use(entry: Entry) -> ProcessUse:
    process = entry.identity.find() if entry.identity else None
    memory = None
    if process is not None:
        try:
            memory = process.memory_info().rss
        except psutil.Error:  # it ended just now
            process = None
    return ProcessUse(
        name=entry.name,
        state=entry.state if process is not None or entry.identity is None else "gone",
        pid=process.pid if process is not None else None,
        port=entry.port,
        restarts=entry.restarts,
        memory_bytes=memory,
        log=str(entry.log),
    )


async def _or_error(answer: Awaitable[T], errors: list[str]) -> T | None:
    try:
        return await answer
    except SluiceError as error:
        errors.append(str(error))
        return None

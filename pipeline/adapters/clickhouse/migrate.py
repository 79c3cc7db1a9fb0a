"""Apply the SQL files of `schemas/clickhouse/` to a database and record them there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipeline.adapters.clickhouse.client import Client, connect
from pipeline.adapters.clickhouse.migrations import Applied, Migration, plan, read
from pipeline.config import ClickHouseSettings
from pipeline.errors import ConfigError, PermanentError

SQL_DIR = Path(__file__).resolve().parents[3] / "schemas" / "clickhouse"
"""`schemas/` stands beside `pipeline/`, in a checkout and in the image."""

_TABLE = "schema_migrations"


@dataclass(frozen=True)
class MigrationReport:
    """What the database had, and what this run added."""

    database: str
    before: tuple[Applied, ...]
    added: tuple[Migration, ...]


def migrate(
    settings: ClickHouseSettings,
    *,
    directory: Path = SQL_DIR,
    now: Callable[[], datetime] = lambda: datetime.now(UTC),
) -> MigrationReport:
    """Bring the database of `settings` up to date; blocking, safe to run twice and at once.

    Raises `ConfigError` where files and record do not fit together (nothing is applied then), and
    what `Client` raises.
    """
    migrations = read_directory(directory, settings.database)
    client = connect(settings, database="")
    try:
        before = applied(client, settings.database)
        added = tuple(plan(migrations, before))
        for migration in added:
            _run(client, migration)
            _record(client, settings.database, migration, now())
    finally:
        client.close()
    return MigrationReport(settings.database, before, added)


def _run(client: Client, migration: Migration) -> None:
    for position, statement in enumerate(migration.statements, 1):
        try:
            client.command(statement)
        except PermanentError as error:
            raise ConfigError(
                f"{migration.label}.sql, statement {position}: {error}",
                hint="correct the file and run it again: nothing of it is recorded",
            ) from None


def read_directory(directory: Path, database: str) -> list[Migration]:
    """Read all files of a directory for a database; `ConfigError` where there are none."""
    files = sorted(directory.glob("*.sql"))
    if not files:
        raise ConfigError(f"no migrations found: {directory.name}/ must stand beside the package")
    return [read(file.name, file.read_text(encoding="utf-8"), database) for file in files]


def applied(client: Client, database: str) -> tuple[Applied, ...]:
    """Return the database's record, by number; empty before the first migration."""
    exists = client.query_value(
        "SELECT count() FROM system.tables WHERE database = {db:String} AND name = {name:String}",
        {"db": database, "name": _TABLE},
    )
    if not exists:
        return ()
    rows = client.query(
        f"SELECT number, name, checksum FROM {database}.{_TABLE} FINAL ORDER BY number"  # noqa: S608 - checked
    )
    return tuple(Applied(*row) for row in rows)


def _record(client: Client, database: str, migration: Migration, now: datetime) -> None:
    client.insert(
        f"{database}.{_TABLE}",
        ("number", "name", "checksum", "applied_at"),
        ("UInt32", "String", "String", "DateTime64(3, 'UTC')"),
        ([migration.number], [migration.name], [migration.checksum], [now]),
        token=f"{migration.label}-{migration.checksum}",
    )

"""The ClickHouse engine in this process: one data directory, its memory limits, its connections.

What was measured with chDB 4.4 (engine 26.9) and shapes this module: one process holds one data
directory; any number of connections to it run side by side, and calls into the engine release the
GIL; two threads on one connection wait for each other. A connection costs 0.3 ms to open and has
its own database, settings and query parameters. So every request gets a connection of its own,
and isolation costs nothing to maintain.
"""

from __future__ import annotations

import fcntl
import os
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from pipeline.errors import ConfigError, UnavailableError
from pipeline.local.clickhouse.access import KNOWN_NAMES, Guard
from pipeline.local.clickhouse.exceptions import ClickHouseError, from_engine
from pipeline.sql import quote

MIB = 1024 * 1024

QUERY_ID_SETTING = "log_comment"
"""The engine gives every query an id of its own; the client's id travels in this setting."""
QUERY_ID_COLUMN = f"Settings['{QUERY_ID_SETTING}']"
"""Where `system.processes` shows the client's id."""
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True)
class Limits:
    """How much memory the engine may take, in MiB; its own defaults are made for large servers."""

    server_memory_mb: int = 2048
    """Everything together: queries, merges, caches. Beyond it queries fail, the process lives."""
    query_memory_mb: int = 1024
    cache_mb: int = 64
    """Each of the caches for marks, indexes and compiled expressions."""

    def options(self) -> dict[str, int]:
        """Return the engine's names for these limits."""
        cache = self.cache_mb * MIB
        return {
            "max_server_memory_usage": self.server_memory_mb * MIB,
            "max_memory_usage": self.query_memory_mb * MIB,
            "mark_cache_size": cache,
            "index_mark_cache_size": cache,
            "primary_index_cache_size": cache,
            "compiled_expression_cache_size": cache,
            "query_condition_cache_size": cache,
            "uncompressed_cache_size": 0,
        }


class Connection:
    """One connection to the engine; for one thread at a time.

    All methods raise `ClickHouseError`, with the engine's code and message.
    """

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def query(self, sql: str | bytes, output_format: str = "TabSeparated") -> Any:
        """Run one statement to its end; return chDB's result."""
        try:
            return self._raw.query(sql, output_format)
        except RuntimeError as error:
            raise from_engine(error) from None

    def stream(self, sql: bytes, output_format: str) -> Generator[Any]:
        """Run one SELECT; yield chDB's results block by block. Closing the iterator cancels."""
        try:
            handle = self._raw.send_query(sql, output_format)
        except RuntimeError as error:
            raise from_engine(error) from None
        finished = False
        try:
            while True:
                try:
                    block = self._raw.streaming_fetch_result(handle)
                except RuntimeError as error:
                    finished = True
                    raise from_engine(error) from None
                if block is None or block.rows_read() == 0:
                    finished = True
                    return
                yield block
        finally:
            if not finished:
                with suppress(RuntimeError):
                    self._raw.streaming_cancel_query(handle)

    def close(self) -> None:
        """Close; a query that still streams is cancelled."""
        with suppress(RuntimeError):
            self._raw.close()


class Engine:
    """The engine over one data directory, from `open` to `close`."""

    def __init__(self, data_dir: Path, limits: Limits | None = None) -> None:
        self._dir = data_dir.resolve()
        self._limits = limits or Limits()
        self._lock: IO[str] | None = None
        self._keeper: Connection | None = None
        self.guard = Guard(())
        self.version = ""
        self.timezone = ""
        self.display_name = ""

    @property
    def spool_dir(self) -> Path:
        """Where results and bodies wait that should not be held in memory."""
        return self._dir / "spool"

    def open(self) -> None:
        """Take the data directory and start the engine.

        Raises `UnavailableError` if another process has the directory, `ConfigError` if it cannot
        be used.
        """
        # these mean something in the engine's connection strings and file names
        if set("?&*{}") & set(str(self._dir)):
            raise ConfigError("the path of the ClickHouse data directory contains ? & * { or }")
        try:
            self.spool_dir.mkdir(parents=True, exist_ok=True)
            self._lock = (self._dir / "sluice.lock").open("a+")
        except OSError as error:
            raise ConfigError(
                f"the ClickHouse data directory cannot be used: {error.strerror}"
            ) from None
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            raise UnavailableError(
                "another process already runs ClickHouse on this data directory",
                hint="stop it, or choose another directory with --data",
            ) from None
        for left_over in self.spool_dir.iterdir():
            left_over.unlink()
        default_uuid = self._take_default_uuid()
        self._keeper = self.connect()
        self._make_default_ordinary(self._keeper, default_uuid)
        known = self._keeper.query(KNOWN_NAMES).bytes().decode()
        self.guard = Guard(known.splitlines())
        fields = self._keeper.query("SELECT version(), timezone(), displayName()").bytes()
        self.version, self.timezone, self.display_name = fields.decode().strip().split("\t")

    def _take_default_uuid(self) -> str | None:
        """Return the UUID of the `default` of an earlier run, and let the engine forget the rest.

        An engine that was killed leaves the database's record behind. It loads the record at its
        next start, but then cannot attach the database a second time.
        """
        record = self._dir / "metadata" / "default.sql"
        try:
            found = _UUID.search(record.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        record.unlink()
        return found[0] if found else None

    def _make_default_ordinary(self, connection: Connection, uuid: str | None) -> None:
        """Replace the engine's own `default`, in which every file of the machine is a table."""
        if uuid is None:
            rows = connection.query("SELECT uuid FROM system.databases WHERE name = 'default'")
            uuid = rows.bytes().decode().strip()
        connection.query("DETACH DATABASE default")
        connection.query(f"ATTACH DATABASE default UUID '{uuid}' ENGINE = Atomic")

    def connect(self) -> Connection:
        """Open one more connection; `UnavailableError` if the engine does not start."""
        # chDB loads 300 MB of engine: only a process that runs it should pay.
        raw = import_module("chdb._chdb")

        try:
            return Connection(raw.connect(f"{self._dir}?{urlencode(self._limits.options())}"))
        except RuntimeError as error:
            raise UnavailableError(f"the ClickHouse engine does not start: {error}") from None

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Open a connection for one request and close it afterwards."""
        connection = self.connect()
        try:
            yield connection
        finally:
            connection.close()

    def kill(self, query_id: str) -> None:
        """Cancel the query that runs with this id, if it still does."""
        self._kill(f"{QUERY_ID_COLUMN} = {quote(query_id)}")

    def kill_all(self) -> None:
        """Cancel every query that runs."""
        self._kill("1")

    def _kill(self, condition: str) -> None:
        with self.connection() as connection, suppress(ClickHouseError):
            connection.query(f"KILL QUERY WHERE {condition} ASYNC")

    def close(self) -> None:
        """Stop the engine and give the data directory back."""
        if self._keeper is not None:
            self._keeper.close()
            self._keeper = None
        if self._lock is not None:
            self._lock.close()
            self._lock = None


def memory_limits(total_mb: int | None = None) -> Limits:
    """Return limits for this machine: a quarter of its memory, 1 to 4 GiB; half for one query."""
    if total_mb is None:
        total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    server = min(4096, max(1024, total_mb // 4))
    return Limits(server_memory_mb=server, query_memory_mb=server // 2)

"""Clients for ClickHouse: a blocking one, and one for asyncio over worker threads.

Threads, not clickhouse-connect's own asyncio client: what costs time in an insert is turning
columns into bytes, which would hold the event loop in either client; in a thread the loop goes on
in between, and there is one transport to test instead of two.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import math
import struct
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

import clickhouse_connect
from clickhouse_connect.driver import options

from pipeline.adapters.clickhouse import native
from pipeline.adapters.clickhouse.errors import translated
from pipeline.adapters.clickhouse.native import Packed, Same
from pipeline.config import ClickHouseSettings
from pipeline.errors import InputError

T = TypeVar("T")
BLOCK_ROWS = 4_096
PLAIN_BYTES = 4 * 1024 * 1024
"""What is sent as it is to a server on this machine; more is compressed, for memory's sake."""

# What a value that does not fit its column raises while it is serialised.
_VALUE_ERRORS = (ValueError, TypeError, AttributeError, ArithmeticError, LookupError, struct.error)


class Client:
    """A connection pool to one database. Blocking; safe to use from several threads.

    Every method raises `UnavailableError` where the same call may succeed later, `PermanentError`
    where it will not (`InputError` where a value in the rows is at fault). No message holds a
    value of a query or a row.
    """

    def __init__(self, driver: Any, *, is_near: bool = False) -> None:
        """`is_near`: the server is on this machine, where compressing takes longer than sending."""
        self._driver = driver
        self._is_near = is_near

    @property
    def server_version(self) -> str:
        """The server's version, such as 26.9.2.1."""
        return str(self._driver.server_version)

    def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a statement that returns nothing, such as DDL."""
        with translated("statement"):
            self._driver.command(sql, parameters=_dict(parameters), settings=_dict(settings))

    def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query. Values go in as `{name:Type}` and `parameters`."""
        with translated("query"):
            result = self._driver.query(sql, parameters=_dict(parameters), settings=_dict(settings))
            return [tuple(row) for row in result.result_rows]

    def query_dicts(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows of a query, each as a dictionary by column name."""
        with translated("query"):
            result = self._driver.query(sql, parameters=_dict(parameters), settings=_dict(settings))
            return list(result.named_results())

    def query_value(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row; None where there are no rows."""
        rows = self.query(sql, parameters)
        return rows[0][0] if rows else None

    def insert(
        self,
        table: str,
        column_names: Sequence[str],
        column_type_names: Sequence[str],
        columns: Sequence[Sequence[Any]],
        *,
        token: str,
    ) -> int:
        """Insert columns of equal length at once; return the rows sent.

        `token` is the insert's deduplication token and not optional: clickhouse-connect repeats
        an INSERT by itself when the connection closes or the server is busy, and only a table with
        a deduplication window that has seen the token keeps such a repeat from counting twice.
        Same token: same rows, in the same order. Up to a million rows are atomic.

        Types are named, not asked of the server, so an insert is one request. Cheapest per value:
        integers of microseconds for DateTime64(6), `bytes` for long strings.
        """
        if not columns or not columns[0]:
            return 0
        # in blocks, so that a large insert is never in memory as a whole before it is compressed
        blocks: Iterable[Packed] = (
            self.pack(
                column_names,
                column_type_names,
                [column[first : first + BLOCK_ROWS] for column in columns],
            )
            for first in range(0, len(columns[0]), BLOCK_ROWS)
        )
        if len(columns[0]) <= BLOCK_ROWS:
            blocks = list(blocks)
        self.insert_packed(table, column_names, blocks, token=token)
        return len(columns[0])

    @staticmethod
    def pack(
        column_names: Sequence[str],
        column_type_names: Sequence[str],
        columns: Sequence[Sequence[Any]],
    ) -> Packed:
        """Write columns of equal length as `insert_packed` takes them; nothing is sent."""
        try:
            return native.pack(column_names, column_type_names, columns)
        except _VALUE_ERRORS as error:
            raise InputError(f"a value does not fit its column ({type(error).__name__})") from None

    def insert_packed(
        self,
        table: str,
        column_names: Sequence[str],
        blocks: Iterable[Packed],
        same: Sequence[Same] = (),
        *,
        token: str,
    ) -> None:
        """Insert blocks that `pack` made, all of the same columns, with the columns `same` added.

        `column_names` are all of them, in any order; a block says itself which comes when. As
        `insert` in all else. What was packed holds no objects: a caller that packs some hundred
        rows at a time needs the memory of a parsed row for no longer.
        """
        settings = {
            "insert_deduplication_token": token,
            "insert_deduplicate": "1",
            # servers since 26.2 gather small inserts by default; a batch here is large enough, and
            # must be in the table when it is answered
            "async_insert": "0",
            "wait_end_of_query": "1",
            # months are partitions, and an agent's clock may say any: beyond a hundred of them the
            # server would refuse the batch, with an error that else is worth a retry
            "max_partitions_per_insert_block": "0",
        }
        # how large blocks are that are still to be made, nobody knows
        known = sum(len(each.written) for each in blocks) if isinstance(blocks, list) else None
        compressed = not self._is_near or known is None or known > PLAIN_BYTES
        body = native.body(blocks, same, compressed=compressed)
        compression = "lz4" if compressed else None
        with translated(f"insert into {table}"):
            self._driver.raw_insert(
                table, list(column_names), body, settings, fmt="Native", compression=compression
            )

    def close(self) -> None:
        """Close the pool's connections."""
        self._driver.close()


class AsyncClient:
    """A `Client` for asyncio: the same methods, each run in one of a few threads.

    A call that is cancelled goes on in its thread: whoever cancels an insert must treat it as one
    whose outcome is unknown, and repeat it with the same token.
    """

    def __init__(self, client: Client, threads: int) -> None:
        self._client = client
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="clickhouse")

    async def command(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        """Run a statement that returns nothing, such as DDL."""
        await self._run(partial(self._client.command, sql, parameters, settings))

    async def query(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> list[tuple[Any, ...]]:
        """Return the rows of a query. Values go in as `{name:Type}` and `parameters`."""
        return await self._run(partial(self._client.query, sql, parameters, settings))

    async def query_dicts(
        self,
        sql: str,
        parameters: Mapping[str, Any] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> list[dict[str, Any]]:
        """Return the rows of a query, each as a dictionary by column name."""
        return await self._run(partial(self._client.query_dicts, sql, parameters, settings))

    async def query_value(self, sql: str, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row; None where there are no rows."""
        return await self._run(partial(self._client.query_value, sql, parameters))

    async def insert(
        self,
        table: str,
        column_names: Sequence[str],
        column_type_names: Sequence[str],
        columns: Sequence[Sequence[Any]],
        *,
        token: str,
    ) -> int:
        """Insert columns as one block, once however often it is repeated; see `Client.insert`."""
        return await self._run(
            partial(
                self._client.insert, table, column_names, column_type_names, columns, token=token
            )
        )

    pack = staticmethod(Client.pack)

    async def insert_packed(
        self,
        table: str,
        column_names: Sequence[str],
        blocks: Sequence[Packed],
        same: Sequence[Same] = (),
        *,
        token: str,
    ) -> None:
        """Insert packed blocks, once however often it is repeated; see `Client.insert_packed`."""
        await self._run(
            partial(self._client.insert_packed, table, column_names, blocks, same, token=token)
        )

    async def close(self) -> None:
        """Wait for the calls that run, then close the pool's connections."""
        await asyncio.to_thread(self._threads.shutdown)
        self._client.close()

    async def _run(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def connect(settings: ClickHouseSettings, *, database: str | None = None) -> Client:
    """Connect and learn the server's version and settings; blocking.

    `database` overrides the one in settings, which does not exist before the first migration;
    empty for the user's default.
    """
    _tame_driver()
    with translated(f"connect to {settings.host}:{settings.port}"):
        return Client(
            clickhouse_connect.get_client(
                host=settings.host,
                port=settings.port,
                username=settings.username,
                password=settings.password.get_secret_value(),
                database=settings.database if database is None else database,
                interface="https" if settings.secure else "http",
                verify=settings.verify,
                ca_cert=str(settings.ca_cert) if settings.ca_cert else None,
                # whole seconds is all it takes
                connect_timeout=math.ceil(settings.connect_timeout_seconds),
                send_receive_timeout=math.ceil(settings.send_receive_timeout_seconds),
                compress="lz4",
                # a session serves one request at a time, and nothing here needs one
                autogenerate_session_id=False,
                dedicated_pool=True,
            ),
            is_near=_is_near(settings.host),
        )


async def connect_async(
    settings: ClickHouseSettings, *, database: str | None = None, threads: int = 4
) -> AsyncClient:
    """Connect without blocking the event loop; `threads` calls run at once."""
    client = await asyncio.to_thread(connect, settings, database=database)
    return AsyncClient(client, threads)


def _is_near(host: str) -> bool:
    """Tell whether `host` is this machine by its name or number; nothing is asked for it."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _tame_driver() -> None:
    """Keep clickhouse-connect from logging data and from loading what is not used here."""
    # It logs what could not be serialised, value and all, and every retry with its URL.
    logging.getLogger("clickhouse_connect").setLevel(logging.CRITICAL)
    # Its first insert imports pandas, NumPy and PyArrow where they are installed (chDB needs
    # them), only to ask whether the data are theirs: 1.6 s and 90 MB in every worker. None is its
    # own word for "not installed".
    for unused in ("pd", "np", "arrow", "pl"):
        vars(options).setdefault(unused, None)


def _dict(values: Mapping[str, Any] | None) -> dict[str, Any] | None:
    return dict(values) if values is not None else None

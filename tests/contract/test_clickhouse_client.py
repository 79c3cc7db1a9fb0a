"""clickhouse-connect, and our adapter over it, against every server."""

from __future__ import annotations

import asyncio
import gc
import http.server
import logging
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import clickhouse_connect
import pytest
from clickhouse_connect.driver.exceptions import DatabaseError, StreamFailureError

from pipeline.adapters.clickhouse import AsyncClient, Client, connect, connect_async
from pipeline.config import ClickHouseSettings
from pipeline.errors import ConfigError, InputError, PermanentError, UnavailableError
from tests.contract.clickhouse_server import Endpoint
from tests.services import free_ports

SECRET = "alice.liddell@example.org"

NAMES = ("id", "at", "name", "tags", "cost", "text", "maybe", "kind")
TYPES = (
    "UInt32",
    "DateTime64(6, 'UTC')",
    "LowCardinality(String)",
    "Map(LowCardinality(String), UInt32)",
    "Decimal(18, 9)",
    "String",
    "Nullable(Float64)",
    "Bool",
)
ROW = (
    7,
    datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC),
    "n",
    {"EMAIL_ADDRESS": 2},
    Decimal("0.000000001"),
    "é",
    None,
    True,
)


@pytest.fixture
def driver(endpoint: Endpoint, database: str) -> Iterator[Any]:
    client = clickhouse_connect.get_client(
        host=endpoint.host,
        port=endpoint.port,
        username=endpoint.user,
        password=endpoint.password,
        secure=endpoint.secure,
        database=database,
    )
    yield client
    client.close()


@pytest.fixture
def client(endpoint: Endpoint, database: str) -> Iterator[Client]:
    connected = connect(endpoint.settings(database))
    yield connected
    connected.close()


@pytest.fixture
def table(endpoint: Endpoint, database: str) -> str:
    columns = ", ".join(f"{name} {kind}" for name, kind in zip(NAMES, TYPES, strict=True))
    endpoint.post(
        f"CREATE TABLE {database}.rows ({columns}, CONSTRAINT positive CHECK id > 0) "
        "ENGINE = MergeTree ORDER BY id SETTINGS non_replicated_deduplication_window = 100"
    )
    return f"{database}.rows"


def columns_of(*rows: tuple[Any, ...]) -> list[list[Any]]:
    return [list(column) for column in zip(*rows, strict=True)]


class TestClickHouseConnect:
    """The client as its users know it."""

    def test_queries_take_parameters_and_settings(self, driver: Any) -> None:
        result = driver.query(
            "SELECT {a:String} AS a, {b:Array(UInt8)} AS b, getSetting('max_block_size') AS c",
            parameters={"a": "it's\n\t\\x", "b": [1, 2]},
            settings={"max_block_size": 77},
        )
        assert result.column_names == ("a", "b", "c")
        assert result.result_rows == [("it's\n\t\\x", [1, 2], 77)]
        assert result.summary["read_rows"] == "1"

    def test_many_blocks_and_none(self, driver: Any) -> None:
        assert driver.query("SELECT number FROM numbers(300000)").row_count == 300_000
        assert driver.query("SELECT number FROM numbers(0)").result_rows == []
        assert driver.query("SELECT number FROM numbers(5) LIMIT 0").column_names == ("number",)

    def test_rows_can_be_streamed_and_left(self, driver: Any) -> None:
        with driver.query_row_block_stream("SELECT number FROM numbers(500000)") as blocks:
            assert sum(len(block) for block in blocks) == 500_000
        with driver.query_row_block_stream("SELECT number FROM numbers(50000000)") as blocks:
            assert len(next(iter(blocks))) > 0
        assert driver.command("SELECT 1") == 1

    def test_commands_and_raw_queries(self, driver: Any) -> None:
        driver.command("CREATE TABLE c (a UInt8) ENGINE = Memory")
        assert driver.command("SELECT 'a', 'b'") == ["a", "b"]
        assert driver.raw_query("SELECT 1 AS a", fmt="CSVWithNames") == b'"a"\n1\n'
        assert driver.command("SHOW TABLES") == "c"

    @pytest.mark.parametrize("compress", [False, "lz4", "zstd", "gzip"])
    def test_inserts_by_row_column_and_raw(
        self, endpoint: Endpoint, driver: Any, table: str, compress: bool | str
    ) -> None:
        client = clickhouse_connect.get_client(
            host=endpoint.host,
            port=endpoint.port,
            username=endpoint.user,
            password=endpoint.password,
            secure=endpoint.secure,
            compress=compress,
        )
        client.insert(table, [ROW, ROW], column_names=NAMES)
        client.insert(table, columns_of(ROW), column_names=NAMES, column_oriented=True)
        client.raw_insert(table, ["id", "text"], b"9,x\n", fmt="CSV")
        rows = driver.query(f"SELECT * EXCEPT at FROM {table} WHERE id = 7").result_rows
        assert rows == [(ROW[0], *ROW[2:])] * 3
        assert driver.command(f"SELECT count() FROM {table}") == 4
        client.close()

    def test_errors_carry_code_and_name(self, driver: Any) -> None:
        with pytest.raises(DatabaseError) as raised:
            driver.query("SELECT * FROM no_such_table")
        assert (raised.value.code, raised.value.name) == (60, "UNKNOWN_TABLE")

    def test_an_error_after_many_rows_is_raised(self, driver: Any) -> None:
        sql = "SELECT number, throwIf(number = 3000000) FROM numbers(4000000)"
        with pytest.raises(DatabaseError) as raised:
            driver.query(sql)
        assert raised.value.code == 395
        with driver.query_row_block_stream(sql) as blocks:
            rows = (len(block) for block in blocks)
            with pytest.raises(StreamFailureError, match="395"):
                sum(rows)


class TestClient:
    """Our adapter."""

    def test_rows_come_back_as_they_went_in(self, client: Client, table: str) -> None:
        assert client.insert(table, NAMES, TYPES, columns_of(ROW), token="t") == 1
        (row,) = client.query_dicts(f"SELECT * FROM {table}")
        assert row["at"].replace(tzinfo=UTC) == ROW[1]
        assert {name: row[name] for name in NAMES if name != "at"} == {
            name: value for name, value in zip(NAMES, ROW, strict=True) if name != "at"
        }

    @pytest.mark.parametrize("is_near", [False, True])
    def test_a_server_elsewhere_gets_them_compressed(
        self, client: Client, table: str, is_near: bool
    ) -> None:
        rows = [(number, *ROW[1:]) for number in range(1, 10_001)]
        packed = Client.pack(NAMES, TYPES, columns_of(*rows))
        Client(client._driver, is_near=is_near).insert_packed(table, NAMES, [packed], token="a")
        assert client.query_value(f"SELECT sum(id) FROM {table}") == sum(range(10_001))

    def test_cheap_representations_give_the_same_row(self, client: Client, table: str) -> None:
        microseconds = int(ROW[1].timestamp()) * 1_000_000 + ROW[1].microsecond
        cheap = (ROW[0], microseconds, ROW[2], ROW[3], ROW[4], "é".encode(), *ROW[6:])
        client.insert(table, NAMES, TYPES, columns_of(ROW), token="dear")
        client.insert(table, NAMES, TYPES, columns_of(cheap), token="cheap")
        assert len(client.query(f"SELECT DISTINCT * FROM {table}")) == 1
        assert client.query_value(f"SELECT count() FROM {table}") == 2

    def test_a_token_counts_once(self, client: Client, table: str) -> None:
        for _ in range(3):
            client.insert(table, NAMES, TYPES, columns_of(ROW), token="same")
        assert client.query_value(f"SELECT count() FROM {table}") == 1

    def test_columns_die_with_their_insert(self, client: Client, table: str) -> None:
        """clickhouse-connect's context refers to itself, so the sink grew by all it inserted."""

        class Texts(list[str]):
            """A column that can be watched."""

        texts = Texts(["x"])
        watched = weakref.ref(texts)
        gc.disable()
        try:
            client.insert(table, ["id", "text"], ["UInt32", "String"], [[1], texts], token="t")
            del texts
            assert watched() is None
        finally:
            gc.enable()

    def test_no_rows_are_no_request(self, client: Client) -> None:
        assert client.insert("no_such_table", ["a"], ["UInt8"], [[]], token="t") == 0

    def test_parameters_are_values_and_not_sql(self, client: Client) -> None:
        hostile = "'; DROP TABLE x; --"
        assert client.query("SELECT {a:String}", {"a": hostile}) == [(hostile,)]
        assert client.query_value("SELECT {a:String} WHERE 0", {"a": hostile}) is None

    @pytest.mark.parametrize(
        ("sql", "kind"),
        [
            ("SELECT * FROM no_such_table", PermanentError),
            (f"SELECT toUInt8('{SECRET}')", PermanentError),
            (f"SELECT '{SECRET}", PermanentError),
            ("SELECT groupArray(number) FROM numbers(10000000)", UnavailableError),
        ],
    )
    def test_errors_say_what_may_be_tried_again_and_hold_no_data(
        self, client: Client, sql: str, kind: type[Exception]
    ) -> None:
        with pytest.raises(kind) as raised:
            client.query(sql, settings={"max_memory_usage": 50_000_000})
        assert "code " in str(raised.value)
        assert SECRET not in str(raised.value)
        assert raised.value.__cause__ is None
        assert raised.value.__suppress_context__

    @pytest.mark.parametrize("wrong", [SECRET, object(), -1, 2**40, None])
    def test_a_value_that_does_not_fit_is_the_inputs_fault(
        self, client: Client, table: str, wrong: object, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        with pytest.raises(InputError) as raised:
            client.insert(table, ["id"], ["UInt32"], [[1, wrong]], token="t")
        assert SECRET not in str(raised.value)
        assert SECRET not in caplog.text
        assert client.query_value(f"SELECT count() FROM {table}") == 0

    def test_a_row_that_breaks_a_constraint_is_the_inputs_fault(
        self, client: Client, table: str
    ) -> None:
        with pytest.raises(InputError):
            client.insert(table, ["id"], ["UInt32"], [[1, 0]], token="t")
        assert client.query_value(f"SELECT count() FROM {table}") == 0

    def test_a_wrong_password_is_a_configuration_error(self, endpoint: Endpoint) -> None:
        wrong = endpoint.settings().model_copy(update={"username": "nobody"})
        with pytest.raises(ConfigError, match=r"516.*") as raised:
            connect(wrong)
        assert "clickhouse.password" in raised.value.hint

    def test_a_missing_database_says_what_to_do(self, endpoint: Endpoint) -> None:
        with pytest.raises(PermanentError) as raised:
            connect(endpoint.settings("no_such_database"))
        assert "sluice migrate" in raised.value.hint


class TestUnavailable:
    """What is not ClickHouse's answer at all."""

    def test_nobody_listens(self) -> None:
        with pytest.raises(UnavailableError):
            connect(ClickHouseSettings(port=free_ports(1)[0]))

    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (500, UnavailableError),
            (503, UnavailableError),
            (429, UnavailableError),
            (404, PermanentError),
        ],
    )
    def test_something_else_answers(self, status: int, kind: type[Exception]) -> None:
        with answering(status) as port, pytest.raises(kind) as raised:
            connect(ClickHouseSettings(port=port))
        assert f"HTTP {status}" in str(raised.value)


class TestAsyncClient:
    async def test_calls_run_side_by_side(self, endpoint: Endpoint) -> None:
        client = await connect_async(endpoint.settings(), threads=4)
        try:
            slow = [client.query("SELECT sleep(0.3)") for _ in range(4)]
            started = asyncio.get_running_loop().time()
            await asyncio.gather(*slow)
            assert asyncio.get_running_loop().time() - started < 1.1
        finally:
            await client.close()

    async def test_the_loop_goes_on_during_a_call(self, endpoint: Endpoint) -> None:
        client: AsyncClient = await connect_async(endpoint.settings())
        try:
            call = asyncio.create_task(client.query("SELECT sleep(0.3)"))
            turns = 0
            while not call.done():
                await asyncio.sleep(0.01)
                turns += 1
            assert turns > 5
        finally:
            await client.close()

    async def test_the_methods_are_those_of_the_client(
        self, endpoint: Endpoint, database: str, table: str
    ) -> None:
        client = await connect_async(endpoint.settings(database))
        try:
            assert await client.insert(table, NAMES, TYPES, columns_of(ROW), token="t") == 1
            assert await client.query_value(f"SELECT count() FROM {table}") == 1
            assert await client.query_dicts("SELECT 1 AS a") == [{"a": 1}]
            await client.command(f"TRUNCATE TABLE {table}")
            assert await client.query(f"SELECT count() FROM {table}") == [(0,)]
        finally:
            await client.close()


@contextmanager
def answering(status: int) -> Iterator[int]:
    """A server on loopback that gives every request the same status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", "0")))
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""ClickHouse's HTTP interface: routes, parameters, formats, errors. Any server passes this."""

from __future__ import annotations

import gzip
import json
import zlib
from uuid import uuid4

import lz4.frame
import pytest
import zstandard

from pipeline.local.clickhouse.blocks import BlockEncoder, decode_blocks
from tests.contract.clickhouse_server import Endpoint

BLOCKS = "SELECT number, toString(number) AS text FROM numbers(200000)"


@pytest.mark.parametrize("path", ["/", "/ping", "/replicas_status"])
def test_health_routes_need_no_user(endpoint: Endpoint, path: str) -> None:
    answer = endpoint.request("GET", path, authenticate=False)
    assert (answer.status, answer.text) == (200, "Ok.\n")


def test_an_unknown_path_is_not_found(endpoint: Endpoint) -> None:
    answer = endpoint.get("/nothing/here")
    assert answer.status == 404
    assert "/ping" in answer.text


@pytest.mark.parametrize("where", ["url", "body", "both"])
def test_a_query_may_stand_in_url_body_or_both(endpoint: Endpoint, where: str) -> None:
    answers = {
        "url": lambda: endpoint.get(query="SELECT 1 + 1"),
        "body": lambda: endpoint.post("SELECT 1 + 1"),
        "both": lambda: endpoint.post("+ 1", query="SELECT 1"),
    }
    assert answers[where]().text == "2\n"


def test_an_answer_says_what_it_is(endpoint: Endpoint) -> None:
    query_id = str(uuid4())
    answer = endpoint.post("SELECT number FROM numbers(3) FORMAT JSONEachRow", query_id=query_id)
    assert answer.headers["X-ClickHouse-Query-Id"] == query_id
    assert answer.headers["X-ClickHouse-Format"] == "JSONEachRow"
    assert answer.headers["X-ClickHouse-Timezone"]
    assert answer.headers["X-ClickHouse-Server-Display-Name"]
    assert answer.headers["Content-Type"].startswith("application/x-ndjson")
    summary = json.loads(answer.headers["X-ClickHouse-Summary"])
    assert summary["read_rows"] == "3"


def test_the_format_comes_from_statement_then_parameter_then_default(endpoint: Endpoint) -> None:
    assert endpoint.post("SELECT 1 AS a").text == "1\n"
    assert endpoint.post("SELECT 1 AS a", default_format="CSVWithNames").text == '"a"\n1\n'
    in_statement = endpoint.post("SELECT 1 AS a FORMAT TSVWithNames", default_format="CSV")
    assert in_statement.text == "a\n1\n"
    header = endpoint.request(
        "POST", "/", body="SELECT 1 AS a", headers={"X-ClickHouse-Format": "JSONEachRow"}
    )
    assert header.text == '{"a":1}\n'


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT 'FORMAT x' AS a -- FORMAT Null",
        "SELECT 'FORMAT x' AS a /* ; */ ;",
        "SELECT 'FORMAT x' AS a FORMAT TSV;",
        "SELECT 'FORMAT x' AS a FORMAT TSV SETTINGS max_threads = 1",
        "SELECT 'FORMAT x' AS a SETTINGS max_threads = 1 FORMAT TSV",
        "(SELECT 'FORMAT x' AS a)",
        "WITH 'FORMAT x' AS a SELECT a",
    ],
)
def test_the_format_clause_is_found_where_sql_has_it(endpoint: Endpoint, statement: str) -> None:
    assert endpoint.post(statement).text == "FORMAT x\n"


@pytest.mark.parametrize("name", ["JSON", "JSONCompact", "XML", "CSVWithNames", "Parquet", "Arrow"])
def test_a_document_over_many_blocks_is_one_document(endpoint: Endpoint, name: str) -> None:
    answer = endpoint.post(f"{BLOCKS} FORMAT {name}")
    if name.startswith("JSON"):
        assert json.loads(answer.body)["rows"] == 200_000
    elif name == "XML":
        assert answer.body.count(b"<?xml") == answer.body.count(b"</result>") == 1
    elif name == "CSVWithNames":
        lines = answer.text.splitlines()
        assert lines[0] == '"number","text"'
        assert lines[1:] == [f'{number},"{number}"' for number in range(200_000)]
    else:
        mark = {"Parquet": b"PAR1", "Arrow": b"ARROW1"}[name]
        assert answer.body.startswith(mark)
        assert answer.body.endswith(mark)


def test_an_empty_result_still_has_its_names(endpoint: Endpoint) -> None:
    nothing = "SELECT number FROM numbers(0)"
    assert endpoint.post(f"{nothing} FORMAT CSVWithNames").text == '"number"\n'
    assert json.loads(endpoint.post(f"{nothing} FORMAT JSON").body)["data"] == []
    assert endpoint.post(f"{nothing} FORMAT JSONEachRow").body == b""


def test_many_blocks_of_rows_arrive_in_full(endpoint: Endpoint) -> None:
    lines = endpoint.post(f"{BLOCKS} ORDER BY number FORMAT JSONEachRow").text.splitlines()
    assert len(lines) == 200_000
    assert json.loads(lines[-1]) == {"number": 199_999, "text": "199999"}


def test_parameters_carry_values_of_any_type(endpoint: Endpoint) -> None:
    answer = endpoint.post(
        "SELECT {word:String}, length({word:String}), {list:Array(UInt8)}, {n:Nullable(Int8)}, "
        "{name:Identifier} FROM (SELECT 7 AS seven)",
        param_word="it's a\\ttab",
        param_list="[1,2]",
        param_n="\\N",
        param_name="seven",
    )
    assert answer.text == "it\\'s a\\ttab\t10\t[1,2]\t\\N\t7\n"


def test_settings_hold_for_one_request(endpoint: Endpoint) -> None:
    shown = "SELECT getSetting('max_block_size')"
    assert endpoint.post(shown, max_block_size="123").text == "123\n"
    assert endpoint.post(shown).text != "123\n"


def test_the_database_is_chosen_by_parameter_or_header(endpoint: Endpoint) -> None:
    shown = "SELECT currentDatabase()"
    assert endpoint.post(shown, database="system").text == "system\n"
    header = endpoint.request("POST", "/", body=shown, headers={"X-ClickHouse-Database": "system"})
    assert header.text == "system\n"


def test_a_form_may_carry_query_and_parameters(endpoint: Endpoint) -> None:
    fields = {"query": "SELECT {a:UInt8} + {b:UInt8}", "param_a": "40", "param_b": "2"}
    parts = "".join(
        f'--cut\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    answer = endpoint.request(
        "POST",
        "/",
        body=f"{parts}--cut--\r\n",
        headers={"Content-Type": "multipart/form-data; boundary=cut"},
    )
    assert answer.text == "42\n"


def test_a_form_may_carry_a_table(endpoint: Endpoint) -> None:
    part = (
        '--cut\r\nContent-Disposition: form-data; name="given"; filename="f"\r\n\r\n1,a\n2,b\n\r\n'
    )
    answer = endpoint.request(
        "POST",
        "/",
        body=f"{part}--cut--\r\n",
        parameters={
            "query": "SELECT sum(n), max(s) FROM given",
            "given_structure": "n UInt8, s String",
            "given_format": "CSV",
        },
        headers={"Content-Type": "multipart/form-data; boundary=cut"},
    )
    assert answer.text == "3\tb\n"


@pytest.mark.parametrize(
    ("sql", "status", "code"),
    [
        ("SELECT * FROM no_such_table", 404, 60),
        ("SELECT no_such_column", 404, 47),
        ("SELECT * FROM no_such_database.t", 404, 81),
        ("SELECT 1 FORMAT NoSuchFormat", 404, 73),
        ("SELECT 1 FROM", 400, 62),
        ("", 400, 62),
        ("SELECT 1; SELECT 2", 400, 62),
        ("SELECT toUInt8('x')", 400, 6),
        ("SELECT throwIf(1)", 500, 395),
    ],
)
def test_an_exception_has_code_status_and_text(
    endpoint: Endpoint, sql: str, status: int, code: int
) -> None:
    answer = endpoint.post(sql)
    assert (answer.status, answer.code) == (status, code)
    assert answer.text.startswith(f"Code: {code}. DB::Exception: ")
    assert "(version " in answer.text
    assert answer.text.endswith("\n")


def test_unknown_settings_and_missing_parameters_are_errors(endpoint: Endpoint) -> None:
    assert endpoint.post("SELECT 1", no_such_setting="1").code == 115
    assert endpoint.post("SELECT {a:UInt8}").code == 456
    assert endpoint.post("SELECT {a:UInt8}", param_a="x").code == 457


def test_an_exception_after_the_first_rows_is_not_lost(endpoint: Endpoint) -> None:
    """The answer has begun with 200, so its tail must tell, marked with the announced tag."""
    answer = endpoint.post("SELECT throwIf(number = 3000000) FROM numbers(4000000)")
    assert not answer.complete
    tag = answer.headers["X-ClickHouse-Exception-Tag"]
    tail = answer.body[-2048:].decode()
    assert f"__exception__\r\n{tag}\r\nCode: 395. DB::Exception" in tail
    assert tail.endswith(f" {tag}\r\n__exception__\r\n")


def test_get_may_only_read(endpoint: Endpoint, database: str) -> None:
    answer = endpoint.get(query=f"CREATE TABLE {database}.t (a Int8) ENGINE = Memory")
    assert answer.code == 164
    assert endpoint.get(query="SELECT 1", readonly="1").text == "1\n"
    denied = endpoint.post(f"CREATE TABLE {database}.t (a Int8) ENGINE = Memory", readonly="1")
    assert denied.code == 164


@pytest.mark.parametrize("name", ["gzip", "zstd", "lz4", "deflate"])
@pytest.mark.parametrize("rows", [3, 200_000])
def test_answers_are_compressed_as_asked(endpoint: Endpoint, name: str, rows: int) -> None:
    answer = endpoint.request(
        "POST",
        "/",
        body=f"SELECT number FROM numbers({rows}) ORDER BY number FORMAT TSV",
        parameters={"enable_http_compression": "1"},
        headers={"Accept-Encoding": name},
    )
    assert answer.headers["Content-Encoding"] == name
    decompress = {
        "gzip": gzip.decompress,
        "zstd": lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data),
        "lz4": lz4.frame.decompress,
        "deflate": zlib.decompress,
    }[name]
    assert decompress(answer.body) == "".join(f"{n}\n" for n in range(rows)).encode()


def test_answers_are_plain_unless_compression_is_enabled(endpoint: Endpoint) -> None:
    answer = endpoint.request("POST", "/", body="SELECT 1", headers={"Accept-Encoding": "gzip"})
    assert "Content-Encoding" not in answer.headers
    assert answer.body == b"1\n"


def test_a_wrong_user_is_refused(endpoint: Endpoint) -> None:
    for headers in (
        {"X-ClickHouse-User": "nobody", "X-ClickHouse-Key": "x"},
        {"Authorization": "Basic bm9ib2R5Ong="},
    ):
        answer = endpoint.request("POST", "/", body="SELECT 1", headers=headers, authenticate=False)
        assert answer.code == 516
        assert answer.status in (401, 403)


def test_statements_that_return_nothing_return_nothing(endpoint: Endpoint, database: str) -> None:
    for sql in (
        "CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a",
        "INSERT INTO t SELECT number FROM numbers(10)",
        "OPTIMIZE TABLE t FINAL",
        "ALTER TABLE t ADD COLUMN b String",
        "SET max_threads = 1",
        "USE system",
        "DROP TABLE t",
    ):
        answer = endpoint.post(sql, database=database)
        assert (answer.status, answer.body) == (200, b""), sql


def test_insert_select_reports_what_it_wrote(endpoint: Endpoint, database: str) -> None:
    endpoint.post("CREATE TABLE t (a UInt32) ENGINE = MergeTree ORDER BY a", database=database)
    answer = endpoint.post("INSERT INTO t SELECT number FROM numbers(10)", database=database)
    assert json.loads(answer.headers["X-ClickHouse-Summary"])["written_rows"] == "10"


@pytest.mark.parametrize(
    "sql", ["SHOW TABLES FROM system LIKE 'one'", "EXISTS TABLE system.one", "EXPLAIN SELECT 1"]
)
def test_statements_about_the_schema_answer_in_any_format(endpoint: Endpoint, sql: str) -> None:
    assert endpoint.post(sql).text.strip()
    assert json.loads(endpoint.post(f"{sql} FORMAT JSON").body)["rows"] >= 1


COLUMNS = [
    "number",
    "toString(number)",
    "toFixedString('abc', 3)",
    "number % 2 = 0",
    "toNullable(if(number % 3 = 0, NULL, toString(number)))",
    "toLowCardinality(toString(number % 10))",
    "toLowCardinality(if(number % 3 = 0, NULL, toString(number % 300))::Nullable(String))",
    "arrayMap(n -> toString(n), range(number % 5))",
    "arrayMap(n -> toLowCardinality(toString(n)), range(number % 3))",
    "map('k', number, 'l', number)",
    "map(toLowCardinality('k'), [number], 'l', [])",
    "(number, 'x', [number])",
    "CAST((number, 'x'), 'Tuple(id UInt64, `a b` LowCardinality(String))')",
    "toDecimal32(number % 9, 2)",
    "toDecimal128(number, 9)",
    "toDateTime64(number, 6, 'Europe/Berlin')",
    "toDate('2026-01-01') + number % 9",
    "toUUID('12345678-1234-5678-1234-567812345678')",
    "toIPv6('::1')",
    "CAST('b, (', 'Enum8(\\'a\\' = 1, \\'b, (\\' = 2)')",
    "toIntervalDay(number)",
    "(1., 2.)::Point",
    "[[(1., 2.)]]::Polygon",
    "NULL",
    "[NULL]",
]


@pytest.mark.parametrize("column", [*COLUMNS, ", ".join(COLUMNS)])
def test_native_blocks_for_a_protocol_version(endpoint: Endpoint, column: str) -> None:
    """They are the plain blocks with 8 bytes before each, and a zero behind each column's type."""
    sql = f"SELECT {column} FROM (SELECT number FROM numbers(1000) ORDER BY number) FORMAT Native"
    settings = {"max_threads": "1"}
    plain = endpoint.post(sql, **settings).body
    blocks = endpoint.post(sql, client_protocol_version="54460", **settings).body
    columns = plain[0]
    info = b"\x01\x00\x02\xff\xff\xff\xff\x00"
    assert blocks.startswith(info + plain[:1])
    assert blocks.count(info) == 1
    assert len(blocks) - len(plain) == len(info) + columns


@pytest.mark.parametrize("rows", [3, 300_000])
def test_answers_in_clickhouses_own_compressed_blocks(endpoint: Endpoint, rows: int) -> None:
    sql = f"SELECT number FROM numbers({rows}) ORDER BY number FORMAT TSV"
    answer = endpoint.post(sql, compress="1")
    content = b"".join(decode_blocks(iter([answer.body])))
    assert content == "".join(f"{n}\n" for n in range(rows)).encode()


def test_bodies_in_clickhouses_own_compressed_blocks(endpoint: Endpoint, database: str) -> None:
    endpoint.post(f"CREATE TABLE {database}.t (n UInt32) ENGINE = MergeTree ORDER BY n")
    encoder = BlockEncoder()
    body = encoder.compress("".join(f"{n}\n" for n in range(500_000)).encode()) + encoder.flush()
    query = f"INSERT INTO {database}.t FORMAT TSV"
    answer = endpoint.post(body, query=query, decompress="1", async_insert="0")
    assert answer.status == 200, answer.text
    assert endpoint.post(f"SELECT count() FROM {database}.t").text == "500000\n"
    damaged = body[:-1] + bytes([body[-1] ^ 1])
    assert endpoint.post(damaged, query=query, decompress="1", async_insert="0").code == 40
    assert endpoint.post(f"SELECT count() FROM {database}.t").text == "500000\n"

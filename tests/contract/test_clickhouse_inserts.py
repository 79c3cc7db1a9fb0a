"""Inserts over HTTP: every way to hand data over, whole or not at all, once per token."""

from __future__ import annotations

import gzip
import socket
import threading
import zlib
from collections.abc import Iterator
from urllib.parse import urlencode

import lz4.frame
import pytest
import zstandard

from tests.contract.clickhouse_server import Endpoint

ROWS = 50_000
ALL_ROWS = f"SELECT toUInt32(number) AS n, concat('é-', toString(number)) AS s FROM numbers({ROWS})"
CHECKSUM = "SELECT count(), sum(n), sum(cityHash64(s)) FROM"


@pytest.fixture
def table(endpoint: Endpoint, database: str) -> str:
    name = f"{database}.t"
    answer = endpoint.post(
        f"CREATE TABLE {name} (n UInt32, s String) ENGINE = MergeTree ORDER BY n "
        "SETTINGS non_replicated_deduplication_window = 100"
    )
    assert answer.status == 200, answer.text
    return name


def count(endpoint: Endpoint, table: str) -> int:
    return int(endpoint.post(f"SELECT count() FROM {table}").text)


def insert(endpoint: Endpoint, table: str, data: bytes, name: str, **parameters: str) -> int:
    answer = endpoint.post(data, query=f"INSERT INTO {table} FORMAT {name}", **parameters)
    return answer.code


@pytest.mark.parametrize(
    "name",
    [
        *("Native", "RowBinary", "RowBinaryWithNamesAndTypes", "CSV", "CSVWithNames"),
        *("TabSeparated", "JSONEachRow", "JSONCompactEachRow", "Parquet", "Arrow", "Values"),
    ],
)
def test_what_a_server_writes_in_a_format_it_also_takes(
    endpoint: Endpoint, table: str, name: str
) -> None:
    data = endpoint.post(f"{ALL_ROWS} FORMAT {name}").body
    assert insert(endpoint, table, data, name, async_insert="0") == 0
    expected = endpoint.post(f"{CHECKSUM} ({ALL_ROWS})").text
    assert endpoint.post(f"{CHECKSUM} {table}").text == expected


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", b"INSERT INTO t VALUES (1, 'a'), (2, 'b')"),
        ("", b"INSERT INTO t (s, n) VALUES ('a', 1), (concat('b', ''), 1 + 1);"),
        ("", b"INSERT INTO t FORMAT CSV\n1,a\n2,b\n"),
        ("", b"INSERT INTO t FORMAT CSV 1,a\n2,b"),
        ("", b'insert into t(n, s) format JSONEachRow {"n":1,"s":"a"} {"n":2,"s":"b"}'),
        ("", b"/* FORMAT Null */ INSERT INTO `t` SETTINGS max_threads=1 FORMAT TSV\n1\ta\n2\tb"),
        ("INSERT INTO t FORMAT CSV", b"1,a\n2,b\n"),
        ("INSERT INTO t VALUES", b"(1, 'a'), (2, 'b')"),
        ("INSERT INTO t (n, s)", b"VALUES (1, 'a'), (2, 'b')"),
        ("INSERT INTO t SELECT number + 1, char(97 + number) FROM numbers(2)", b""),
        ("INSERT INTO t SELECT n, s FROM input('n UInt32, s String') FORMAT CSV", b"1,a\n2,b\n"),
        ("INSERT INTO {where:Identifier} FORMAT CSV", b"1,a\n2,b\n"),
        ("INSERT INTO TABLE FUNCTION null('n UInt32, s String') FORMAT CSV", b"7,x\n"),
    ],
)
def test_statement_and_data_are_told_apart(
    endpoint: Endpoint, database: str, table: str, query: str, body: bytes
) -> None:
    parameters = {"query": query, "database": database, "param_where": "t", "async_insert": "0"}
    answer = endpoint.post(body, **{key: value for key, value in parameters.items() if value})
    assert answer.status == 200, answer.text
    rows = endpoint.post(f"SELECT n, s FROM {table} ORDER BY n").text
    assert rows == ("" if "null(" in query else "1\ta\n2\tb\n")


@pytest.mark.parametrize("name", ["gzip", "zstd", "lz4", "deflate"])
def test_bodies_may_be_compressed(endpoint: Endpoint, table: str, name: str) -> None:
    compress = {
        "gzip": gzip.compress,
        "zstd": zstandard.ZstdCompressor().compress,
        "lz4": lz4.frame.compress,
        "deflate": zlib.compress,
    }[name]
    text = "".join(f"{number},{'x' * 50}\n" for number in range(ROWS)).encode()
    target = urlencode({"query": f"INSERT INTO {table} FORMAT CSV", "async_insert": "0"})
    answer = endpoint.request(
        "POST", f"/?{target}", body=compress(text), headers={"Content-Encoding": name}
    )
    assert answer.status == 200, answer.text
    assert count(endpoint, table) == ROWS


def test_a_broken_compressed_body_leaves_nothing(endpoint: Endpoint, table: str) -> None:
    whole = gzip.compress(b"".join(b"%d,x\n" % number for number in range(ROWS)))
    target = urlencode({"query": f"INSERT INTO {table} FORMAT CSV", "async_insert": "0"})
    answer = endpoint.request(
        "POST", f"/?{target}", body=whole[: len(whole) // 2], headers={"Content-Encoding": "gzip"}
    )
    assert answer.status >= 400
    assert count(endpoint, table) == 0


def test_a_row_that_cannot_be_parsed_leaves_nothing(endpoint: Endpoint, table: str) -> None:
    lines = b"".join(b"%d,x\n" % number for number in range(ROWS)) + b"not a number,x\n"
    assert insert(endpoint, table, lines, "CSV", async_insert="0") == 27
    assert count(endpoint, table) == 0


@pytest.mark.parametrize(
    "framing",
    [
        b"Content-Length: 1000\r\n\r\n1,a\n2,b\n",
        b"Transfer-Encoding: chunked\r\n\r\n8\r\n1,a\n2,b\n\r\n",
    ],
)
def test_a_client_that_dies_in_its_body_leaves_nothing(
    endpoint: Endpoint, table: str, framing: bytes
) -> None:
    if endpoint.secure or endpoint.password:
        pytest.skip("speaks plain HTTP without a password")
    target = urlencode({"query": f"INSERT INTO {table} FORMAT CSV", "async_insert": "0"})
    with socket.create_connection((endpoint.host, endpoint.port)) as client:
        client.sendall(f"POST /?{target} HTTP/1.1\r\nHost: x\r\n".encode() + framing)
    # the server's thread has ended when a later insert of the same table can be dropped
    assert insert(endpoint, table, b"9,z\n", "CSV", async_insert="0") == 0
    assert endpoint.post(f"SELECT n FROM {table}").text == "9\n"


def test_the_same_token_counts_once(endpoint: Endpoint, table: str) -> None:
    data = endpoint.post(f"{ALL_ROWS} FORMAT Native").body
    for _ in range(3):
        repeated = {"insert_deduplication_token": "batch-1", "async_insert": "0"}
        assert insert(endpoint, table, data, "Native", **repeated) == 0
    assert count(endpoint, table) == ROWS
    other = {"insert_deduplication_token": "batch-2", "async_insert": "0"}
    assert insert(endpoint, table, data, "Native", **other) == 0
    assert count(endpoint, table) == 2 * ROWS


def test_rows_and_readers_go_side_by_side(endpoint: Endpoint, table: str) -> None:
    """A reader sees whole inserts only, while two writers insert."""
    batch, batches = 2_000, 10
    data = b"".join(b"%d,x\n" % number for number in range(batch))
    seen: list[int] = []
    failed: list[int] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.append(count(endpoint, table))

    def write(name: str) -> None:
        for number in range(batches):
            token = {"insert_deduplication_token": f"{name}-{number}", "async_insert": "0"}
            code = insert(endpoint, table, data, "CSV", **token)
            failed.extend([code] if code else [])

    reader = threading.Thread(target=read)
    writers = [threading.Thread(target=write, args=(name,)) for name in "ab"]
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    assert failed == []
    assert count(endpoint, table) == 2 * batches * batch
    assert seen == sorted(seen)
    assert {rows % batch for rows in seen} <= {0}


def test_a_check_constraint_refuses_the_whole_insert(endpoint: Endpoint, database: str) -> None:
    endpoint.post(
        f"CREATE TABLE {database}.c (n UInt32, ok Bool, CONSTRAINT must CHECK ok) "
        "ENGINE = MergeTree ORDER BY n"
    )
    answer = endpoint.post(
        "1,true\n2,false\n", query=f"INSERT INTO {database}.c FORMAT CSV", async_insert="0"
    )
    assert answer.code == 469
    assert count(endpoint, f"{database}.c") == 0


def test_a_large_body_in_small_pieces(endpoint: Endpoint, table: str) -> None:
    """40 MB arrive chunk by chunk; the statement stands in front of them."""
    line = b"1," + b"x" * 400 + b"\n"

    def pieces() -> Iterator[bytes]:
        yield f"INSERT INTO {table} FORMAT CSV\n".encode()
        for _ in range(1_000):
            yield line * 100

    answer = endpoint.request("POST", "/?async_insert=0", body=pieces())
    assert answer.status == 200, answer.text
    assert count(endpoint, table) == 100_000

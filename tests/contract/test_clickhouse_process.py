"""Our local server as a process: what it survives, what it refuses, what it never prints."""

from __future__ import annotations

import base64
import signal
import socket
import threading
import time
from pathlib import Path

from tests.contract.clickhouse_server import Answer, Endpoint, LocalClickHouse

SECRET = "alice.liddell@example.org"


def count(endpoint: Endpoint) -> int:
    return int(endpoint.post("SELECT count() FROM t").text)


def create(endpoint: Endpoint) -> None:
    endpoint.post("CREATE TABLE t (n UInt32, s String) ENGINE = MergeTree ORDER BY n")


def test_a_killed_server_comes_back_with_what_it_had_confirmed(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        create(server.endpoint)
        for number in range(5):
            assert server.endpoint.post(f"INSERT INTO t VALUES ({number}, 'x')").status == 200
        server.stop(signal.SIGKILL)
        server.start()
        assert count(server.endpoint) == 5
        assert server.endpoint.post("INSERT INTO t VALUES (5, 'x')").status == 200
        assert count(server.endpoint) == 6


def test_a_killed_server_comes_back_as_often_as_it_is_killed(data_dir: Path) -> None:
    """Its own `default` stayed behind, empty, and could not be attached a second time."""
    with LocalClickHouse(data_dir) as server:
        assert server.endpoint.post("CREATE DATABASE other").status == 200
        table = "CREATE TABLE other.t (a UInt64) ENGINE = MergeTree ORDER BY a"
        assert server.endpoint.post(table).status == 200
        for number in range(3):
            assert server.endpoint.post(f"INSERT INTO other.t VALUES ({number})").status == 200
            server.stop(signal.SIGKILL)
            server.start()
            found = server.endpoint.post("SELECT count() FROM other.t").text.strip()
            assert found == str(number + 1)


def test_a_server_killed_in_an_insert_has_all_of_it_or_nothing(data_dir: Path) -> None:
    rows = 200_000
    body = b"".join(b"%d,x\n" % number for number in range(rows))
    with LocalClickHouse(data_dir) as server:
        create(server.endpoint)
        for _ in range(2):
            before = count(server.endpoint)
            insert = threading.Thread(target=_insert_until_killed, args=(server.endpoint, body))
            insert.start()
            insert.join(0.08)
            server.stop(signal.SIGKILL)
            insert.join()
            server.start()
            assert count(server.endpoint) - before in (0, rows)


def _insert_until_killed(endpoint: Endpoint, body: bytes) -> None:
    try:
        endpoint.post(body, query="INSERT INTO t FORMAT CSV")
    except OSError:
        return


def test_sigterm_lets_a_running_statement_finish(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        create(server.endpoint)
        answers: list[Answer] = []

        def insert() -> None:
            slow = "INSERT INTO t SELECT number, toString(sleepEachRow(0.2)) FROM numbers(5)"
            answers.append(server.endpoint.post(slow))

        running = threading.Thread(target=insert)
        running.start()
        while "sleepEachRow" not in server.endpoint.post("SHOW PROCESSLIST").text:
            pass
        assert server.stop() == 0
        running.join()
        assert answers[0].status == 200
        server.start()
        assert count(server.endpoint) == 5


def test_sigterm_drops_a_body_that_is_not_all_here(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        create(server.endpoint)
        with socket.create_connection((server.endpoint.host, server.endpoint.port)) as client:
            head = b"POST /?query=INSERT+INTO+t+FORMAT+CSV HTTP/1.1\r\nHost: x\r\n"
            client.sendall(head + b"Content-Length: 8\r\n\r\n1,a\n")
            time.sleep(0.3)
            assert server.stop() == 0
            assert not client.recv(1024).startswith(b"HTTP/1.1 200")
        server.start()
        assert count(server.endpoint) == 0


def test_sigterm_cancels_a_query_without_end(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        answers: list[Answer] = []
        endless = "SELECT count() FROM system.numbers WHERE sipHash64(number) = 0"
        running = threading.Thread(target=lambda: answers.append(server.endpoint.post(endless)))
        running.start()
        while endless not in server.endpoint.post("SHOW PROCESSLIST").text:
            pass
        assert server.stop() == 0
        running.join()
        assert answers[0].code == 394


def test_a_second_server_on_the_same_data_is_refused_in_one_line(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as first:
        second = LocalClickHouse(data_dir)
        second.log = data_dir.with_name("second.log")
        second.launch()
        assert second.wait() == 1
        lines = second.log.read_text().splitlines()
        assert len(lines) == 1
        assert "another process already runs ClickHouse on this data directory" in lines[0]
        assert first.endpoint.get("/ping").status == 200


def test_a_taken_port_is_refused_in_one_line(data_dir: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = LocalClickHouse(data_dir, port=taken.getsockname()[1])
        server.launch()
        assert server.wait() == 1
        lines = server.log.read_text().splitlines()
        assert len(lines) == 1
        assert f"cannot listen on 127.0.0.1:{server.endpoint.port}" in lines[0]


def test_a_password_is_asked_for_in_every_way_it_can_be_given(data_dir: Path) -> None:
    with LocalClickHouse(data_dir, password="right") as server:
        endpoint = server.endpoint

        def status(headers: dict[str, str] | None = None, **parameters: str) -> int:
            return endpoint.request(
                *("POST", "/"),
                body="SELECT 1",
                parameters=parameters,
                headers=headers,
                authenticate=False,
            ).status

        def basic(user: str, password: str) -> dict[str, str]:
            secret = base64.b64encode(f"{user}:{password}".encode()).decode()
            return {"Authorization": f"Basic {secret}"}

        assert status() == 403
        assert status(basic("default", "right")) == 200
        assert status(basic("default", "wrong")) == 403
        assert status({"X-ClickHouse-User": "default", "X-ClickHouse-Key": "right"}) == 200
        assert status({"X-ClickHouse-User": "default", "X-ClickHouse-Key": "wrong"}) == 403
        assert status(user="default", password="right") == 200
        assert status(password="right") == 200
        assert status(user="other", password="right") == 403
        assert "right" not in server.log.read_text()


def test_logs_hold_no_query_text_and_no_data(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        create(server.endpoint)
        for sql in (
            f"INSERT INTO t VALUES (1, '{SECRET}')",
            f"INSERT INTO t FORMAT CSV\n{SECRET},x\n",
            f"SELECT * FROM t WHERE s = '{SECRET}'",
            f"SELECT toUInt8('{SECRET}')",
            f"SELECT '{SECRET}",
            f"SELECT * FROM `{SECRET}`",
            f"SELECT throwIf(1, '{SECRET}')",
        ):
            server.endpoint.post(sql)
        server.endpoint.post("SELECT {a:UInt8}", param_a=SECRET)
        server.endpoint.request("POST", "/", body=SECRET, headers={"Content-Encoding": "gzip"})
        log = server.log.read_text()
    assert "failed with code 27" in log
    assert "INSERT, " in log
    assert SECRET not in log


def test_files_of_the_machine_are_out_of_reach(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        outside = data_dir.with_name("outside.csv")
        outside.write_text("1,secret\n")
        create(server.endpoint)
        refused = (
            f"SELECT * FROM file('{outside}', 'CSV')",
            f"SELECT * FROM FILE /* */ ('{outside}', 'CSV')",
            f"SELECT file('{outside}')",
            f"SELECT * FROM url('file://{outside}', 'CSV')",
            f"SELECT * FROM filesystem('{outside}')",
            f"SELECT * FROM eval('SELECT * FROM file(''{outside}'')')",
            f"INSERT INTO t FROM INFILE '{outside}' FORMAT CSV",
            f"INSERT INTO t SELECT * FROM file('{outside}', 'CSV')",
            f"INSERT INTO FUNCTION file('{outside}', 'CSV', 'a Int8') VALUES (1)",
            f"SELECT 1 INTO OUTFILE '{outside}' TRUNCATE",
            f"CREATE TABLE f (a Int8) ENGINE = File(CSV, '{outside}')",
            f"CREATE DATABASE f ENGINE = Filesystem('{outside.parent}')",
            f"BACKUP TABLE t TO File('{outside}')",
            "SELECT * FROM executable('ls', 'TSV', 'a String')",
            "SELECT * FROM Python(x)",
        )
        for sql in refused:
            answer = server.endpoint.post(sql)
            assert answer.code in (358, 497), sql
        for sql in (
            f"SELECT * FROM `{outside}`",
            f'SELECT * FROM "{outside}"',
            f"SELECT * FROM '{outside}'",
            "SELECT * FROM {name:Identifier}",
            "SELECT * FROM `pyproject.toml`",
        ):
            assert server.endpoint.post(sql, param_name=str(outside)).code in (60, 62), sql
        assert outside.read_text() == "1,secret\n"
        assert count(server.endpoint) == 0


def test_one_large_query_fails_and_the_server_lives(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        answer = server.endpoint.post(
            "SELECT groupArray(number) FROM numbers(100000000)", max_memory_usage="100000000"
        )
        assert answer.code == 241
        assert server.endpoint.post("SELECT 1").text == "1\n"
        limits = server.endpoint.post(
            "SELECT value FROM system.server_settings WHERE name = 'max_server_memory_usage'"
        )
        assert 0 < int(limits.text) <= 4 * 1024**3


def test_what_nobody_waits_for_is_cancelled(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        shown = "SELECT count() FROM system.processes WHERE query LIKE '%system.numbers %'"
        with socket.create_connection((server.endpoint.host, server.endpoint.port)) as client:
            endless = "SELECT+count()+FROM+system.numbers+WHERE+sipHash64(number)=0"
            client.sendall(f"GET /?query={endless} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            while "1" not in server.endpoint.post(f"{shown} AND elapsed > 0.1").text:
                pass
        for _ in range(500):
            if server.endpoint.post(shown + " AND query NOT LIKE '%LIKE%'").text == "0\n":
                return
        raise AssertionError("the query still runs")


def test_a_query_can_be_killed_by_the_id_its_client_gave(data_dir: Path) -> None:
    with LocalClickHouse(data_dir) as server:
        answers: list[int] = []

        def run() -> None:
            endless = "SELECT count() FROM system.numbers WHERE sipHash64(number) = 0"
            answers.append(server.endpoint.post(endless, query_id="mine").code)

        query = threading.Thread(target=run)
        query.start()
        killed = ""
        while not killed:
            killed = server.endpoint.post("KILL QUERY WHERE query_id = 'mine' SYNC").text
        query.join()
        assert answers == [394]

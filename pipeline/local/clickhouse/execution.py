"""One request, run on a connection of its own, in one worker thread from beginning to end.

The thread pulls the request's body and pushes the answer through an `Exchange`; a slow client
slows the engine down instead of filling memory.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from pipeline.local.clickhouse.answer import Exchange, Head, Outcome, Progress
from pipeline.local.clickhouse.blocks import BlockEncoder, decode_blocks
from pipeline.local.clickhouse.encoding import CHUNK, Encoder, choose, decode, encoder
from pipeline.local.clickhouse.engine import (
    QUERY_ID_COLUMN,
    QUERY_ID_SETTING,
    Connection,
    Engine,
)
from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.local.clickhouse.native import (
    CUSTOM_SERIALIZATION_REVISION,
    JSON_AS_TEXT_SETTING,
    rewrite,
)
from pipeline.local.clickhouse.request import QueryRequest
from pipeline.local.clickhouse.statement import (
    Kind,
    Statement,
    analyse,
    is_insert,
)
from pipeline.sql import quote_name

MAX_STATEMENT_BYTES = 16 * 1024 * 1024
"""SQL longer than this is refused; the engine's own max_query_size comes first by default."""
_FIRST_LOOK = 64 * 1024

# One encoded block after another is a valid file of these formats. All others have a head, a foot
# or names, so the engine must write them as a whole.
# fmt: off
_STREAMABLE = frozenset((
    "native", "rowbinary", "tabseparated", "tsv", "csv", "tskv", "jsoneachrow", "jsonlines",
    "ndjson", "null",
))
# fmt: on
_KILLED_ID = re.compile(rb"\bquery_id\b", re.IGNORECASE)


def execute(engine: Engine, request: QueryRequest, exchange: Exchange) -> Outcome:
    """Run one request. Raises `ClickHouseError`, before or after the answer has begun."""
    return _Execution(engine, request, exchange).run()


class _Execution:
    """The state of one request while it runs."""

    def __init__(self, engine: Engine, request: QueryRequest, exchange: Exchange) -> None:
        self._engine = engine
        self._request = request
        self._exchange = exchange
        self._started = time.monotonic_ns()
        self._progress = Progress()
        self._encoding: str | None = None
        if request.enabled("enable_http_compression") and not request.compress_blocks:
            self._encoding = choose(request.accept_encoding)

    def run(self) -> Outcome:
        request = self._request
        text, body = self._statement_text()
        statement = analyse(text)
        if statement.kind is Kind.EMPTY:
            raise ClickHouseError(Code.SYNTAX_ERROR, "Syntax error: Empty query")
        self._engine.guard.check(statement.sql)
        with self._engine.connection() as connection:
            self._configure(connection)
            if statement.kind is Kind.INSERT:
                return self._insert(connection, statement, _data(text, statement, body))
            if statement.kind is Kind.OTHER:
                return self._run_whole(connection, statement)
            name = self._output_format(statement)
            streamable = name.lower() in _STREAMABLE and not request.whole
            if streamable or self._as_blocks(name):
                return self._stream(connection, statement)
            return self._spool(connection, statement)

    def _statement_text(self) -> tuple[bytes, Iterator[bytes]]:
        """Read as much of URL and body as the statement needs; return it, and the body's rest."""
        request = self._request
        body = decode(request.content_encoding, iter(self._exchange.read, b""))
        if request.block_compressed:
            body = decode_blocks(body)
        text = request.query.encode()
        if text:
            text += b"\n"
            if is_insert(text) and analyse(text).data_offset < len(text):
                return text, body
        wanted = _FIRST_LOOK
        for chunk in body:
            text += chunk
            if len(text) < wanted:
                continue
            if is_insert(text) and analyse(text).data_offset < len(text):
                break
            if len(text) > MAX_STATEMENT_BYTES:
                raise ClickHouseError(Code.QUERY_IS_TOO_LARGE, "The statement is too long")
            wanted *= 2
        return text, body

    def _configure(self, connection: Connection) -> None:
        request = self._request
        connection.query(f"USE {quote_name(request.database or 'default')}")
        for table in request.tables:
            name = quote_name(table.name)
            self._engine.guard.check(table.structure.encode())
            connection.query(f"CREATE TEMPORARY TABLE {name} ({table.structure})")
            sql = f"INSERT INTO {name} FORMAT {table.format}\n".encode()
            self._insert(connection, analyse(sql), iter((table.data,)))
        defaults = {QUERY_ID_SETTING: request.query_id}
        if request.protocol_version >= CUSTOM_SERIALIZATION_REVISION:
            defaults[JSON_AS_TEXT_SETTING] = "1"
        connection.query(request.set_statement(defaults))

    def _output_format(self, statement: Statement) -> str:
        return statement.format or self._request.default_format or "TabSeparated"

    def _as_blocks(self, output_format: str) -> bool:
        """Tell whether the client reads Native as the blocks of a protocol version."""
        known = self._request.protocol_version >= CUSTOM_SERIALIZATION_REVISION
        return known and output_format.lower() == "native"

    def _encoded(self, output_format: str, data: bytes) -> bytes:
        return rewrite(data) if self._as_blocks(output_format) else data

    def _insert(
        self, connection: Connection, statement: Statement, data: Iterator[bytes]
    ) -> Outcome:
        if statement.format is None:
            raise ClickHouseError(Code.SYNTAX_ERROR, "Syntax error: a format's name is expected")
        # The engine's own streaming insert (chDB's send_insert) passes by CHECK constraints; a file
        # goes the way of every other INSERT. And an insert begins when its data is all here.
        with self._spool_file() as path:
            with path.open("wb") as file:
                file.writelines(data)
            self._count(connection.query(statement.with_input(str(path))))
        self._progress.read_rows = self._progress.written_rows
        self._progress.read_bytes = self._progress.written_bytes
        return Outcome(statement.verb, self._head("TabSeparated"))

    def _run_whole(self, connection: Connection, statement: Statement) -> Outcome:
        output_format = self._output_format(statement)
        sql = statement.sql
        if statement.verb == "KILL":
            sql = _KILLED_ID.sub(QUERY_ID_COLUMN.encode(), sql)
        result = connection.query(sql, output_format)
        self._count(result)
        return self._whole(statement, output_format, self._encoded(output_format, result.bytes()))

    def _stream(self, connection: Connection, statement: Statement) -> Outcome:
        """Send blocks as they come; an answer of one block goes out whole, with its length."""
        output_format = self._output_format(statement)
        with closing(self._blocks(connection, statement, output_format)) as blocks:
            first = next(blocks, b"")
            second = next(blocks, None)
            if second is None:
                return self._whole(statement, output_format, first)
            return self._send(statement, output_format, itertools.chain((first, second), blocks))

    def _blocks(
        self, connection: Connection, statement: Statement, output_format: str
    ) -> Generator[bytes]:
        with closing(connection.stream(statement.sql, output_format)) as results:
            for result in results:
                self._progress.result_rows += result.rows_read()
                self._progress.read_rows += result.storage_rows_read()
                self._progress.read_bytes += result.storage_bytes_read()
                yield self._encoded(output_format, result.bytes())

    def _spool(self, connection: Connection, statement: Statement) -> Outcome:
        """Let the engine write the answer to a file, in a format that is one document."""
        output_format = self._output_format(statement)
        with self._spool_file() as path:
            result = connection.query(statement.with_output(str(path), output_format))
            self._count(result)
            if not path.exists():
                return self._whole(statement, output_format, b"")
            if path.stat().st_size <= CHUNK:
                return self._whole(statement, output_format, path.read_bytes())
            return self._send(statement, output_format, _file_chunks(path))

    @contextmanager
    def _spool_file(self) -> Iterator[Path]:
        path = self._engine.spool_dir / uuid4().hex
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def _whole(self, statement: Statement, output_format: str, body: bytes) -> Outcome:
        self._progress.result_bytes = len(body)
        compressor = self._encoder() if body else None
        if compressor:
            body = compressor.compress(body) + compressor.flush()
        return Outcome(statement.verb, self._head(output_format), body)

    def _send(self, statement: Statement, output_format: str, chunks: Iterator[bytes]) -> Outcome:
        head = self._head(output_format)
        compressor = self._encoder()
        self._exchange.start(head)
        try:
            for chunk in chunks:
                self._progress.result_bytes += len(chunk)
                self._write(compressor, chunk)
        except ClickHouseError as error:
            self._write(compressor, self._exception_tail(error))
            raise
        finally:
            if compressor:
                self._exchange.write(compressor.flush())
        return Outcome(statement.verb, head, streamed=True)

    def _encoder(self) -> Encoder | None:
        if self._request.compress_blocks:
            return BlockEncoder()
        return encoder(self._encoding) if self._encoding else None

    def _write(self, compressor: Encoder | None, data: bytes) -> None:
        data = compressor.compress(data) if compressor else data
        if data:
            self._exchange.write(data)

    def _exception_tail(self, error: ClickHouseError) -> bytes:
        """Return an exception as servers since 25.11 write it behind an unfinished answer."""
        body = error.body(self._engine.version).encode()
        tag = self._exchange.exception_tag.encode()
        return b"\r\n".join(
            (b"", b"__exception__", tag, body + b"%d %s" % (len(body), tag), b"__exception__", b"")
        )

    def _count(self, result: Any) -> None:
        self._progress.read_rows = result.storage_rows_read()
        self._progress.read_bytes = result.storage_bytes_read()
        self._progress.written_rows = result.rows_written()
        self._progress.written_bytes = result.bytes_written()
        self._progress.result_rows = result.rows_read()

    def _head(self, output_format: str) -> Head:
        self._progress.elapsed_ns = time.monotonic_ns() - self._started
        return Head(output_format, self._progress, self._encoding)


def _data(text: bytes, statement: Statement, body: Iterator[bytes]) -> Iterator[bytes]:
    if statement.data_offset < len(text):
        yield text[statement.data_offset :]
    yield from body


def _file_chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            yield chunk

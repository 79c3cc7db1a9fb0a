"""ClickHouse's HTTP interface in front of the embedded engine.

Behaviour follows https://clickhouse.com/docs/interfaces/http and, where that is silent,
src/Server/HTTPHandler.cpp. The event loop moves bytes; statements run in worker threads.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
import string
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from aiohttp import BodyPartReader, web

from pipeline.local.clickhouse.engine import Engine
from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.local.clickhouse.execution import Head, Outcome, execute
from pipeline.local.clickhouse.request import Credentials, QueryRequest, parse

log = logging.getLogger(__name__)

WORKERS = 32
"""Statements that run at once; more wait."""
READ_BUFFER = 1024 * 1024
"""Bytes of a request's body that wait for their worker before the client is slowed down."""
_MAX_URL = 1024 * 1024

_CONTENT_TYPES = {
    "csv": "text/csv; charset=UTF-8; header=absent",
    "csvwithnames": "text/csv; charset=UTF-8; header=present",
    "csvwithnamesandtypes": "text/csv; charset=UTF-8; header=present",
    "json": "application/json; charset=UTF-8",
    "jsoncompact": "application/json; charset=UTF-8",
    "jsonstrings": "application/json; charset=UTF-8",
    "jsoneachrow": "application/x-ndjson; charset=UTF-8",
    "jsoncompacteachrow": "application/x-ndjson; charset=UTF-8",
    "tabseparated": "text/tab-separated-values; charset=UTF-8",
    "tsv": "text/tab-separated-values; charset=UTF-8",
    "xml": "application/xml; charset=UTF-8",
    **dict.fromkeys(
        ("native", "rowbinary", "parquet", "arrow", "arrowstream", "orc", "avro", "msgpack"),
        "application/octet-stream",
    ),
}
_NOT_FOUND_TEXT = (
    "There is no handle {path}\n\n"
    "Use / or /ping for health checks.\n"
    "Or /replicas_status for more sophisticated health checks.\n\n"
    "Send queries from your program with POST method or GET /?query=...\n\n"
    "Use clickhouse-client:\n\n"
    "For interactive data analysis:\n    clickhouse-client\n\n"
    "For batch query processing:\n    clickhouse-client --query='SELECT 1' > result\n"
    "    clickhouse-client < query > result\n"
)

T = TypeVar("T")


class Server:
    """The routes, over an engine that is open. `account` is the one user that may ask."""

    def __init__(self, engine: Engine, account: Credentials) -> None:
        self._engine = engine
        self._account = account
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="query")

    def app(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(client_max_size=0)
        app.router.add_get("/ping", self._ok)
        app.router.add_get("/replicas_status", self._ok)
        app.router.add_route("*", "/", self._root)
        app.router.add_route("*", "/{path:.*}", self._no_route)
        return app

    def close(self) -> None:
        """Wait for the statements that run."""
        self._workers.shutdown(wait=True)

    async def _ok(self, _: web.Request) -> web.Response:
        return web.Response(text="Ok.\n", content_type="text/html", charset="UTF-8")

    async def _no_route(self, request: web.Request) -> web.Response:
        return web.Response(text=_NOT_FOUND_TEXT.format(path=request.path), status=404)

    async def _root(self, http: web.Request) -> web.StreamResponse:
        if http.method in ("GET", "HEAD") and not http.query_string:
            return await self._ok(http)
        if http.method not in ("GET", "POST"):
            return web.Response(text="Only GET and POST are served\n", status=501)
        started = time.monotonic()
        exchange = _HttpExchange(http, self._engine)
        request: QueryRequest | None = None
        try:
            request = parse(http.method, await _parameters(http), http.headers)
            self._authenticate(request.credentials)
            exchange.request = request
            outcome = await asyncio.get_running_loop().run_in_executor(
                self._workers, partial(execute, self._engine, request, exchange)
            )
        except ClickHouseError as error:
            _log_failure(request, error, started)
            return await exchange.fail(error)
        except ConnectionError:
            log.info("query %s: the client went away", request.query_id if request else "-")
            return exchange.response or web.Response()
        _log_success(request, outcome, started)
        return await exchange.finish(outcome)

    def _authenticate(self, given: Credentials) -> None:
        same_user = hmac.compare_digest(given.user.encode(), self._account.user.encode())
        same_password = hmac.compare_digest(
            given.password.encode(), self._account.password.encode()
        )
        if not (same_user and same_password):
            raise ClickHouseError(
                Code.AUTHENTICATION_FAILED,
                "Authentication failed: password is incorrect, or there is no user with such name",
            )


class _HttpExchange:
    """One request and its answer; `read`, `start` and `write` are called by the worker thread."""

    def __init__(self, http: web.Request, engine: Engine) -> None:
        self._http = http
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self.exception_tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
        self.request: QueryRequest | None = None
        self.response: web.StreamResponse | None = None

    def _await(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def read(self) -> bytes:
        """Return the next bytes of the body; empty at its end."""
        return self._await(self._http.content.readany())

    def start(self, head: Head) -> None:
        """Begin a streamed answer."""
        self.response = web.StreamResponse(headers=self._headers(head))
        self._await(self.response.prepare(self._http))

    def write(self, data: bytes) -> None:
        """Send part of the answer."""
        assert self.response is not None  # noqa: S101 - start() came first
        self._await(self.response.write(data))

    async def finish(self, outcome: Outcome) -> web.StreamResponse:
        """End a streamed answer, or send a whole one."""
        if self.response is not None:
            await self.response.write_eof()
            return self.response
        return web.Response(body=outcome.body, headers=self._headers(outcome.head))

    async def fail(self, error: ClickHouseError) -> web.StreamResponse:
        """Send an exception, or break off an answer that has begun: its tail says why."""
        if self.response is None:
            headers = self._common_headers() | {"X-ClickHouse-Exception-Code": str(error.code)}
            body = error.body(self._engine.version)
            return web.Response(text=body, status=error.http_status, headers=headers)
        # Without the last chunk of HTTP the client knows that the answer is not complete.
        if self._http.transport is not None:
            self._http.transport.close()
        return self.response

    def _headers(self, head: Head) -> dict[str, str]:
        content_type = _CONTENT_TYPES.get(head.output_format.lower(), "text/plain; charset=UTF-8")
        headers = self._common_headers() | {
            "Content-Type": content_type,
            "X-ClickHouse-Format": head.output_format,
            "X-ClickHouse-Summary": head.progress.header(),
            "X-ClickHouse-Exception-Tag": self.exception_tag,
        }
        if head.content_encoding is not None:
            headers["Content-Encoding"] = head.content_encoding
        return headers

    def _common_headers(self) -> dict[str, str]:
        headers = {
            "X-ClickHouse-Server-Display-Name": self._engine.display_name,
            "X-ClickHouse-Timezone": self._engine.timezone,
        }
        if self.request is not None:
            headers["X-ClickHouse-Query-Id"] = self.request.query_id
        return headers


async def _parameters(http: web.Request) -> list[tuple[str, str]]:
    """Return the parameters of the URL and, after them, those of a multipart form."""
    found = list(http.query.items())
    if http.content_type == "multipart/form-data":
        async for part in await http.multipart():
            if not isinstance(part, BodyPartReader):
                raise ClickHouseError(Code.BAD_ARGUMENTS, "Nested forms are not supported")
            if part.filename:
                raise ClickHouseError(Code.BAD_ARGUMENTS, "External tables are not supported")
            found.append((part.name or "", await part.text()))
    return found


def _log_success(request: QueryRequest, outcome: Outcome, started: float) -> None:
    progress = outcome.head.progress
    log.debug(
        "query %s: %s, %.3f s, read %d rows, wrote %d",
        request.query_id,
        outcome.verb,
        time.monotonic() - started,
        progress.read_rows,
        progress.written_rows,
    )


def _log_failure(request: QueryRequest | None, error: ClickHouseError, started: float) -> None:
    # the code alone: the message may quote data
    log.info(
        "query %s: failed with code %d, %.3f s",
        request.query_id if request else "-",
        error.code,
        time.monotonic() - started,
    )


async def serve(server: Server, host: str, port: int, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, then let the requests that run finish. OSError: port taken."""
    runner = web.AppRunner(
        server.app(),
        access_log=None,
        auto_decompress=False,
        max_line_size=_MAX_URL,
        read_bufsize=READ_BUFFER,
        shutdown_timeout=20,
    )
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        log.info("ClickHouse HTTP interface on %s:%d", host, port)
        await stop.wait()
    finally:
        await runner.cleanup()
        server.close()

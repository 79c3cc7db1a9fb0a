"""ClickHouse's HTTP interface in front of the embedded engine.

Behaviour follows https://clickhouse.com/docs/interfaces/http and, where that is silent,
src/Server/HTTPHandler.cpp. The event loop moves bytes; statements run in worker threads.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

from aiohttp import BodyPartReader, web

from pipeline.local.clickhouse.answer import Outcome
from pipeline.local.clickhouse.engine import Engine
from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.local.clickhouse.exchange import HttpExchange
from pipeline.local.clickhouse.execution import execute
from pipeline.local.clickhouse.request import Credentials, QueryRequest, parse

log = logging.getLogger(__name__)

WORKERS = 32
"""Statements that run at once; more wait."""
READ_BUFFER = 1024 * 1024
"""Bytes of a request's body that wait for their worker before the client is slowed down."""
SHUTDOWN_SECONDS = 8.0
"""How long running requests may take to finish when the server stops."""
MAX_FORM_PART = 16 * 1024 * 1024
_MAX_URL = 1024 * 1024

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


class Server:
    """The routes, over an engine that is open. `account` is the one user that may ask."""

    def __init__(self, engine: Engine, account: Credentials) -> None:
        self._engine = engine
        self._account = account
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="query")
        self._running: dict[asyncio.Task[Any], HttpExchange] = {}
        self._stopping = False

    def app(self) -> web.Application:
        """Return the aiohttp application."""
        app = web.Application(client_max_size=MAX_FORM_PART)
        app.router.add_get("/ping", self._ok)
        app.router.add_get("/replicas_status", self._ok)
        app.router.add_route("*", "/", self._root)
        app.router.add_route("*", "/{path:.*}", self._no_route)
        return app

    async def drain(self, seconds: float) -> None:
        """Take nothing new, let statements that have all their data finish, cancel the rest."""
        self._stopping = True
        for exchange in self._running.values():
            exchange.refuse_body()
        if self._running:
            await asyncio.wait(self._running, timeout=seconds)
        if self._running:
            await asyncio.to_thread(self._engine.kill_all)
            await asyncio.wait(self._running, timeout=seconds)
        # in a thread: workers that still wait for this loop must be able to
        await asyncio.to_thread(self._workers.shutdown, cancel_futures=True)

    async def _ok(self, _: web.Request) -> web.Response:
        return web.Response(text="Ok.\n", content_type="text/html", charset="UTF-8")

    async def _no_route(self, request: web.Request) -> web.Response:
        return web.Response(text=_NOT_FOUND_TEXT.format(path=request.path), status=404)

    async def _root(self, http: web.Request) -> web.StreamResponse:
        if http.method in ("GET", "HEAD") and not http.query_string:
            return await self._ok(http)
        if http.method not in ("GET", "POST"):
            return web.Response(text="Only GET and POST are served\n", status=501)
        exchange = HttpExchange(http, self._engine)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler runs in a task
        self._running[task] = exchange
        try:
            return await self._answer(http, exchange)
        finally:
            del self._running[task]

    async def _answer(self, http: web.Request, exchange: HttpExchange) -> web.StreamResponse:
        started = time.monotonic()
        request: QueryRequest | None = None
        try:
            if self._stopping:
                raise ClickHouseError(Code.ABORTED, "The server is stopping")
            parameters, files = await _parameters(http)
            request = parse(http.method, parameters, http.headers, files)
            self._authenticate(request.credentials)
            exchange.request = request
            outcome = await self._run(request, exchange)
        except ClickHouseError as error:
            _log_failure(request, error, started)
            return await exchange.fail(error)
        except ConnectionError:
            log.info("query %s: its connection broke off", exchange.query_id)
            return await exchange.fail(ClickHouseError(Code.ABORTED, "The connection broke off"))
        except Exception as error:  # noqa: BLE001 - one request's fault must not look like success
            # the type alone: a message or a traceback may quote data
            log.error("query %s: unforeseen %s", exchange.query_id, type(error).__name__)
            return await exchange.fail(ClickHouseError(Code.UNKNOWN_EXCEPTION, "Internal error"))
        _log_success(request, outcome, started)
        return await exchange.finish(outcome)

    async def _run(self, request: QueryRequest, exchange: HttpExchange) -> Outcome:
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(
                self._workers, partial(execute, self._engine, request, exchange)
            )
        except asyncio.CancelledError:
            # The client is gone. Its thread notices when it next reads or writes; a statement
            # that computes does neither.
            log.info("query %s: the client went away", request.query_id)
            self._workers.submit(self._engine.kill, request.query_id)
            raise

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


async def _parameters(http: web.Request) -> tuple[list[tuple[str, str]], dict[str, bytes]]:
    """Return the parameters of the URL, then those of a multipart form; and the form's files."""
    found = list(http.query.items())
    files: dict[str, bytes] = {}
    if http.content_type != "multipart/form-data":
        return found, files
    try:
        async for part in await http.multipart():
            if not isinstance(part, BodyPartReader):
                raise ClickHouseError(Code.BAD_ARGUMENTS, "Nested forms are not supported")
            if part.filename:
                files[part.name or ""] = bytes(await part.read())
            else:
                found.append((part.name or "", await part.text()))
    except web.HTTPRequestEntityTooLarge:
        raise ClickHouseError(Code.QUERY_IS_TOO_LARGE, "A part of the form is too large") from None
    return found, files


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


def listen(host: str, port: int) -> socket.socket:
    """Take the port before anything else is started. OSError: it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=256)


async def serve(server: Server, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set; then let running requests finish, or cancel them."""
    runner = web.AppRunner(
        server.app(),
        access_log=None,
        auto_decompress=False,
        handler_cancellation=True,
        max_line_size=_MAX_URL,
        read_bufsize=READ_BUFFER,
        shutdown_timeout=1.0,
    )
    await runner.setup()
    site = web.SockSite(runner, listener)
    try:
        await site.start()
        log.info("ClickHouse HTTP interface on %s:%d", *listener.getsockname()[:2])
        await stop.wait()
        await site.stop()
        await server.drain(SHUTDOWN_SECONDS)
    finally:
        await runner.cleanup()

"""One HTTP request and its answer, as the event loop and a worker thread share them."""

from __future__ import annotations

import asyncio
import secrets
import string
from collections.abc import Coroutine
from typing import TypeVar

from aiohttp import web

from pipeline.local.clickhouse.answer import Head, Outcome
from pipeline.local.clickhouse.engine import Engine
from pipeline.local.clickhouse.exceptions import ClickHouseError
from pipeline.local.clickhouse.request import QueryRequest

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
T = TypeVar("T")


class HttpExchange:
    """One request and its answer; `read`, `start` and `write` are called by the worker thread."""

    def __init__(self, http: web.Request, engine: Engine) -> None:
        self._http = http
        self._engine = engine
        self._loop = asyncio.get_running_loop()
        self.exception_tag = "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))
        self.request: QueryRequest | None = None
        """What was asked, once that is known."""
        self.response: web.StreamResponse | None = None

    @property
    def query_id(self) -> str:
        """The query's id; `-` before the request is understood."""
        return self.request.query_id if self.request is not None else "-"

    def _await(self, work: Coroutine[None, None, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def read(self) -> bytes:
        """Return the next bytes of the body; empty at its end."""
        return self._await(self._http.content.readany())

    def refuse_body(self) -> None:
        """Break off a body that has not arrived in full; called on the event loop."""
        if not self._http.content.is_eof():
            self._http.content.set_exception(ConnectionResetError("the server is stopping"))

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

"""A TCP proxy on loopback that misbehaves on request; for HTTP it can drop a reply.

    with Proxy(listen_port, target_port) as proxy:
        proxy.refuse()                   # every connection is cut, new ones are closed at once
        proxy.stall()                    # bytes are taken and passed on to nobody
        proxy.restore()
        proxy.drop_next_replies(3)       # three INSERTs are executed, their replies never arrive
        proxy.only_table = "events"      # what is said of INSERTs holds for those into this table

It runs in a thread of its own, with its own event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import threading
from collections.abc import Callable
from enum import Enum
from types import TracebackType
from urllib.parse import unquote_plus

CHUNK = 256 * 1024
INSERT = re.compile(r"INSERT INTO (?:`?\w+`?\.)?`?(\w+)`?")
"""clickhouse-connect puts an insert's statement into the URL."""


class Mode(Enum):
    """What happens to bytes on their way."""

    PASS = "pass"
    REFUSE = "refuse"
    STALL = "stall"


class Proxy:
    """Passes bytes between a port and another one on loopback, until it is told not to."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.target = target
        self.dropped = 0
        """Replies to INSERTs that were dropped so far."""
        self.delay_seconds = 0.0
        """How long each piece of a reply is held back."""
        self.on_insert_reply: Callable[[], None] | None = None
        """Called in the proxy's thread when an INSERT was answered, before the reply goes on."""
        self.only_table: str | None = None
        """Count, drop and tell of INSERTs into this table alone."""
        self._drops_left = 0
        self._mode = Mode.PASS
        self._passing = asyncio.Event()
        self._connections: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"proxy-{port}", daemon=True)

    def refuse(self) -> None:
        """Cut all connections and accept none."""
        self._set(Mode.REFUSE)

    def stall(self) -> None:
        """Keep connections open and pass nothing on."""
        self._set(Mode.STALL)

    def restore(self) -> None:
        """Pass everything again."""
        self._set(Mode.PASS)

    def cut(self) -> None:
        """Cut all connections once; new ones are served."""
        self._loop.call_soon_threadsafe(self._cut)

    def drop_next_replies(self, count: int) -> None:
        """Let the next INSERTs be executed and their replies be lost."""
        self._loop.call_soon_threadsafe(self._set_drops, count)

    def __enter__(self) -> Proxy:
        self._thread.start()
        assert self._started.wait(10), "the proxy did not start"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    # below: the proxy's thread

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._passing.set()
        serve = asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=CHUNK)
        server = self._loop.run_until_complete(serve)
        self._started.set()
        self._loop.run_forever()
        server.close()
        self._cut()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _set(self, mode: Mode) -> None:
        self._loop.call_soon_threadsafe(self._set_mode, mode)

    def _set_mode(self, mode: Mode) -> None:
        self._mode = mode
        if mode is Mode.STALL:
            self._passing.clear()
        else:
            self._passing.set()
        if mode is Mode.REFUSE:
            self._cut()

    def _set_drops(self, count: int) -> None:
        self._drops_left = count

    def _cut(self) -> None:
        for writer in list(self._connections):
            writer.transport.abort()
        self._connections.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._mode is Mode.REFUSE:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(
                "127.0.0.1", self.target, limit=CHUNK
            )
        except OSError:
            writer.transport.abort()
            return
        self._connections |= {writer, far_writer}
        exchange = _Exchange()
        try:
            await asyncio.gather(
                self._forth(reader, far_writer, exchange),
                self._back(far_reader, writer, exchange),
            )
        except (OSError, asyncio.IncompleteReadError):
            pass  # one side is gone; both are closed below
        finally:
            for each in (writer, far_writer):
                self._connections.discard(each)
                each.transport.abort()

    async def _forth(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, exchange: _Exchange
    ) -> None:
        while data := await reader.read(CHUNK):
            exchange.inserting = exchange.inserting or self._inserts(data)
            await self._passing.wait()
            writer.write(data)
            await writer.drain()
        with contextlib.suppress(OSError):
            writer.write_eof()

    def _inserts(self, data: bytes) -> bool:
        """Tell whether `data` begins an INSERT that is of interest."""
        insert = INSERT.search(unquote_plus(data[:4096].decode("latin-1")))
        return insert is not None and self.only_table in (None, insert[1])

    async def _back(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, exchange: _Exchange
    ) -> None:
        while data := await reader.read(CHUNK):
            if exchange.inserting:
                exchange.inserting = False
                if self._drops_left:
                    self._drops_left -= 1
                    self.dropped += 1
                    raise ConnectionAbortedError
                if self.on_insert_reply is not None:
                    self.on_insert_reply()
            if self.delay_seconds:
                await asyncio.sleep(self.delay_seconds)
            await self._passing.wait()
            writer.write(data)
            await writer.drain()
        writer.transport.abort()


class _Exchange:
    """What is known of the request that is under way on a connection."""

    inserting = False

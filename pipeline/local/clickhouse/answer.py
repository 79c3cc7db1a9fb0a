"""What a request's execution gives back, and the exchange it speaks through."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import orjson


@dataclass
class Progress:
    """What a statement read and wrote so far, as X-ClickHouse-Summary reports it."""

    read_rows: int = 0
    read_bytes: int = 0
    written_rows: int = 0
    written_bytes: int = 0
    result_rows: int = 0
    result_bytes: int = 0
    elapsed_ns: int = 0

    def header(self) -> str:
        """Return the header's value: JSON with numbers as strings."""
        return orjson.dumps({name: str(value) for name, value in vars(self).items()}).decode()


@dataclass(frozen=True)
class Head:
    """What is known of the answer when it begins."""

    output_format: str
    progress: Progress
    content_encoding: str | None = None


@dataclass(frozen=True)
class Outcome:
    """A finished request: what ran, and the answer's body where it was not streamed."""

    verb: str
    head: Head
    body: bytes = b""
    streamed: bool = False


class Exchange(Protocol):
    """The HTTP exchange as a worker thread sees it: every call blocks until it is done.

    Raises `ConnectionError` when the client is gone.
    """

    @property
    def exception_tag(self) -> str:
        """Sixteen random letters that mark an exception inside a streamed answer."""
        ...

    def read(self) -> bytes:
        """Return the next bytes of the request's body; empty at its end."""
        ...

    def start(self, head: Head) -> None:
        """Begin a streamed answer."""
        ...

    def write(self, data: bytes) -> None:
        """Send part of a streamed answer."""
        ...

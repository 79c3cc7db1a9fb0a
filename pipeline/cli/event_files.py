"""Read files of events: JSON, a JSON array, NDJSON, plain or gzip, or standard input."""

from __future__ import annotations

import gzip
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

from pipeline.errors import InputError
from pipeline.events import split

_GZIP = b"\x1f\x8b"


@contextmanager
def opened(path: str) -> Iterator[BinaryIO]:
    """Open a file, or standard input for `-`; gzip is recognised by its first bytes."""
    try:
        raw = sys.stdin.buffer if path == "-" else Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from None
    source = cast(BufferedReader, raw)
    try:
        if source.peek(2)[:2] == _GZIP:
            yield cast(BinaryIO, gzip.GzipFile(fileobj=source))
        else:
            yield source
    except (gzip.BadGzipFile, zlib.error, EOFError):
        raise InputError(f"{path} is a broken gzip file") from None
    finally:
        if path != "-":
            source.close()


def messages(source: BinaryIO) -> Iterator[bytes]:
    """Yield the messages of a file, bytes untouched.

    NDJSON gives one message a line, read as it comes; an array gives one for each element; any
    other content is one message. What is wrong with a message is not judged here.
    """
    first = b""
    while not first.strip():
        first = source.readline()
        if not first:
            return
    if first.startswith(b"{") and first.rstrip().endswith(b"}"):
        yield first.rstrip(b"\r\n")
        for line in source:
            if line.strip():
                yield line.rstrip(b"\r\n")
        return
    value = first + source.read()
    if split.is_array(value):
        yield from (element.strip() for element in split.array_elements(value))
    else:
        yield from split.lines(value) or [value]

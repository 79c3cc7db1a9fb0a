"""Columns as blocks of ClickHouse's Native format, the body of an insert.

The types that make up most of a row are written by `native_columns.c`, at about an eighth of what
clickhouse-connect takes for them; all others by clickhouse-connect, a column at a time.

A block: the number of columns, of rows; for each column its name, its type, its values.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache, partial
from itertools import accumulate
from typing import Any, NamedTuple

import lz4.frame
from clickhouse_connect.datatypes.registry import get_from_name
from clickhouse_connect.driver.insert import InsertContext

from pipeline.adapters.clickhouse import native_columns
from pipeline.extensions import check_interface

check_interface(native_columns, 1)

_NUMBERS = {
    "Int8": "b",
    "UInt8": "B",
    "Int16": "h",
    "UInt16": "H",
    "Int32": "i",
    "UInt32": "I",
    "Int64": "q",
    "UInt64": "Q",
    "Float64": "d",
}
"""Types by their letter in `array`."""

_DICTIONARY_VERSION = (1).to_bytes(8, "little")

Write = Callable[[Sequence[Any]], bytes]


class Packed(NamedTuple):
    """Rows of a block, without its head, so that columns can still be added."""

    columns: int
    rows: int
    written: bytes


class Same(NamedTuple):
    """A column that has the same value in all rows."""

    name: str
    type: str
    value: Any


def pack(names: Sequence[str], types: Sequence[str], columns: Sequence[Sequence[Any]]) -> Packed:
    """Write columns of equal length.

    A value that does not fit its type raises what Python raises for it.
    """
    rows = len(columns[0])
    parts: list[bytes] = []
    for name, kind, column in zip(names, types, columns, strict=True):
        if len(column) != rows:
            raise ValueError("columns differ in length")
        written, write = _written(name, kind)
        parts += written, write(column)
    return Packed(len(columns), rows, b"".join(parts))


def body(blocks: Iterable[Packed], same: Sequence[Same] = (), *, compressed: bool = True) -> bytes:
    """Return blocks, each with the columns `same` added: as one frame of LZ4, or as they are."""
    parts = _parts(blocks, same)
    if not compressed:
        return b"".join(parts)
    packer = lz4.frame.LZ4FrameCompressor()
    return b"".join([packer.begin(), *map(packer.compress, parts), packer.flush()])


def _parts(blocks: Iterable[Packed], same: Sequence[Same]) -> Iterator[bytes]:
    for block in blocks:
        yield _size(block.columns + len(same)) + _size(block.rows)
        yield block.written
        for name, kind, value in same:
            written, write = _written(name, kind)
            yield written + write([value] * block.rows)


@lru_cache(maxsize=1024)
def _written(name: str, kind: str) -> tuple[bytes, Write]:
    """Return a column's name and type as a block has them, and what writes its values."""
    return head(name, kind), _writer(name, kind)


def head(name: str, kind: str) -> bytes:
    """Return a column's name and type as a block has them."""
    return b"".join(map(_text, (name, get_from_name(kind).insert_name)))


def _writer(name: str, kind: str) -> Write:
    inner = kind.removeprefix("Nullable(").removesuffix(")")
    if kind == "String":
        return native_columns.strings
    if kind == "LowCardinality(String)":
        return native_columns.words
    if kind in _NUMBERS or (kind == f"Nullable({inner})" and inner in _NUMBERS):
        letter, nullable = _NUMBERS[inner], kind != inner
        return lambda values: native_columns.numbers(values, letter, nullable)
    if kind == "Bool":
        return lambda values: bytes(map(bool, values))
    if kind == "Map(LowCardinality(String), UInt32)":
        return _counts
    if kind.startswith("DateTime64("):
        return partial(_times, name, kind)
    return partial(_by_clickhouse_connect, name, kind)


def _times(name: str, kind: str, values: Sequence[Any]) -> bytes:
    """Write times: integers of the type's unit, or anything else that clickhouse-connect knows."""
    if values and type(values[0]) is int:
        return native_columns.numbers(values, "q", False)
    return _by_clickhouse_connect(name, kind, values)


def _counts(values: Sequence[Mapping[str, int]]) -> bytes:
    """Write counts by word: the dictionary's version, where each row's entries end, the entries."""
    words = native_columns.words([word for counts in values for word in counts])
    numbers = native_columns.numbers(
        [number for counts in values for number in counts.values()], "I", False
    )
    ends = array("Q", accumulate(map(len, values))).tobytes()
    return (words[:8] or _DICTIONARY_VERSION) + ends + words[8:] + numbers


def _by_clickhouse_connect(name: str, kind: str, values: Sequence[Any]) -> bytes:
    column = get_from_name(kind)
    context = InsertContext("", [name], [column])
    context.start_column(name)
    written = bytearray()
    column.write_column(values, written, context)
    return bytes(written)


def _text(text: str) -> bytes:
    encoded = text.encode()
    return _size(len(encoded)) + encoded


def _size(number: int) -> bytes:
    """Return a number as LEB128: seven bits a byte, the lowest first."""
    written = bytearray()
    while number > 0x7F:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    written.append(number)
    return bytes(written)

"""The Native format as clients with a protocol version expect it.

A client that sends `client_protocol_version` (clickhouse-go over HTTP, and Grafana with it) reads
blocks as they are on the TCP protocol: a block information in front of each block, and a byte that
says "no custom serialization" behind each column's type. The embedded engine writes blocks without
either. To find where a column ends, its values must be stepped over by type.

Layouts follow ClickHouse's src/Formats/NativeWriter.cpp and src/DataTypes/Serializations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.sql import Token, tokens

CUSTOM_SERIALIZATION_REVISION = 54454
"""From this protocol version on a block looks like this (DBMS_MIN_REVISION_WITH_CUSTOM_…)."""

JSON_AS_TEXT_SETTING = "output_format_native_write_json_as_string"
"""Without it the values of a JSON column cannot be stepped over."""

# field 1: no overflow rows; field 2: bucket number -1; end
_BLOCK_INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"
_NO_CUSTOM_SERIALIZATION = b"\x00"

_WIDTHS = {
    **dict.fromkeys(("Int8", "UInt8", "Bool", "Enum8", "Nothing"), 1),
    **dict.fromkeys(("Int16", "UInt16", "Enum16", "Date", "BFloat16"), 2),
    **dict.fromkeys(("Int32", "UInt32", "Float32", "Date32", "DateTime", "IPv4", "Time"), 4),
    **dict.fromkeys(("Int64", "UInt64", "Float64", "DateTime64", "Time64"), 8),
    **dict.fromkeys(("Int128", "UInt128", "UUID", "IPv6"), 16),
    **dict.fromkeys(("Int256", "UInt256"), 32),
}
_DECIMAL_WIDTHS = ((9, 4), (18, 8), (38, 16), (76, 32))
_ALIASES = {
    "Point": "Tuple(Float64, Float64)",
    "Ring": "Array(Point)",
    "LineString": "Array(Point)",
    "MultiPoint": "Array(Point)",
    "Polygon": "Array(Ring)",
    "MultiLineString": "Array(LineString)",
    "MultiPolygon": "Array(Polygon)",
}
_JSON_AS_TEXT = 1
_KEY_WIDTH_MASK = 0xFF

Skip = Callable[[bytes, int, int], int]
"""(block, position, rows) -> position behind the column's values."""


def rewrite(data: bytes) -> bytes:
    """Return whole Native blocks as a client of protocol version 54454 or later reads them.

    Raises `ClickHouseError` for a type whose values cannot be stepped over.
    """
    parts: list[bytes] = []
    at = 0
    while at < len(data):
        parts.append(_BLOCK_INFO)
        start = at
        columns, at = _varint(data, at)
        rows, at = _varint(data, at)
        for _ in range(columns):
            _, at = _text(data, at)
            type_name, at = _text(data, at)
            parts += [data[start:at], _NO_CUSTOM_SERIALIZATION]
            start = at
            if rows:
                prefix, values = _layout(type_name.decode())
                at = values(data, prefix(data, at, rows), rows)
        parts.append(data[start:at])
    return b"".join(parts)


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while data[at] >= 0x80:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
    return value | data[at] << shift, at + 1


def _text(data: bytes, at: int) -> tuple[bytes, int]:
    length, at = _varint(data, at)
    return data[at : at + length], at + length


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 8], "little")


def _nothing(_: bytes, at: int, __: int) -> int:
    return at


@lru_cache(maxsize=1024)
def _layout(name: str) -> tuple[Skip, Skip]:
    """Return how to step over a type's state prefix and over its values."""
    name = _ALIASES.get(name, name)
    base, arguments = _split_type(name)
    if base in _WIDTHS or base.startswith("Interval"):
        width = _WIDTHS.get(base, 8)
        return _nothing, lambda _, at, rows: at + rows * width
    if base == "Decimal":
        digits = int(arguments[0])
        width = next(
            size for limit, size in ((9, 4), (18, 8), (38, 16), (76, 32)) if digits <= limit
        )
        return _nothing, lambda _, at, rows: at + rows * width
    if base == "FixedString":
        width = int(arguments[0])
        return _nothing, lambda _, at, rows: at + rows * width
    if base == "String":
        return _nothing, _skip_strings
    if base == "JSON":
        return _skip_json_prefix, _skip_strings
    if base == "SimpleAggregateFunction":
        return _layout(arguments[1])
    if base == "Nullable":
        prefix, values = _layout(arguments[0])
        return prefix, lambda data, at, rows: values(data, at + rows, rows)
    if base == "LowCardinality":
        return _low_cardinality(arguments[0])
    if base in ("Array", "Map", "Nested"):
        elements = arguments[0] if base == "Array" else f"Tuple({', '.join(arguments)})"
        return _array(elements)
    if base == "Tuple":
        return _tuple(arguments)
    raise ClickHouseError(
        Code.NOT_IMPLEMENTED, f"Type {base} in the Native format of client_protocol_version"
    )


def _skip_strings(data: bytes, at: int, rows: int) -> int:
    for _ in range(rows):
        length = data[at]
        if length < 0x80:
            at += 1 + length
        else:
            length, at = _varint(data, at)
            at += length
    return at


def _skip_json_prefix(data: bytes, at: int, _: int) -> int:
    if _number(data, at) != _JSON_AS_TEXT:
        raise ClickHouseError(
            Code.NOT_IMPLEMENTED, "JSON needs output_format_native_write_json_as_string"
        )
    return at + 8


def _low_cardinality(dictionary: str) -> tuple[Skip, Skip]:
    base, arguments = _split_type(dictionary)
    _, keys = _layout(arguments[0] if base == "Nullable" else dictionary)

    def values(data: bytes, at: int, rows: int) -> int:
        if not rows:
            return at
        width = 1 << (_number(data, at) & _KEY_WIDTH_MASK)
        at = keys(data, at + 16, _number(data, at + 8))
        return at + 8 + _number(data, at) * width

    return lambda _, at, __: at + 8, values


def _array(elements: str) -> tuple[Skip, Skip]:
    prefix, skip = _layout(elements)

    def values(data: bytes, at: int, rows: int) -> int:
        if not rows:
            return at
        at += 8 * rows
        return skip(data, at, _number(data, at - 8))

    return prefix, values


def _tuple(elements: list[str]) -> tuple[Skip, Skip]:
    layouts = [_layout(element) for element in elements]

    def prefix(data: bytes, at: int, rows: int) -> int:
        for skip, _ in layouts:
            at = skip(data, at, rows)
        return at

    def values(data: bytes, at: int, rows: int) -> int:
        for _, skip in layouts:
            at = skip(data, at, rows)
        return at

    return prefix, values


def _split_type(name: str) -> tuple[str, list[str]]:
    """Split `Map(String, Array(UInt8))` into Map and its arguments, without names of elements."""
    text = name.encode()
    found = list(tokens(text))
    arguments: list[str] = []
    part: list[Token] = []
    for token in found[2:]:
        if part and (token is found[-1] or (token.text == b"," and token.depth == 1)):
            named = len(part) > 1 and part[0].kind in ("word", "quoted") and part[1].text != b"("
            first = part[1] if named else part[0]
            arguments.append(text[first.start : part[-1].end].decode())
            part = []
        else:
            part.append(token)
    return found[0].text.decode(), arguments

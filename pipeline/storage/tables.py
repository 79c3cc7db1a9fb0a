"""The tables the sink writes: their columns, and how records become columns.

A `Table` turns parsed records into columns, one list for each column, in the order of `names`.
The declarations here and schemas/clickhouse/*.sql belong together; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from typing import Any

import orjson

Record = dict[str, Any]
Values = list[Any]
_Fields = tuple[list[int], Callable[[Record], tuple[Any, ...]], Record]
"""Places of columns, what takes their values from an object, and the object without any."""


BLOCK = 256
"""Records whose values are taken in one go.

Every column is a walk over all records of a block; those of a larger one do not stay in the
processor's cache from one column to the next, which makes each value three times as dear.
"""


@dataclass(frozen=True)
class Column:
    """One column: its name and type in ClickHouse, and where in a record its values stand."""

    name: str
    type: str
    take: Callable[[Sequence[Record]], Values] | None = None
    """How they are taken from whole records; None: they are those of `field`."""
    field: str = ""
    """A field that may be absent, or that every record has if it is `inside` another."""
    inside: str = ""
    """The object that has the field; empty: the record itself."""
    finish: Callable[[Sequence[Any]], Values] = list
    """From the values as they were found, None for an absent one, to those of the column."""


@dataclass(frozen=True)
class Table:
    """A table that the sink fills from one topic."""

    name: str
    columns: tuple[Column, ...]

    @cached_property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]

    @cached_property
    def types(self) -> list[str]:
        """The columns' ClickHouse types, in order."""
        return [column.type for column in self.columns]

    def to_columns(self, records: Sequence[Record]) -> list[Values]:
        """Return one list of values for each column; `records` are rows in order."""
        columns: list[Values] = [[] for _ in self.columns]
        for first in range(0, len(records), BLOCK):
            block = records[first : first + BLOCK]
            for place, values in self._taken(block):
                columns[place] += values
        return columns

    def _taken(self, block: Sequence[Record]) -> Iterator[tuple[int, Values]]:
        for place, column in enumerate(self.columns):
            if column.take is not None:
                yield place, column.take(block)
        for outer, (places, get, absent) in self._fields.items():
            if outer:
                rows = [get(record[outer]) for record in block]
            else:
                # one dictionary that has every field, instead of a question for each
                rows = [get(absent | record) for record in block]
            for place, values in zip(places, zip(*rows, strict=True), strict=False):
                yield place, self.columns[place].finish(values)

    @cached_property
    def _fields(self) -> dict[str, _Fields]:
        """By the object they stand in: the columns that are a field."""
        found: dict[str, _Fields] = {}
        plain = [(n, column) for n, column in enumerate(self.columns) if column.take is None]
        for outer in dict.fromkeys(column.inside for _, column in plain):
            of_outer = [(n, column.field) for n, column in plain if column.inside == outer]
            names = [name for _, name in of_outer]
            # with one name alone it would not return a tuple
            get = itemgetter(*names, names[0])
            found[outer] = [n for n, _ in of_outer], get, dict.fromkeys(names)
        return found


# -- what stands in a field: an absent text is '', an absent number NULL


def text(name: str, *, low_cardinality: bool = False) -> Column:
    """Declare a text field of the same name."""
    kind = "LowCardinality(String)" if low_cardinality else "String"
    return Column(name, kind, field=name, finish=lambda values: [value or "" for value in values])


def word(name: str) -> Column:
    """Declare a text field with few different values."""
    return text(name, low_cardinality=True)


def number(name: str, kind: str) -> Column:
    """Declare a number that may be unknown."""
    return Column(name, f"Nullable({kind})", field=name)


def count(name: str, kind: str) -> Column:
    """Declare a number that is 0 where it is absent."""
    return Column(name, kind, field=name, finish=lambda values: [value or 0 for value in values])


def json_text(name: str) -> Column:
    """Declare a field of any JSON value; text is kept as it is, everything else as JSON."""
    return Column(name, "String", field=name, finish=_as_texts)


def inside(outer: str, field: str, name: str, kind: str) -> Column:
    """Declare `record[outer][field]`, which every record has."""
    return Column(name, kind, field=field, inside=outer)


def _as_texts(values: Sequence[Any]) -> Values:
    return ["" if value is None else _as_text(value) for value in values]


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _times(records: Sequence[Record]) -> Values:
    parse = datetime.fromisoformat
    return [parse(record["ts"]) for record in records]


def _nanodollars(records: Sequence[Record]) -> Values:
    return [
        None if cost is None else round(cost * 1e9)
        for cost in [record.get("cost_usd") for record in records]
    ]


# -- the coordinates that every row has; the sink puts them into a record under "at"

COORDINATES = (
    inside("at", "cluster", "cluster", "LowCardinality(String)"),
    inside("at", "topic", "topic", "LowCardinality(String)"),
    inside("at", "partition", "partition", "UInt32"),
    inside("at", "offset", "offset", "UInt64"),
    # milliseconds since the epoch
    inside("at", "lease_until", "lease_until", "DateTime64(3, 'UTC')"),
    inside("source", "topic", "source_topic", "LowCardinality(String)"),
    inside("source", "partition", "source_partition", "UInt32"),
    inside("source", "offset", "source_offset", "UInt64"),
    inside("source", "index", "source_index", "UInt32"),
)

_EVENT_FIELDS = (
    text("event_id"),
    word("event_type"),
    text("trace_id"),
    text("session_id"),
    text("span_id"),
    text("parent_span_id"),
    Column("ts", "DateTime64(6, 'UTC')", _times),
    word("agent_name"),
    word("release_version"),
    text("task_id"),
    word("workflow"),
    word("tenant_id"),
    text("user_id"),
    word("environment"),
    word("capability_tier"),
    number("latency_ms", "Float64"),
    word("status"),
    word("error_type"),
    text("error_message"),
    word("provider"),
    word("model_requested"),
    word("model_version"),
    word("prompt_id"),
    word("prompt_version"),
    number("tokens_in", "UInt64"),
    number("tokens_out", "UInt64"),
    number("tokens_cache_read", "UInt64"),
    number("tokens_cache_write", "UInt64"),
    number("tokens_reasoning", "UInt64"),
    word("cost_source"),
    json_text("messages"),
    text("query"),
    json_text("documents"),
    word("tool_name"),
    text("call_id"),
    count("attempt", "UInt16"),
    word("effect"),
    number("amount_spent", "Float64"),
    word("currency"),
    json_text("arguments"),
    json_text("result"),
    word("outcome"),
    text("outcome_reason"),
    json_text("attributes"),
)

_WITH_A_COLUMN = frozenset(column.name for column in _EVENT_FIELDS) | {
    "schema_version",
    "cost_usd",
    "redaction",
    "source",
    "at",
}


def _details(records: Sequence[Record]) -> Values:
    return [_rest(record) for record in records]


def _rest(record: Record) -> str:
    names = [name for name in record if name not in _WITH_A_COLUMN]
    return orjson.dumps({name: record[name] for name in names}).decode() if names else ""


EVENTS = Table(
    "events",
    (
        *_EVENT_FIELDS,
        Column("cost_nanousd", "Nullable(Int64)", _nanodollars),
        Column("details", "String", _details),
        inside("redaction", "version", "redaction_version", "LowCardinality(String)"),
        inside("redaction", "policy", "redaction_policy", "LowCardinality(String)"),
        inside("redaction", "tier", "redaction_tier", "LowCardinality(String)"),
        inside("redaction", "counts", "redaction_counts", "Map(LowCardinality(String), UInt32)"),
        inside("redaction", "quarantined", "quarantined", "UInt16"),
        inside("redaction", "verified", "verified", "Bool"),
        *COORDINATES,
    ),
)

DEAD_LETTERS = Table(
    "dead_letters",
    (
        text("dead_letter_id"),
        word("kind"),
        word("stage"),
        word("reason"),
        text("detail"),
        word("event_type"),
        text("event_id"),
        count("size_bytes", "UInt64"),
        Column("ts", "DateTime64(6, 'UTC')", _times),
        json_text("payload"),
        *COORDINATES,
    ),
)

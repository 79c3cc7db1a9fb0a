"""The tables the sink writes: their columns, and how records become columns.

A `Table` turns parsed records into columns, one list for each column, in the order of `names`.
The declarations here and schemas/clickhouse/*.sql belong together; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pipeline.extensions import check_interface
from pipeline.storage import fields, taking

check_interface(taking, 1)

Record = dict[str, Any]
Values = list[Any]


BLOCK = 512
"""Records whose values are taken in one go.

What is taken from whole records is a walk over all of a block; those of a larger one do not stay in
the processor's cache until the next walk.
"""


@dataclass(frozen=True)
class Column:
    """One column: its name and type in ClickHouse, and where in a record its values stand."""

    name: str
    type: str
    take: Callable[[list[Record]], Values] | None = None
    """How they are taken from whole records; None: they are those of `field`."""
    field: str = ""
    inside: str = ""
    """The object that has the field; empty: the record itself."""
    default: object = None
    """What stands for an absent value, as `taking.take` has it."""
    finish: Callable[[Values], Values] | None = None
    """From the values as they were found to those of the column."""


@dataclass(frozen=True)
class _Fields:
    """Columns that are fields of the same object: their places among all, names and defaults."""

    places: list[int]
    names: tuple[str, ...]
    defaults: tuple[object, ...]


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

    def without(self, left_out: Column) -> Table:
        """Return the table as if it had no such column."""
        return Table(self.name, tuple(each for each in self.columns if each is not left_out))

    def to_columns(self, records: list[Record]) -> list[Values]:
        """Return one list of values for each column; `records` are rows in order."""
        columns: list[Values] = [[] for _ in self.columns]
        for first in range(0, len(records), BLOCK):
            self._take(records[first : first + BLOCK], columns)
        return columns

    def _take(self, block: list[Record], columns: list[Values]) -> None:
        for place, column in enumerate(self.columns):
            if column.take is not None:
                columns[place] += column.take(block)
        for outer, found in self._fields.items():
            objects = [record[outer] for record in block] if outer else block
            taken = taking.take(objects, found.names, found.defaults)
            for place, values in zip(found.places, taken, strict=True):
                finish = self.columns[place].finish
                columns[place] += values if finish is None else finish(values)

    @cached_property
    def _fields(self) -> dict[str, _Fields]:
        """By the object they stand in: the columns that are a field."""
        plain = [(n, column) for n, column in enumerate(self.columns) if column.take is None]
        found = {}
        for outer in dict.fromkeys(column.inside for _, column in plain):
            of_outer = [(n, column) for n, column in plain if column.inside == outer]
            found[outer] = _Fields(
                [n for n, _ in of_outer],
                tuple(column.field for _, column in of_outer),
                tuple(column.default for _, column in of_outer),
            )
        return found


# -- what stands in a field: an absent text is '', an absent number NULL


def text(name: str, *, low_cardinality: bool = False) -> Column:
    """Declare a text field of the same name."""
    kind = "LowCardinality(String)" if low_cardinality else "String"
    return Column(name, kind, field=name, default="")


def word(name: str) -> Column:
    """Declare a text field with few different values."""
    return text(name, low_cardinality=True)


def number(name: str, kind: str) -> Column:
    """Declare a number that may be unknown."""
    return Column(name, f"Nullable({kind})", field=name)


def count(name: str, kind: str) -> Column:
    """Declare a number that is 0 where it is absent."""
    return Column(name, kind, field=name, default=0)


def short_count(name: str, outer: str = "", default: object = 0) -> Column:
    """Declare a number of 16 bits, 0 where it is absent and the greatest where it is greater."""
    return Column(
        name, "UInt16", field=name, inside=outer, default=default, finish=fields.short_counts
    )


def json_text(name: str) -> Column:
    """Declare a field of any JSON value; text is kept as it is, everything else as JSON."""
    return Column(name, "String", field=name, finish=fields.json_texts)


def time(name: str) -> Column:
    """Declare a field that holds an ISO time."""
    return Column(name, "DateTime64(6, 'UTC')", field=name, default=..., finish=fields.microseconds)


def inside(outer: str, field: str, name: str, kind: str) -> Column:
    """Declare `record[outer][field]`, which every record has."""
    return Column(name, kind, field=field, inside=outer, default=...)


# -- the coordinates that every row has; the sink puts them into a record under "at"

LEASE_UNTIL = inside("at", "lease_until", "lease_until", "DateTime64(3, 'UTC')")
"""Milliseconds since the epoch."""

COORDINATES = (
    inside("at", "cluster", "cluster", "LowCardinality(String)"),
    inside("at", "topic", "topic", "LowCardinality(String)"),
    inside("at", "partition", "partition", "UInt32"),
    inside("at", "offset", "offset", "UInt64"),
    LEASE_UNTIL,
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
    time("ts"),
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
    short_count("attempt"),
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


EVENTS = Table(
    "events",
    (
        *_EVENT_FIELDS,
        Column("cost_nanousd", "Nullable(Int64)", field="cost_usd", finish=fields.nanodollars),
        Column("details", "String", fields.Unnamed(_WITH_A_COLUMN)),
        inside("redaction", "version", "redaction_version", "LowCardinality(String)"),
        inside("redaction", "policy", "redaction_policy", "LowCardinality(String)"),
        inside("redaction", "tier", "redaction_tier", "LowCardinality(String)"),
        inside("redaction", "counts", "redaction_counts", "Map(LowCardinality(String), UInt32)"),
        short_count("quarantined", "redaction", default=...),
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
        time("ts"),
        json_text("payload"),
        *COORDINATES,
    ),
)

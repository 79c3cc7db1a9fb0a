"""The tables the sink writes: their columns, and how records become columns.

A `Table` turns parsed records into columns, one list for each column, in the order of `names`.
The declarations here and schemas/clickhouse/*.sql belong together; a test compares them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import orjson

Record = dict[str, Any]
Values = list[Any]


@dataclass(frozen=True)
class Column:
    """One column: its name and type in ClickHouse and how its values are taken from records."""

    name: str
    type: str
    take: Callable[[Sequence[Record]], Values]


@dataclass(frozen=True)
class Table:
    """A table that the sink fills from one topic."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> list[str]:
        """The columns' names, in order."""
        return [column.name for column in self.columns]

    @property
    def types(self) -> list[str]:
        """The columns' ClickHouse types, in order."""
        return [column.type for column in self.columns]

    def to_columns(self, records: Sequence[Record]) -> list[Values]:
        """Return one list of values for each column; `records` are rows in order."""
        return [column.take(records) for column in self.columns]


# -- what stands in a field: an absent text is '', an absent number NULL


def text(name: str, *, low_cardinality: bool = False) -> Column:
    """Declare a text field of the same name."""
    kind = "LowCardinality(String)" if low_cardinality else "String"
    return Column(name, kind, lambda records: [record.get(name) or "" for record in records])


def word(name: str) -> Column:
    """Declare a text field with few different values."""
    return text(name, low_cardinality=True)


def number(name: str, kind: str) -> Column:
    """Declare a number that may be unknown."""
    return Column(
        name, f"Nullable({kind})", lambda records: [record.get(name) for record in records]
    )


def count(name: str, kind: str) -> Column:
    """Declare a number that is 0 where it is absent."""
    return Column(name, kind, lambda records: [record.get(name) or 0 for record in records])


def json_text(name: str) -> Column:
    """Declare a field of any JSON value; text is kept as it is, everything else as JSON."""
    return Column(
        name, "String", lambda records: [_as_text(record.get(name)) for record in records]
    )


def inside(outer: str, field: str, name: str, kind: str) -> Column:
    """Declare `record[outer][field]`, which every record has."""
    get_outer, get_field = itemgetter(outer), itemgetter(field)
    return Column(name, kind, lambda records: [get_field(get_outer(record)) for record in records])


def _as_text(value: Any) -> str:
    if value is None:
        return ""
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
    rest = [
        {name: value for name, value in record.items() if name not in _WITH_A_COLUMN}
        for record in records
    ]
    return [orjson.dumps(fields).decode() if fields else "" for fields in rest]


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

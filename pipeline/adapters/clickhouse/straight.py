"""Rows of a table straight from the JSON of its records, without an object in between.

Only of records as a redactor writes them, which is how orjson does: `json_rows.c` says so of each,
and all others go the general way, by `pipeline.storage.rows`, `Table.to_columns` and `native.pack`.
Both ways write the same bytes for the same record.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from pipeline.adapters.clickhouse import json_rows
from pipeline.adapters.clickhouse.native import Packed, head
from pipeline.extensions import check_interface
from pipeline.storage import fields
from pipeline.storage.tables import Column, Table

check_interface(json_rows, 1)

_OBJECTS = {"": 0, "source": 1, "redaction": 2, "at": 4}
"""The objects that columns stand in, by the numbers of json_record.h."""
_NO_COLUMN, _OBJECT = "-", "{"
_KINDS = {
    "String": "t",
    "LowCardinality(String)": "w",
    "Nullable(Float64)": "f",
    "Nullable(UInt64)": "n",
    "UInt32": "4",
    "UInt64": "8",
    "Map(LowCardinality(String), UInt32)": "c",
    "Bool": "v",
}
_KINDS_OF_FINISH: dict[object, str] = {
    fields.json_texts: "j",
    fields.microseconds: "m",
    fields.nanodollars: "d",
    fields.short_counts: "2",
}

Field = tuple[int, str, str, bool, bytes]


class StraightRows:
    """Gathers rows of a table whose records have an `event_id` and were verified."""

    def __init__(self, fields: tuple[Field, ...], columns: int) -> None:
        """Take what `rows_of` has found."""
        self._columns = columns
        self._rows = json_rows.JsonRows(fields)
        self.read = self._rows.read
        """Read a record: its id and its place in the input; None: it goes the general way."""
        self.keep = self._rows.keep
        """Make what was read last a row: cluster, topic, partition and offset are given."""

    def pack(self) -> Packed:
        """Return the rows as a block, and begin the next one."""
        count = len(self._rows)
        return Packed(self._columns, count, self._rows.take())


def rows_of(table: Table) -> Callable[[], StraightRows]:
    """Return what makes rows of `table`, with all its columns."""
    found = [_field_of(column) for column in table.columns]
    for column in table.columns:
        if isinstance(column.take, fields.Unnamed):
            named = {name for place, name, *_ in found if place == 0}
            found += [_other(name) for name in sorted(column.take.named - named)]
    return partial(StraightRows, tuple(found), len(table.columns))


def _field_of(column: Column) -> Field:
    place = _OBJECTS[column.inside]
    if isinstance(column.take, fields.Unnamed):
        kind = "r"
    elif column.finish is not None:
        kind = _KINDS_OF_FINISH[column.finish]
    else:
        kind = _KINDS[column.type]
    # where a record stands is not in the record; and one without its id becomes no row
    needed = (column.default is ... and column.inside != "at") or column.field == "event_id"
    return place, column.field, kind, needed, head(column.name, column.type)


def _other(name: str) -> Field:
    place = _OBJECTS.get(name, 0)
    if name == "at" or place == 0:
        return 0, name, _NO_COLUMN, False, b""
    return place, name, _OBJECT, True, b""

"""From values as they stand in records to those of columns: compiled, since each is a walk."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson

from pipeline.amounts import MOST_SHORT, bounded

MOST_SHAPES = 1_024
"""Different lists of fields that are remembered."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def json_texts(values: list[Any]) -> list[Any]:
    """Return text as it is, all else as JSON, and what is absent as ''."""
    found: list[Any] = []
    for value in values:
        if value is None:
            value = ""
        elif not isinstance(value, str):
            value = orjson.dumps(value)
        found.append(value)
    return found


def microseconds(values: list[Any]) -> list[Any]:
    """Return ISO times as microseconds since the epoch."""
    found: list[Any] = []
    parse = datetime.fromisoformat
    for value in values:
        since = parse(value) - _EPOCH
        seconds: int = since.days * 86_400 + since.seconds
        found.append(seconds * 1_000_000 + since.microseconds)
    return found


def nanodollars(values: list[Any]) -> list[Any]:
    """Return dollars in billionths, so that sums are exact; up to the bound of amounts."""
    return [None if cost is None else bounded(round(cost * 1e9)) for cost in values]


def short_counts(values: list[Any]) -> list[Any]:
    """Return counts of 16 bits; more is the most that these hold."""
    return [min(value, MOST_SHORT) for value in values]


class Unnamed:
    """Takes the fields that are not among `named`, as one JSON object; '' where there are none.

    Events of a type mostly have the same fields: which of them are left is looked up.
    """

    def __init__(self, named: frozenset[str]) -> None:
        self.named = named
        self._left: dict[tuple[str, ...], list[str]] = {}

    def __call__(self, records: list[dict[str, Any]]) -> list[Any]:
        """Return one text for each record."""
        found: list[Any] = []
        for record in records:
            names = tuple(record)
            left = self._left.get(names)
            if left is None:
                left = self._learn(names)
            found.append(orjson.dumps({name: record[name] for name in left}) if left else "")
        return found

    def _learn(self, names: tuple[str, ...]) -> list[str]:
        if len(self._left) >= MOST_SHAPES:
            self._left.clear()
        left = [name for name in names if name not in self.named]
        self._left[names] = left
        return left

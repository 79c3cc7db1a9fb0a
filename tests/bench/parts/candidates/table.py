"""The table that the simple candidates fill: what everybody asks for, and the event as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from pipeline.adapters.clickhouse import Client

COLUMNS = (
    ("event_id", "String"),
    ("event_type", "LowCardinality(String)"),
    ("session_id", "String"),
    ("ts", "DateTime64(6, 'UTC')"),
    ("agent_name", "LowCardinality(String)"),
    ("tokens_in", "Nullable(UInt64)"),
    ("latency_ms", "Nullable(Float64)"),
    ("body", "String"),
)


class SimpleTable:
    """A MergeTree table of one candidate, made when it is first needed."""

    def __init__(self, client: Client, name: str) -> None:
        self._client = client
        self._name = name
        self._inserts = 0
        columns = ", ".join(f"{column} {kind}" for column, kind in COLUMNS)
        client.command(f"CREATE TABLE {name} ({columns}) ENGINE = MergeTree ORDER BY session_id")

    def insert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Insert parsed events as columns."""
        self._inserts += 1
        self._client.insert(
            self._name,
            [name for name, _ in COLUMNS],
            [kind for _, kind in COLUMNS],
            [
                [row["event_id"] for row in rows],
                [row["event_type"] for row in rows],
                [row["session_id"] for row in rows],
                [datetime.fromisoformat(row["ts"]) for row in rows],
                [row["agent_name"] for row in rows],
                [row.get("tokens_in") for row in rows],
                [row.get("latency_ms") for row in rows],
                [orjson.dumps(row).decode() for row in rows],
            ],
            token=f"{self._name}-{self._inserts}",
        )

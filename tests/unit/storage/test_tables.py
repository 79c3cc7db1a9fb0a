"""Records become columns that fit the tables of schemas/clickhouse."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.amounts import MOST_AMOUNT
from pipeline.storage.rows import Refusal, read_dead_letter, read_event, source_of
from pipeline.storage.tables import DEAD_LETTERS, EVENTS, Table

SQL = Path(__file__).parents[3] / "schemas" / "clickhouse" / "0002_events.sql"

EVENT: dict[str, Any] = {
    "schema_version": 1,
    "event_id": "e1",
    "event_type": "tool_call",
    "trace_id": "t1",
    "session_id": "s1",
    "span_id": "p1",
    "ts": "2026-11-01T10:00:00.250000Z",
    "agent_name": "refunds",
    "release_version": "r1",
    "tool_name": "get_order",
    "arguments": {"order": "A-1"},
    "result": "done",
    "cost_usd": 0.0000025,
    "step_index": 4,
    "redaction": {
        "version": "1",
        "policy": "default@1",
        "tier": "fast",
        "verified": True,
        "counts": {"PERSON": 2},
        "quarantined": 0,
    },
    "source": {"topic": "agent.events.raw", "partition": 3, "offset": 9, "index": 0},
    "at": {
        "cluster": "c",
        "topic": "agent.events.clean",
        "partition": 1,
        "offset": 5,
        "lease_until": 1_800_000_000_000,
    },
}


def columns_in_sql(table: str) -> dict[str, str]:
    """Names and types of the columns that `table` stores, as the migration declares them."""
    body = re.search(
        rf"CREATE TABLE IF NOT EXISTS {{database}}\.{table}\n\((.*?)\n\)\nENGINE",
        SQL.read_text(encoding="utf-8"),
        re.DOTALL,
    )
    assert body is not None
    found = {}
    for line in body[1].splitlines():
        declared = re.match(r"    ([a-z_]+) +((?:[A-Z]\w*)(?:\(.*\))?)", line)
        if declared and " ALIAS " not in line and " DEFAULT now64" not in line:
            found[declared[1]] = re.sub(r" CODEC\(.*| DEFAULT .*", "", declared[2]).rstrip(",")
    return found


@pytest.mark.parametrize("table", [EVENTS, DEAD_LETTERS], ids=lambda table: table.name)
def test_the_declaration_and_the_migration_agree(table: Table) -> None:
    assert dict(zip(table.names, table.types, strict=True)) == columns_in_sql(table.name)


def row_of(table: Table, record: dict[str, Any]) -> dict[str, Any]:
    return {
        name: column[0]
        for name, column in zip(table.names, table.to_columns([record]), strict=True)
    }


def test_fields_without_a_column_are_kept_in_details() -> None:
    assert orjson.loads(row_of(EVENTS, EVENT)["details"]) == {"step_index": 4}


def test_absent_text_is_empty_and_absent_numbers_are_null() -> None:
    row = row_of(EVENTS, EVENT)
    assert row["workflow"] == ""
    assert row["tokens_in"] is None
    assert row["latency_ms"] is None


def test_json_values_are_stored_as_json_and_text_as_it_is() -> None:
    row = row_of(EVENTS, EVENT)
    assert row["arguments"] == b'{"order":"A-1"}'
    assert row["result"] == "done"


def test_money_is_stored_in_billionths() -> None:
    assert row_of(EVENTS, EVENT)["cost_nanousd"] == 2500


def test_more_than_a_column_holds_is_the_most_that_it_holds() -> None:
    redaction = EVENT["redaction"] | {"quarantined": 70_000}
    row = row_of(EVENTS, EVENT | {"cost_usd": 1e12, "attempt": 1_000_000, "redaction": redaction})
    assert row["cost_nanousd"] == MOST_AMOUNT
    assert row["attempt"] == row["quarantined"] == 65_535


def test_an_unverified_record_is_refused() -> None:
    unverified = EVENT | {"redaction": EVENT["redaction"] | {"verified": False}}
    for record in (unverified, EVENT | {"redaction": {}}, EVENT | {"redaction": None}):
        refusal = read_event(orjson.dumps(record))
        assert isinstance(refusal, Refusal)
        assert refusal.reason == "not_verified"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "not_json"),
        (b"{", "not_json"),
        (b"[1]", "not_an_object"),
        (b'{"source": {"topic": "x"}}', "no_source"),
    ],
)
def test_what_is_no_record_of_ours_is_refused(value: bytes | None, reason: str) -> None:
    refusal = read_event(value)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == reason


def test_a_dead_letter_is_placed_by_the_coordinates_of_its_input() -> None:
    source = {"topic": "agent.events.raw", "partition": 2, "offset": 7, "index": 1}
    record = read_dead_letter(orjson.dumps({"source": source, "kind": "event"}))
    assert isinstance(record, dict)
    assert source_of(record) == ("agent.events.raw", 2, 7, 1)

"""The tables of tasks, windows and alerts: rows that replace themselves, see 0003_control.sql."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.storage.rows import Refusal, parse
from pipeline.storage.tables import Column, Record, Table, Values, count, json_text, text, word

_TIME = "DateTime64(3, 'UTC')"
_LABELS = "Map(LowCardinality(String), String)"
_NUMBERS = "Map(LowCardinality(String), Float64)"
MEASURES = (
    "latency_ms",
    "tokens",
    "cost_usd",
    "task_tokens",
    "task_cost_usd",
    "task_duration_ms",
)
"""What has a digest of its own."""


def read_task(value: bytes | None) -> dict[str, Any] | Refusal | None:
    """Parse a record of agent.tasks; None for one that is no summary."""
    record = parse(value)
    if isinstance(record, Refusal):
        return record
    return record if record.get("kind") == "summary" else None


def read_record(value: bytes | None) -> dict[str, Any] | Refusal | None:
    """Parse a record of agent.windows or agent.alerts; None where it takes one back."""
    return None if value is None else parse(value)


def _column(name: str, kind: str, of: Callable[[Record], Any]) -> Column:
    def take(records: list[Record]) -> Values:
        return [of(record) for record in records]

    return Column(name, kind, take)


def _same(name: str, kind: str) -> Column:
    return _column(name, kind, lambda record: record[name])


def _millis(name: str, field: str) -> Column:
    """Declare a time from a field of whole milliseconds, which is what DateTime64(3) holds."""
    return _column(name, _TIME, lambda record: int(record[field]))


def _seconds(name: str) -> Column:
    return _column(name, _TIME, lambda record: round(record[name] * 1000))


def _seconds_or_null(name: str) -> Column:
    def of(record: Record) -> int | None:
        seconds = record[name]
        return None if seconds is None else round(seconds * 1000)

    return _column(name, f"Nullable({_TIME})", of)


def _by_measure(name: str, field: str, kind: str) -> Column:
    """Declare a map from measure to one of its statistics; unknown ones are left out."""

    def of(record: Record) -> dict[str, Any]:
        return {
            measure: found[field]
            for measure, found in record["measures"].items()
            if found[field] is not None
        }

    return _column(name, kind, of)


def _centroids(measure: str, part: str, kind: str) -> Column:
    def of(record: Record) -> list[Any]:
        found = record["measures"].get(measure)
        return found[part] if found else []

    return _column(f"{measure}_{part}", kind, of)


def _key_of(record: Record) -> str:
    dimension = record["dimension"]
    return "\x1f".join((dimension["kind"], *dimension["labels"].values()))


_VERSION = _column("version", "UInt64", lambda record: record["at"]["timestamp"])

TASKS = Table(
    "tasks",
    (
        text("id"),
        _millis("opened", "opened_ms"),
        text("session_id"),
        text("task_id"),
        text("trace_id"),
        word("agent_name"),
        word("release_version"),
        word("workflow"),
        word("tenant_id"),
        word("capability_tier"),
        word("environment"),
        word("model"),
        word("prompt_version"),
        _millis("started", "started_ms"),
        _millis("last_event", "last_event_ms"),
        _millis("closed", "closed_ms"),
        word("closed_by"),
        word("outcome"),
        count("duration_ms", "UInt64"),
        count("events", "UInt64"),
        count("untraced_events", "UInt64"),
        count("tokens_in", "UInt64"),
        count("tokens_out", "UInt64"),
        count("tokens_cached", "UInt64"),
        _column("cost_nanousd", "Int64", lambda record: round(record["cost_usd"] * 1e9)),
        count("llm_calls", "UInt64"),
        count("tool_calls", "UInt64"),
        count("logical_tool_calls", "UInt64"),
        count("logical_tool_failures", "UInt64"),
        count("documents", "UInt64"),
        _same("errors", "Map(String, UInt64)"),
        _same("budget_levels", "Array(String)"),
        _VERSION,
    ),
)

WINDOWS = Table(
    "windows",
    (
        _column("name", "LowCardinality(String)", lambda record: record["window"]),
        _column("kind", "LowCardinality(String)", lambda record: record["dimension"]["kind"]),
        _column("labels", _LABELS, lambda record: record["dimension"]["labels"]),
        _millis("start", "start_ms"),
        _millis("end", "end_ms"),
        _same("final", "Bool"),
        count("count", "UInt64"),
        _same("rate", "Float64"),
        count("success", "UInt64"),
        count("failure", "UInt64"),
        _same("success_rate", "Nullable(Float64)"),
        _same("counters", "Map(LowCardinality(String), Int64)"),
        _by_measure("counts", "count", "Map(LowCardinality(String), UInt64)"),
        _by_measure("totals", "total", _NUMBERS),
        _by_measure("means", "mean", _NUMBERS),
        _by_measure("p50", "p50", _NUMBERS),
        _by_measure("p90", "p90", _NUMBERS),
        _by_measure("p95", "p95", _NUMBERS),
        _by_measure("p99", "p99", _NUMBERS),
        *(
            _centroids(measure, part, kind)
            for measure in MEASURES
            for part, kind in (("means", "Array(Float64)"), ("weights", "Array(UInt64)"))
        ),
        _column("key", "String", _key_of),
        _VERSION,
    ),
)

ALERTS = Table(
    "alerts",
    (
        text("fingerprint"),
        text("episode"),
        word("rule"),
        _same("labels", _LABELS),
        word("status"),
        word("severity"),
        text("summary"),
        _seconds("active_since"),
        _seconds_or_null("fired_at"),
        _seconds_or_null("resolved_at"),
        _seconds("updated_at"),
        _same("value", "Float64"),
        _same("threshold", "Float64"),
        _same("baseline", "Nullable(Float64)"),
        _seconds("window_start"),
        _seconds("window_end"),
        count("sample_size", "UInt64"),
        _same("ratio", "Float64"),
        _same("suppressed", "Bool"),
        _same("inhibited_by", "Array(String)"),
        _same("silenced_by", "Array(String)"),
        _same("examples", "Array(String)"),
        json_text("details"),
        _VERSION,
    ),
)

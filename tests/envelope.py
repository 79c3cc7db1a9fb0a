"""What an event of any type needs at least, of all types together."""

from __future__ import annotations

from typing import Any

ENVELOPE: dict[str, Any] = {
    "schema_version": 1,
    "event_id": "e",
    "trace_id": "t",
    "session_id": "s",
    "span_id": "b",
    "parent_span_id": None,
    "ts": "2026-01-31T12:00:00Z",
    "agent_name": "a",
    "release_version": "1",
    "tool_name": "x",
    "model_requested": "x",
    "guardrail_name": "x",
    "evaluation_name": "x",
    "outcome": "success",
}

"""A clean event as tasks and panes read it: a tuple of what they need, None for what it lacks.

Not the event itself: of its dictionary compiled code asks each value by name, and to fill one takes
as long as to read the event from its bytes.
"""

from __future__ import annotations

from typing import Any, Final

Event = tuple[Any, ...]
"""Its values are found by the numbers below, and are those of the fields of the same names."""

# in the order of pipeline/windows/event_fields.c
ARGUMENTS: Final = 0
"""Only where there is no call id."""
DOCUMENTS: Final = 1
QUARANTINED: Final = 2
"""How many of its texts were held back, as its redactor says; None if none says."""
CALL_ID: Final = 3
SOURCE_TOPIC: Final = 4
"""The place in the input, which tests may leave out."""
SOURCE_PARTITION: Final = 5
SOURCE_OFFSET: Final = 6
SOURCE_INDEX: Final = 7
SESSION_ID: Final = 8
EVENT_ID: Final = 9
TS: Final = 10
TRACE_ID: Final = 11
AGENT_NAME: Final = 12
RELEASE_VERSION: Final = 13
EVENT_TYPE: Final = 14
WORKFLOW: Final = 15
TENANT_ID: Final = 16
ENVIRONMENT: Final = 17
CAPABILITY_TIER: Final = 18
TASK_ID: Final = 19
MODEL_REQUESTED: Final = 20
MODEL_VERSION: Final = 21
PROMPT_ID: Final = 22
PROMPT_VERSION: Final = 23
TOKENS_IN: Final = 24
TOKENS_OUT: Final = 25
TOKENS_CACHE_READ: Final = 26
TOOL_NAME: Final = 27
STEP_NAME: Final = 28
STEP_TYPE: Final = 29
OUTCOME: Final = 30
STATUS: Final = 31
ERROR_TYPE: Final = 32
LATENCY_MS: Final = 33
COST_USD: Final = 34

_PLACE: Final = ("topic", "partition", "offset", "index")
_NEEDED: Final = (
    *("session_id", "event_id", "ts", "trace_id", "agent_name", "release_version", "event_type"),
)
_MORE: Final = (
    *("workflow", "tenant_id", "environment", "capability_tier", "task_id", "model_requested"),
    *("model_version", "prompt_id", "prompt_version", "tokens_in", "tokens_out"),
    *("tokens_cache_read", "tool_name", "step_name", "step_type", "outcome", "status"),
    *("error_type", "latency_ms", "cost_usd"),
)


def event_of(record: dict[str, Any]) -> Event:
    """Return what a record says; raises `KeyError` where it lacks what each event has."""
    call_id, redaction = record.get("call_id"), record.get("redaction")
    source = record.get("source") or {}
    return (
        None if call_id else record.get("arguments"),
        record.get("documents"),
        redaction["quarantined"] if redaction else None,
        call_id,
        *map(source.get, _PLACE),
        *(record[name] for name in _NEEDED),
        *map(record.get, _MORE),
    )

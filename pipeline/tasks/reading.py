"""What an event says in numbers and names: read once, for its task and for its panes.

Readings are plain tuples, since one is made for each event of the stream: an object with names
takes three times as long to make. Panes add up many of them column by column.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.tasks.budgets import COST_SCALE
from pipeline.tasks.logical_calls import Change
from pipeline.windows.pane import Counter

LATENCY_SCALE = 1000
"""Latencies are kept in microseconds."""
_FAILED = frozenset(("error", "timeout"))
_NO_STEPS = frozenset(("session_start", "session_end", "evaluation"))

Action = tuple[str | None, ...]
"""Agent, step, tool, model, prompt; None for what an event lacks."""

Reading = tuple[Any, ...]
"""Event time in ms; event type; what was done, None for events that are no step; successes and
failures, which for tool calls come apart, see `logical_calls`; the error, if it failed; latency in
µs; of an LLM call its tokens in, out and both, and its cost in billionths of a dollar; trace id;
rarer counters of its panes.

Its parts are not declared on purpose, as with other tuples here that are only handed on: compiled
code takes a tuple of known types apart and makes a new one wherever it is touched.
"""


def read(event: Mapping[str, Any], time_ms: int) -> Reading:
    """Return what a clean event says."""
    get = event.get
    kind: str = event["event_type"]
    status = get("status")
    trace_id: str = event["trace_id"]
    redaction = get("redaction")
    error = rarer = None
    succeeded = failed = 0
    if status == "ok":
        succeeded = 1
    elif status in _FAILED or (status is None and get("error_type") is not None):
        # without a status, an error type says that it failed
        error = get("error_type") or status
        failed = 0 if error is None else 1
    if error is not None or not trace_id or (redaction and redaction["quarantined"]):
        rarer = _rarer(error, trace_id, redaction)
    latency = get("latency_ms")
    if latency is not None:
        latency = round(latency * LATENCY_SCALE)
    action: Action | None = None
    tokens_in = tokens_out = tokens = cost = None
    if kind == "llm_call":
        model, prompt = get("model_version"), get("prompt_version")
        if not model or not prompt:
            rarer = _with_gaps(rarer, model, prompt)
        if prompt and (prompt_id := get("prompt_id")):
            prompt = f"{prompt_id}@{prompt}"
        action = event["agent_name"], kind, None, model or event["model_requested"], prompt or None
        tokens_in, tokens_out, cost = get("tokens_in"), get("tokens_out"), get("cost_usd")
        if tokens_in is not None or tokens_out is not None:
            tokens = (tokens_in or 0) + (tokens_out or 0)
        if cost is not None:
            cost = round(cost * COST_SCALE)
    elif kind == "tool_call":
        tool: str = event["tool_name"]
        action = event["agent_name"], f"tool:{tool}", tool, None, None
        succeeded = failed = 0
    elif kind in _NO_STEPS:
        latency = None
    elif kind == "agent_step":
        step = get("step_name") or get("step_type") or kind
        action = event["agent_name"], step, None, None, None
    else:
        action = event["agent_name"], kind, None, None, None
        if kind == "retrieval":
            rarer = _with_documents(rarer, get("documents") or ())
    return (
        time_ms,
        kind,
        action,
        succeeded,
        failed,
        error,
        latency,
        tokens_in,
        tokens_out,
        tokens,
        cost,
        trace_id,
        rarer,
    )


def with_outcome(reading: Reading, change: Change) -> Reading:
    """Return the reading of a tool call with what its call came to at the same time."""
    _, successes, failures = change
    return (*reading[:3], reading[3] + successes, reading[4] + failures, *reading[5:])


def outcome_of(change: Change) -> Reading:
    """Return what the outcome of a logical tool call adds to panes, or takes back, at its time.

    It has no event type: the attempt that brought it about is a reading of its own.
    """
    time_ms, successes, failures = change
    return time_ms, "", None, successes, failures, None, None, None, None, None, None, "", None


def _rarer(
    error: str | None, trace_id: str, redaction: Mapping[str, int] | None
) -> Mapping[str, int]:
    counted = {}
    if error is not None:
        counted[f"{Counter.ERROR_PREFIX}{error}"] = 1
    if not trace_id:
        counted[Counter.UNTRACED] = 1
    if redaction and redaction["quarantined"]:
        counted[Counter.QUARANTINED] = redaction["quarantined"]
    return counted


def _with_gaps(
    rarer: Mapping[str, int] | None, model: str | None, prompt: str | None
) -> Mapping[str, int]:
    counted = dict(rarer or {})
    if not model:
        counted[Counter.NO_MODEL_VERSION] = 1
    if not prompt:
        counted[Counter.NO_PROMPT_VERSION] = 1
    return counted


def _with_documents(
    rarer: Mapping[str, int] | None, documents: Sequence[Mapping[str, Any]]
) -> Mapping[str, int] | None:
    undated = sum(
        1 for each in documents if not (each.get("retrieved_at") and each.get("source_updated_at"))
    )
    counted = {Counter.DOCUMENTS: len(documents), Counter.NO_DOCUMENT_TIME: undated}
    return {**(rarer or {}), **{name: count for name, count in counted.items() if count}} or None

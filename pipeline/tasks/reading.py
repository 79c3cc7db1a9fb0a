"""What an event says in numbers and names: read once, for its task and for its panes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from pipeline.amounts import MOST_AMOUNT, MOST_SHORT
from pipeline.tasks.budgets import COST_SCALE
from pipeline.tasks.event import (
    AGENT_NAME,
    COST_USD,
    DOCUMENTS,
    ERROR_TYPE,
    EVENT_TYPE,
    LATENCY_MS,
    MODEL_REQUESTED,
    MODEL_VERSION,
    PROMPT_ID,
    PROMPT_VERSION,
    QUARANTINED,
    STATUS,
    STEP_NAME,
    STEP_TYPE,
    TOKENS_IN,
    TOKENS_OUT,
    TOOL_NAME,
    TRACE_ID,
    Event,
)
from pipeline.windows.pane import Counter

LATENCY_SCALE: Final = 1000
"""Latencies are kept in microseconds."""
_FAILED: Final = frozenset(("error", "timeout"))

Action = tuple[Any, ...]
"""Agent, step, tool, model, prompt; None for what an event lacks.

Its parts are not declared on purpose, as with other tuples here that are only handed on: compiled
code takes a tuple of known types apart and makes a new one wherever it is touched.
"""


class Reading:
    """What one event says; None for what it lacks.

    Not a dataclass: what makes those is not compiled, and one is made for each event of the stream.
    """

    def __init__(self, time_ms: int, kind: str, trace_id: str) -> None:
        self.time_ms = time_ms
        self.kind = kind
        """The event type."""
        self.trace_id = trace_id
        self.action: Action | None = None
        """What was done; None for events that are no step."""
        self.succeeded = 0
        self.failed = 0
        """Successes and failures, which for tool calls come apart, see `logical_calls`."""
        self.error: str | None = None
        """The type of error, if it failed."""
        self.latency: int | None = None
        """In µs."""
        self.tokens_in: int | None = None
        self.tokens_out: int | None = None
        self.tokens: int | None = None
        self.cost: int | None = None
        """Of an LLM call: its tokens in, out and both, and its cost in billionths of a dollar."""
        self.rarer: dict[str, int] | None = None
        """Rarer counters of its panes."""


def read(event: Event, time_ms: int) -> Reading:
    """Return what a clean event says."""
    kind: str = event[EVENT_TYPE]
    trace_id: str = event[TRACE_ID]
    found = Reading(time_ms, kind, trace_id)
    status = event[STATUS]
    quarantined = event[QUARANTINED]
    if status == "ok":
        found.succeeded = 1
    elif status in _FAILED or (status is None and event[ERROR_TYPE] is not None):
        # without a status, an error type says that it failed
        found.error = event[ERROR_TYPE] or status
        found.failed = 0 if found.error is None else 1
    error = found.error
    if error is not None or not trace_id or quarantined:
        found.rarer = _rarer(error, trace_id, quarantined)
    if kind in ("session_start", "session_end", "evaluation"):
        return found  # no steps
    latency = event[LATENCY_MS]
    if latency is not None:
        found.latency = _rounded(float(latency) * LATENCY_SCALE)
    agent = event[AGENT_NAME]
    if kind == "llm_call":
        _read_llm_call(event, agent, found)
    elif kind == "tool_call":
        tool: str = event[TOOL_NAME]
        found.action = agent, "tool:" + tool, tool, None, None
        found.succeeded = found.failed = 0
    elif kind == "agent_step":
        step = event[STEP_NAME] or event[STEP_TYPE] or kind
        found.action = agent, step, None, None, None
    else:
        found.action = agent, kind, None, None, None
        if kind == "retrieval":
            found.rarer = _with_documents(found.rarer, event[DOCUMENTS] or ())
    return found


def _read_llm_call(event: Event, agent: str, found: Reading) -> None:
    model, prompt = event[MODEL_VERSION], event[PROMPT_VERSION]
    if not model or not prompt:
        found.rarer = _with_gaps(found.rarer, model, prompt)
    if prompt and (prompt_id := event[PROMPT_ID]):
        prompt = f"{prompt_id}@{prompt}"
    found.action = agent, "llm_call", None, model or event[MODEL_REQUESTED], prompt or None
    tokens_in, tokens_out, cost = event[TOKENS_IN], event[TOKENS_OUT], event[COST_USD]
    found.tokens_in, found.tokens_out = tokens_in, tokens_out
    if tokens_in is not None or tokens_out is not None:
        found.tokens = (tokens_in or 0) + (tokens_out or 0)
    if cost is not None:
        found.cost = _rounded(float(cost) * COST_SCALE)


def _rounded(value: float) -> int:
    """As `round`, which compiled code has to call through three layers of objects; or the bound."""
    if value >= MOST_AMOUNT:
        return MOST_AMOUNT
    whole = int(value)
    rest = value - whole
    if rest < 0:
        return round(value)
    if rest > 0.5 or (rest == 0.5 and whole % 2):
        whole += 1
    return whole


def _rarer(error: str | None, trace_id: str, quarantined: int | None) -> dict[str, int]:
    counted: dict[str, int] = {}
    if error is not None:
        counted[f"{Counter.ERROR_PREFIX}{error}"] = 1
    if not trace_id:
        counted[Counter.UNTRACED] = 1
    if quarantined:
        counted[Counter.QUARANTINED] = min(quarantined, MOST_SHORT)
    return counted


def _with_gaps(
    rarer: dict[str, int] | None, model: str | None, prompt: str | None
) -> dict[str, int]:
    counted = dict(rarer or {})
    if not model:
        counted[Counter.NO_MODEL_VERSION] = 1
    if not prompt:
        counted[Counter.NO_PROMPT_VERSION] = 1
    return counted


def _with_documents(
    rarer: dict[str, int] | None, documents: Sequence[Mapping[str, Any]]
) -> dict[str, int] | None:
    undated = sum(
        1 for each in documents if not (each.get("retrieved_at") and each.get("source_updated_at"))
    )
    counted = {Counter.DOCUMENTS: len(documents), Counter.NO_DOCUMENT_TIME: undated}
    return {**(rarer or {}), **{name: count for name, count in counted.items() if count}} or None

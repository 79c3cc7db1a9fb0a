"""What events add to the panes of their dimensions.

An event becomes one fact. Facts are gathered by who acted (agent, release, workflow, tenant) and
by what was done (agent's step, tool, model, prompt), each within a pane: a batch then costs each
dimension one update for a group of facts, not one for an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Any

from pipeline.tasks.state import is_failure, prompt_label, step_name
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Counter, Example

Actor = tuple[str, str, str | None, str | None]
"""Agent, release, workflow, tenant."""
Action = tuple[str, str | None, str | None, str | None, str | None]
"""Agent, step, tool, model, prompt; None for what an event lacks."""

Fact = tuple[
    int,
    int,
    int,
    int,
    int | None,
    int | None,
    int | None,
    str,
    int | None,
    Mapping[str, int] | None,
]
"""Events, successes, failures, LLM calls; latency, tokens and cost in kept units; trace id; when
it failed (event time in ms); rarer counters."""

_LATENCY_SCALE = Measure.LATENCY_MS.scale
_COST_SCALE = Measure.COST_USD.scale
_LATENCY = Measure.LATENCY_MS.value
_UNTIMED_EVENTS = frozenset(("session_start", "session_end", "evaluation"))


Values = tuple[Sequence[int], int, int]
"""Values of a measure in kept units, their sum, and the sum of their squares."""


@dataclass(slots=True)
class Contribution:
    """What a group of facts, of events or of closed tasks, adds to a pane."""

    counters: dict[str, int] = field(default_factory=dict)
    values: dict[Measure, Values] = field(default_factory=dict)
    """Added up here once, and not in each dimension again."""
    examples: dict[str, list[Example]] = field(default_factory=dict)
    """Those that may be among the worst of each kind."""


def actor_of(event: Mapping[str, Any]) -> Actor:
    """Return who acted."""
    return (
        event["agent_name"],
        event["release_version"],
        event.get("workflow"),
        event.get("tenant_id"),
    )


def action_of(event: Mapping[str, Any]) -> Action | None:
    """Return what was done; None for events that are no step."""
    kind = event["event_type"]
    agent = event["agent_name"]
    if kind == "llm_call":
        model = event.get("model_version") or event["model_requested"]
        return agent, kind, None, model, prompt_label(event)
    if kind == "tool_call":
        return agent, step_name(event), event["tool_name"], None, None
    return None if kind in _UNTIMED_EVENTS else (agent, step_name(event), None, None, None)


def fact_of(event: Mapping[str, Any], time_ms: int, successes: int, failures: int) -> Fact:
    """Return what one event says.

    `successes` and `failures` are those of logical tool calls, which retries may change; of other
    steps the event itself says how they ended.
    """
    kind = event["event_type"]
    latency = event.get("latency_ms")
    if latency is not None:
        latency = None if kind in _UNTIMED_EVENTS else round(latency * _LATENCY_SCALE)
    status = event.get("status")
    failed_ms = None
    further: dict[str, int] | None = None
    if status == "ok":
        if kind != "tool_call":
            successes = 1
    elif is_failure(event):
        failed_ms = time_ms
        further = {f"{Counter.ERROR_PREFIX}{event.get('error_type') or status}": 1}
        if kind != "tool_call":
            failures = 1
    tokens = cost = None
    llm_calls = 0
    if kind == "llm_call":
        llm_calls = 1
        tokens_in, tokens_out = event.get("tokens_in"), event.get("tokens_out")
        if tokens_in is not None or tokens_out is not None:
            tokens = (tokens_in or 0) + (tokens_out or 0)
        cost = event.get("cost_usd")
        if cost is not None:
            cost = round(cost * _COST_SCALE)
        if not event.get("model_version"):
            further = {**(further or {}), Counter.NO_MODEL_VERSION: 1}
        if not event.get("prompt_version"):
            further = {**(further or {}), Counter.NO_PROMPT_VERSION: 1}
    elif kind == "retrieval":
        further = {**(further or {}), **_documents(event)}
    trace_id = event["trace_id"]
    if not trace_id:
        further = {**(further or {}), Counter.UNTRACED: 1}
    redaction = event.get("redaction")
    if redaction and redaction["quarantined"]:
        further = {**(further or {}), Counter.QUARANTINED: redaction["quarantined"]}
    return 1, successes, failures, llm_calls, latency, tokens, cost, trace_id, failed_ms, further


def outcome_fact(successes: int, failures: int) -> Fact:
    """Return the fact that a logical tool call ended otherwise than it was told before."""
    return 0, successes, failures, 0, None, None, None, "", None, None


def _documents(event: Mapping[str, Any]) -> dict[str, int]:
    documents = event.get("documents") or ()
    undated = sum(
        1 for each in documents if not (each.get("retrieved_at") and each.get("source_updated_at"))
    )
    counted = {Counter.DOCUMENTS: len(documents), Counter.NO_DOCUMENT_TIME: undated}
    return {name: count for name, count in counted.items() if count}


def contribution_of(facts: Sequence[Fact]) -> Contribution:
    """Add up facts."""
    (
        events,
        successes,
        failures,
        llm_calls,
        latencies,
        tokens,
        costs,
        traces,
        failed,
        further,
    ) = zip(*facts, strict=True)
    found = Contribution()
    for name, count in (
        (Counter.EVENTS, sum(events)),
        (Counter.SUCCESS, sum(successes)),
        (Counter.FAILURE, sum(failures)),
        (Counter.LLM_CALLS, sum(llm_calls)),
    ):
        if count:
            found.counters[name] = count
    for each in further:
        if each is not None:
            for name, count in each.items():
                found.counters[name] = found.counters.get(name, 0) + count
    for measure, column in (
        (Measure.LATENCY_MS, latencies),
        (Measure.TOKENS, tokens),
        (Measure.COST_USD, costs),
    ):
        values = [value for value in column if value is not None]
        if values:
            found.values[measure] = values, sum(values), sum(map(mul, values, values))
    if Measure.LATENCY_MS in found.values:
        timed = [each for each in zip(latencies, traces, strict=True) if each[0] is not None]
        found.examples[_LATENCY] = [max(timed)]
    last_failed = [each for each in zip(failed, traces, strict=True) if each[0] is not None]
    if last_failed:
        found.examples[Counter.FAILURE] = [max(last_failed)]
    return found

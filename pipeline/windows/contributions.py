"""Which dimensions an event counts for, and what it adds there.

Events that agree in everything that dimensions are made of, and fall into the same pane, are
gathered in one group: a batch then costs each dimension one update for a group, not one for an
event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pipeline.tasks.state import TaskState, is_failure, prompt_label, step_name
from pipeline.windows.cardinality import Cardinality, day_of
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Counter, Example

Signature = tuple[str | None, ...]
"""Agent, release, workflow, tenant, step, tool, model, prompt: what an event's dimensions are
made of, with None for what it lacks."""

TIMED_KINDS = frozenset(
    (
        DimensionKind.ALL,
        DimensionKind.AGENT,
        DimensionKind.TOOL,
        DimensionKind.MODEL,
        DimensionKind.PROMPT_VERSION,
        DimensionKind.AGENT_STEP,
    )
)
"""Kinds that keep the latency of steps; elsewhere unlike steps would be mixed."""

_LATENCY_SCALE = Measure.LATENCY_MS.scale
_COST_SCALE = Measure.COST_USD.scale
_UNTIMED_EVENTS = frozenset(("session_start", "session_end", "evaluation"))
_CACHED_SIGNATURES = 20_000


@dataclass(slots=True)
class Group:
    """What the events of one signature add to one pane of each of their dimensions."""

    counters: dict[str, int] = field(default_factory=dict)
    values: dict[Measure, list[int]] = field(default_factory=dict)
    examples: dict[str, list[Example]] = field(default_factory=dict)

    def count(self, name: str, change: int = 1) -> None:
        """Change a counter."""
        self.counters[name] = self.counters.get(name, 0) + change

    def add(self, measure: Measure, value: int) -> None:
        """Add a value in kept units."""
        values = self.values.get(measure)
        if values is None:
            self.values[measure] = [value]
        else:
            values.append(value)

    def worst(self, name: str, badness: int, trace_id: str) -> None:
        """Note an example; one of each kind for a group is enough."""
        examples = self.examples.get(name)
        if examples is None:
            self.examples[name] = [(badness, trace_id)]
        elif badness > examples[0][0]:
            examples[0] = (badness, trace_id)


def signature(event: Mapping[str, Any]) -> Signature:
    """Return what the event's dimensions are made of."""
    kind = event["event_type"]
    tool = model = prompt = None
    if kind == "llm_call":
        model = event.get("model_version") or event["model_requested"]
        prompt = prompt_label(event)
    elif kind == "tool_call":
        tool = event["tool_name"]
    return (
        event["agent_name"],
        event["release_version"],
        event.get("workflow"),
        event.get("tenant_id"),
        None if kind in _UNTIMED_EVENTS else step_name(event),
        tool,
        model,
        prompt,
    )


def add_event(group: Group, event: Mapping[str, Any], time_ms: int) -> None:
    """Add one event to its group, except for the outcomes of tool calls (see `logical_calls`)."""
    kind = event["event_type"]
    group.count(Counter.EVENTS)
    trace_id = event["trace_id"]
    if not trace_id:
        group.count(Counter.UNTRACED)
    latency = event.get("latency_ms")
    if latency is not None and kind not in _UNTIMED_EVENTS:
        value = round(latency * _LATENCY_SCALE)
        group.add(Measure.LATENCY_MS, value)
        group.worst(Measure.LATENCY_MS, value, trace_id)
    status = event.get("status")
    if status != "ok" and is_failure(event):
        group.count(f"{Counter.ERROR_PREFIX}{event.get('error_type') or status}")
        group.worst(Counter.FAILURE, time_ms, trace_id)
        if kind != "tool_call":
            group.count(Counter.FAILURE)
    elif status == "ok" and kind != "tool_call":
        group.count(Counter.SUCCESS)
    if kind == "llm_call":
        _add_llm_call(group, event)
    elif kind == "retrieval":
        _add_retrieval(group, event)
    redaction = event.get("redaction")
    if redaction and redaction["quarantined"]:
        group.count(Counter.QUARANTINED, redaction["quarantined"])


def _add_llm_call(group: Group, event: Mapping[str, Any]) -> None:
    group.count(Counter.LLM_CALLS)
    if not event.get("model_version"):
        group.count(Counter.NO_MODEL_VERSION)
    if not event.get("prompt_version"):
        group.count(Counter.NO_PROMPT_VERSION)
    tokens_in, tokens_out = event.get("tokens_in"), event.get("tokens_out")
    if tokens_in is not None or tokens_out is not None:
        group.add(Measure.TOKENS, (tokens_in or 0) + (tokens_out or 0))
    cost = event.get("cost_usd")
    if cost is not None:
        group.add(Measure.COST_USD, round(cost * _COST_SCALE))


def _add_retrieval(group: Group, event: Mapping[str, Any]) -> None:
    documents = event.get("documents") or ()
    group.count(Counter.DOCUMENTS, len(documents))
    undated = sum(
        1 for each in documents if not (each.get("retrieved_at") and each.get("source_updated_at"))
    )
    if undated:
        group.count(Counter.NO_DOCUMENT_TIME, undated)


_TASK_OUTCOMES = {
    "success": Counter.TASK_SUCCESS,
    "failure": Counter.TASK_FAILURE,
    "error": Counter.TASK_FAILURE,
    "escalated": Counter.TASK_ESCALATED,
    "abandoned": Counter.TASK_ABANDONED,
}


def task_group(task: TaskState) -> Group:
    """Return what a closed task adds."""
    group = Group()
    group.count(Counter.TASKS)
    outcome = _TASK_OUTCOMES.get(task.outcome or "")
    if outcome is not None:
        group.count(outcome)
    if outcome in (Counter.TASK_FAILURE, Counter.TASK_ESCALATED):
        for error in task.errors:
            group.count(f"{Counter.TASK_ERROR_PREFIX}{error}")
        group.worst(Counter.TASK_FAILURE, task.last_ms, task.trace_id)
    if task.untraced:
        group.count(Counter.UNTRACED_TASKS)
    for measure, value in (
        (Measure.TASK_TOKENS, task.tokens),
        (Measure.TASK_COST_USD, task.cost),
        (Measure.TASK_DURATION_MS, Measure.TASK_DURATION_MS.to_units(task.last_ms - task.start_ms)),
    ):
        group.add(measure, value)
        group.worst(measure, value, task.trace_id)
    return group


class Dimensions:
    """The dimensions of signatures and of tasks, with capped labels."""

    def __init__(self, cardinality: Cardinality) -> None:
        self._cardinality = cardinality
        self._cached: dict[tuple[int, Signature], tuple[Dimension, ...]] = {}

    def of_signature(self, made_of: Signature, time_ms: int) -> tuple[Dimension, ...]:
        """Return the dimensions of events with this signature."""
        day = day_of(time_ms)
        found = self._cached.get((day, made_of))
        if found is None:
            if len(self._cached) >= _CACHED_SIGNATURES:
                self._cached.clear()
            found = self._cached[day, made_of] = self._build(made_of, day)
        return found

    def of_task(self, task: TaskState, time_ms: int) -> tuple[Dimension, ...]:
        """Return the dimensions of a closed task; model and prompt are those with most tokens."""
        day = day_of(time_ms)
        workflow = self._admit("workflow", task.workflow, day)
        release = self._admit("release", task.release, day)
        model = self._admit("model", task.model, day)
        prompt = self._admit("prompt_version", task.prompt, day)
        return _present(
            (DimensionKind.ALL,),
            (DimensionKind.AGENT, self._admit("agent", task.agent, day)),
            (DimensionKind.RELEASE, release),
            (DimensionKind.WORKFLOW, workflow),
            (DimensionKind.TENANT, self._admit("tenant", task.tenant, day)),
            (DimensionKind.MODEL, model),
            (DimensionKind.PROMPT_VERSION, prompt),
            (DimensionKind.WORKFLOW_RELEASE, workflow, release),
            (DimensionKind.WORKFLOW_MODEL, workflow, model),
            (DimensionKind.WORKFLOW_PROMPT_VERSION, workflow, prompt),
        )

    def _build(self, made_of: Signature, day: int) -> tuple[Dimension, ...]:
        agent, release, workflow, tenant, step, tool, model, prompt = made_of
        agent = self._admit("agent", agent, day)
        return _present(
            (DimensionKind.ALL,),
            (DimensionKind.AGENT, agent),
            (DimensionKind.RELEASE, self._admit("release", release, day)),
            (DimensionKind.WORKFLOW, self._admit("workflow", workflow, day)),
            (DimensionKind.TENANT, self._admit("tenant", tenant, day)),
            (DimensionKind.AGENT_STEP, agent, self._admit("step", step, day)),
            (DimensionKind.TOOL, self._admit("tool", tool, day)),
            (DimensionKind.MODEL, self._admit("model", model, day)),
            (DimensionKind.PROMPT_VERSION, self._admit("prompt_version", prompt, day)),
        )

    def _admit(self, label: str, value: str | None, day: int) -> str | None:
        return None if value is None else self._cardinality.admit(label, value, day)


def _present(*parts: tuple[DimensionKind | str | None, ...]) -> tuple[Dimension, ...]:
    return tuple(
        Dimension(DimensionKind(kind), tuple(str(value) for value in values))
        for kind, *values in parts
        if kind is not None and None not in values
    )

"""What is published about a task: its summary once it has closed, and each crossing of a budget.

Both have an id that depends on the task alone, so that whoever reads them twice can tell.
"""

from __future__ import annotations

from typing import Any, Final

from pipeline.tasks.budgets import COST_SCALE, Crossing, Resource
from pipeline.tasks.state import TaskState

SCHEMA_VERSION: Final = 1


def summary(task: TaskState) -> dict[str, Any]:
    """Return the summary of a closed task, see schemas/topics/task.v1.json."""
    assert task.closed_ms is not None  # noqa: S101 - the caller closes before it tells
    return {
        **_identity(task, "summary", task.summary_id),
        "started_ms": task.start_ms,
        "last_event_ms": task.last_ms,
        "closed_ms": task.closed_ms,
        "closed_by": "idle" if task.end_ms is None else "end",
        "outcome": task.outcome or "unknown",
        "duration_ms": task.last_ms - task.start_ms,
        "events": task.events,
        "untraced_events": task.untraced,
        "tokens_in": task.tokens_in,
        "tokens_out": task.tokens_out,
        "tokens_cached": task.tokens_cached,
        "cost_usd": task.cost / COST_SCALE,
        "llm_calls": task.llm_calls,
        "tool_calls": task.tool_calls,
        "logical_tool_calls": task.logical_calls,
        "logical_tool_failures": task.logical_failures,
        "documents": task.documents,
        "errors": task.errors,
        "steps": {
            name: {"count": count, "total_ms": total / 1000, "max_ms": greatest / 1000}
            for name, (count, total, greatest) in task.steps.items()
        },
        "model": task.model,
        "prompt_version": task.prompt,
        "budget_levels": list(task.told),
    }


def budget_event(task: TaskState, crossing: Crossing) -> dict[str, Any]:
    """Return the message for a crossed budget level, see schemas/topics/task.v1.json."""
    scale = COST_SCALE if crossing.resource is Resource.COST_USD else 1
    return {
        **_identity(task, "budget", crossing.crossing_id(task.summary_id)),
        "resource": crossing.resource,
        "level_percent": crossing.level,
        "value": crossing.value / scale,
        "limit": crossing.limit / scale,
        "crossed_ms": crossing.time_ms,
    }


def _identity(task: TaskState, kind: str, message_id: str) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": kind,
        "id": message_id,
        "session_id": task.session_id,
        "task_id": task.task_id,
        "opened_ms": task.opened_ms,
        "trace_id": task.trace_id,
        "agent_name": task.agent,
        "release_version": task.release,
        "workflow": task.workflow,
        "tenant_id": task.tenant,
        "capability_tier": task.tier,
        "environment": task.environment,
    }

"""Tasks as bytes, as their table keeps them: values in a fixed order.

Names would be most of it, and every batch writes every task that it touched.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from pipeline.buffers import compact
from pipeline.errors import InputError
from pipeline.tasks.state import TaskState

FIELDS: Final = (
    *("key", "opened_ms", "session_id", "task_id", "trace_id", "agent", "release"),
    *("start_ms", "last_ms", "fence", "workflow", "tenant", "tier", "environment"),
    *("end_ms", "outcome", "closed_ms", "events", "evaluations", "untraced"),
    *("tokens_in", "tokens_out", "tokens_cached", "cost", "llm_calls", "tool_calls"),
    *("logical_calls", "logical_failures", "documents"),
    *("errors", "steps", "models", "prompts", "calls", "told", "seen"),
)
"""The attributes of a task in the order in which they are stored."""
_OF_CONSTRUCTOR: Final = 7


def to_bytes(task: TaskState) -> bytes:
    """Return a task; equal tasks give equal bytes. As `FIELDS`: by name it would take thrice."""
    written = orjson.dumps(
        (
            task.key,
            task.opened_ms,
            task.session_id,
            task.task_id,
            task.trace_id,
            task.agent,
            task.release,
            task.start_ms,
            task.last_ms,
            task.fence,
            task.workflow,
            task.tenant,
            task.tier,
            task.environment,
            task.end_ms,
            task.outcome,
            task.closed_ms,
            task.events,
            task.evaluations,
            task.untraced,
            task.tokens_in,
            task.tokens_out,
            task.tokens_cached,
            task.cost,
            task.llm_calls,
            task.tool_calls,
            task.logical_calls,
            task.logical_failures,
            task.documents,
            task.errors,
            task.steps,
            task.models,
            task.prompts,
            task.calls,
            task.told,
            # of which only the keys matter
            list(task.seen),
        )
    )
    # when many tasks close at once, all of them wait to be stored
    return compact(written)


def from_bytes(data: bytes) -> TaskState:
    """Read what `to_bytes` wrote; raise `InputError` for anything else."""
    try:
        values: Any = orjson.loads(data)
        # until November 2026 fields were stored by name
        if isinstance(values, dict):
            values = [values[name] for name in FIELDS]
        task = TaskState(*values[:_OF_CONSTRUCTOR])
        # as `FIELDS`, and not by their names, as above
        (
            task.start_ms,
            task.last_ms,
            task.fence,
            task.workflow,
            task.tenant,
            task.tier,
            task.environment,
            task.end_ms,
            task.outcome,
            task.closed_ms,
            task.events,
            task.evaluations,
            task.untraced,
            task.tokens_in,
            task.tokens_out,
            task.tokens_cached,
            task.cost,
            task.llm_calls,
            task.tool_calls,
            task.logical_calls,
            task.logical_failures,
            task.documents,
            task.errors,
            task.steps,
            task.models,
            task.prompts,
            task.calls,
            task.told,
        ) = values[_OF_CONSTRUCTOR:-1]
        task.seen = dict.fromkeys(values[-1], 1)
    except (IndexError, KeyError, TypeError, ValueError):
        raise InputError("stored task cannot be read") from None
    return task

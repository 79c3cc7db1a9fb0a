"""What closed tasks add to the panes of their dimensions.

A closed task becomes one fact. Each counts in eight dimensions or so, and few tasks of a batch
share them all, so facts are gathered by pane: a batch then costs each pane one update, and not one
for each task. What a pane takes of a task as it is stands in the fact, made once for all panes.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul
from typing import Any

from pipeline.tasks.state import TaskState
from pipeline.windows.contributions import Contribution
from pipeline.windows.measure import NAMES, Measure
from pipeline.windows.pane import MAX_EXAMPLES, Counter, Example

TaskFact = tuple[Any, ...]
"""Of a closed task: the counters it adds one to; whether a step was untraced; the example of a
failed or escalated one; tokens, cost and duration in kept units, and the examples of them."""

_TASK_OUTCOMES = {
    "success": Counter.TASK_SUCCESS,
    "failure": Counter.TASK_FAILURE,
    "error": Counter.TASK_FAILURE,
    "escalated": Counter.TASK_ESCALATED,
    "abandoned": Counter.TASK_ABANDONED,
}
_TASK_MEASURES = (Measure.TASK_TOKENS, Measure.TASK_COST_USD, Measure.TASK_DURATION_MS)


def task_fact(task: TaskState) -> TaskFact:
    """Return what a closed task says."""
    outcome = _TASK_OUTCOMES.get(task.outcome or "")
    went_wrong = outcome in (Counter.TASK_FAILURE, Counter.TASK_ESCALATED)
    counted = [outcome] if outcome else []
    if went_wrong:
        counted += [f"{Counter.TASK_ERROR_PREFIX}{error}" for error in task.errors]
    duration = Measure.TASK_DURATION_MS.to_units(task.last_ms - task.start_ms)
    trace_id = task.trace_id
    return (
        tuple(counted),
        task.untraced > 0,
        (task.last_ms, trace_id) if went_wrong else None,
        task.tokens,
        task.cost,
        duration,
        (task.tokens, trace_id),
        (task.cost, trace_id),
        (duration, trace_id),
    )


def contribution_of_tasks(facts: Sequence[TaskFact]) -> Contribution:
    """Add up the facts of closed tasks."""
    counted, untraced, failures, *columns = zip(*facts, strict=True)
    found = Contribution()
    counters = found.counters
    counters[Counter.TASKS] = len(facts)
    for names in counted:
        for name in names:
            counters[name] = counters.get(name, 0) + 1
    if any(untraced):
        counters[Counter.UNTRACED_TASKS] = sum(untraced)
    failed = [each for each in failures if each is not None]
    if failed:
        found.examples[Counter.TASK_FAILURE] = failed
    for measure, values, examples in zip(_TASK_MEASURES, columns[:3], columns[3:], strict=True):
        found.values[measure] = values, sum(values), sum(map(mul, values, values))
        found.examples[NAMES[measure]] = _worst(values, examples)
    return found


def _worst(values: Sequence[int], examples: Sequence[Example]) -> Sequence[Example]:
    """Return the examples of the greatest values and their equals: panes keep no others."""
    if len(values) <= MAX_EXAMPLES:
        return examples
    # numbers are sorted several times faster than pairs
    least = sorted(values)[-MAX_EXAMPLES]
    return [each for each in examples if each[0] >= least]

"""What closed tasks add to the panes of their dimensions.

A closed task becomes one fact. Each counts in eight dimensions or so, and few tasks of a batch
share them all, so facts are gathered by pane: a batch then costs each pane one update, and not one
for each task.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import mul

from pipeline.tasks.state import TaskState
from pipeline.windows.contributions import Contribution
from pipeline.windows.measure import Measure
from pipeline.windows.pane import MAX_EXAMPLES, Counter, Example

TaskFact = tuple[str | None, tuple[str, ...] | None, bool, int, int, int, int, str]
"""Of a closed task: the counter of its outcome; its errors, if it failed or was escalated; whether
a step was untraced; tokens, cost and duration in kept units; its last event's time; trace id."""

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
    return (
        outcome,
        tuple(task.errors) if went_wrong else None,
        task.untraced > 0,
        task.tokens,
        task.cost,
        Measure.TASK_DURATION_MS.to_units(task.last_ms - task.start_ms),
        task.last_ms,
        task.trace_id,
    )


def contribution_of_tasks(facts: Sequence[TaskFact]) -> Contribution:
    """Add up the facts of closed tasks."""
    outcomes, wrong, untraced, *columns, last, traces = zip(*facts, strict=True)
    found = Contribution({Counter.TASKS: len(facts)})
    counters = found.counters
    for outcome, errors in zip(outcomes, wrong, strict=True):
        if outcome is not None:
            counters[outcome] = counters.get(outcome, 0) + 1
        for error in errors or ():
            name = f"{Counter.TASK_ERROR_PREFIX}{error}"
            counters[name] = counters.get(name, 0) + 1
    if any(untraced):
        counters[Counter.UNTRACED_TASKS] = sum(untraced)
    failed = [place for place, errors in enumerate(wrong) if errors is not None]
    if failed:
        found.examples[Counter.TASK_FAILURE] = _worst(
            [last[place] for place in failed], [traces[place] for place in failed]
        )
    for measure, values in zip(_TASK_MEASURES, columns, strict=True):
        found.values[measure] = values, sum(values), sum(map(mul, values, values))
        found.examples[measure.value] = _worst(values, traces)
    return found


def _worst(values: Sequence[int], traces: Sequence[str]) -> list[Example]:
    """Return those that may be among the examples: the greatest, and their equals."""
    pairs = zip(values, traces, strict=True)
    if len(values) <= MAX_EXAMPLES:
        return list(pairs)
    # numbers are sorted several times faster than pairs
    least = sorted(values)[-MAX_EXAMPLES]
    return [each for each in pairs if each[0] >= least]

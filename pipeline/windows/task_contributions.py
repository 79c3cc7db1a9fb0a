"""What closed tasks add to the panes of their dimensions.

A closed task becomes one fact. Each counts in eight dimensions or so, and few tasks of a batch
share them all, so facts are gathered by pane: a batch then costs each pane one update, and not one
for each task.
"""

from __future__ import annotations

from typing import Any, Final

from pipeline.tasks.state import TaskState
from pipeline.windows.contributions import Amounts, Contribution
from pipeline.windows.measure import NAMES, Measure
from pipeline.windows.pane import MAX_EXAMPLES, Counter, Example
from pipeline.windows.partial import Version

_TASK_OUTCOMES: Final = {
    "success": Counter.TASK_SUCCESS,
    "failure": Counter.TASK_FAILURE,
    "error": Counter.TASK_FAILURE,
    "escalated": Counter.TASK_ESCALATED,
    "abandoned": Counter.TASK_ABANDONED,
}
_TOKENS: Final = NAMES[Measure.TASK_TOKENS]
_COST: Final = NAMES[Measure.TASK_COST_USD]
_DURATION: Final = NAMES[Measure.TASK_DURATION_MS]


class TaskFact:
    """What a closed task adds to its panes; `version` fences it there."""

    def __init__(
        self,
        version: Version,
        counted: list[str],
        went_wrong: bool,
        untraced: bool,
        trace_id: str,
        last_ms: int,
        tokens: Any,
        cost: Any,
        duration: Any,
    ) -> None:
        self.version = version
        self.counted = counted
        """The counters it adds one to."""
        self.went_wrong = went_wrong
        """Whether it failed or was escalated."""
        self.untraced = untraced
        self.trace_id = trace_id
        self.last_ms = last_ms
        # in kept units; not declared as numbers, as in `Amounts`
        self.tokens: Any = tokens
        self.cost: Any = cost
        self.duration: Any = duration

    @classmethod
    def of(cls, task: TaskState, version: Version) -> TaskFact:
        """Return what a closed task adds."""
        outcome = _TASK_OUTCOMES.get(task.outcome or "")
        went_wrong = outcome in (Counter.TASK_FAILURE, Counter.TASK_ESCALATED)
        counted: list[str] = [outcome] if outcome else []
        if went_wrong:
            counted += [f"{Counter.TASK_ERROR_PREFIX}{error}" for error in task.errors]
        return TaskFact(
            version,
            counted,
            went_wrong,
            task.untraced > 0,
            task.trace_id,
            task.last_ms,
            task.tokens,
            task.cost,
            Measure.TASK_DURATION_MS.to_units(task.last_ms - task.start_ms),
        )

    def to_json(self) -> tuple[Any, ...]:
        """Return it as JSON has it: the arguments that make it, in their order."""
        return (
            self.version,
            self.counted,
            self.went_wrong,
            self.untraced,
            self.trace_id,
            self.last_ms,
            self.tokens,
            self.cost,
            self.duration,
        )

    @classmethod
    def from_json(cls, value: list[Any]) -> TaskFact:
        """Read what `to_json` returned."""
        (offset, time_ms), *rest = value
        return TaskFact((int(offset), int(time_ms)), *rest)


def contribution_of_tasks(facts: list[TaskFact]) -> Contribution:
    """Add up the facts of closed tasks."""
    found = Contribution()
    counters = found.counters
    counters[Counter.TASKS] = len(facts)
    tokens, costs, durations = Amounts(), Amounts(), Amounts()
    most, dearest, longest, latest = Worst(), Worst(), Worst(), Worst()
    untraced = 0
    for fact in facts:
        for name in fact.counted:
            counters[name] = counters.get(name, 0) + 1
        if fact.untraced:
            untraced += 1
        if fact.went_wrong:
            latest.offer(fact.last_ms, fact.trace_id)
        tokens.add(fact.tokens)
        most.offer(fact.tokens, fact.trace_id)
        costs.add(fact.cost)
        dearest.offer(fact.cost, fact.trace_id)
        durations.add(fact.duration)
        longest.offer(fact.duration, fact.trace_id)
    if untraced:
        counters[Counter.UNTRACED_TASKS] = untraced
    if latest.examples:
        found.examples[Counter.TASK_FAILURE] = latest.examples
    found.amounts = {
        Measure.TASK_TOKENS: tokens,
        Measure.TASK_COST_USD: costs,
        Measure.TASK_DURATION_MS: durations,
    }
    found.examples[_TOKENS] = most.examples
    found.examples[_COST] = dearest.examples
    found.examples[_DURATION] = longest.examples
    return found


class Worst:
    """The greatest `MAX_EXAMPLES` of what was offered, worst first."""

    def __init__(self) -> None:
        self.examples: list[Example] = []
        self._least = 0

    def offer(self, value: int, trace_id: str) -> None:
        """Take an example in if it is one of them; of equal values the greater trace id is."""
        examples = self.examples
        place = len(examples)
        if place == MAX_EXAMPLES:
            if value < self._least or (value == self._least and trace_id <= examples[-1][1]):
                return
            examples.pop()
            place -= 1
        while place > 0:
            other, other_trace = examples[place - 1]
            if other > value or (other == value and other_trace >= trace_id):
                break
            place -= 1
        examples.insert(place, (value, trace_id))
        self._least = examples[-1][0]

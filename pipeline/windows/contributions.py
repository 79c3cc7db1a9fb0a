"""What events add to the panes of their dimensions.

An event becomes one reading. Readings are gathered by who acted (agent, release, workflow, tenant)
and by what was done (agent's step, tool, model, prompt), each within a pane: a batch then costs
each dimension one update for a group of readings, not one for an event.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import mul
from typing import Any

from pipeline.tasks.reading import Reading
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Counter, Example

Actor = tuple[str | None, ...]
"""Agent, release, workflow, tenant."""
_LATENCY = Measure.LATENCY_MS.value

Values = tuple[Sequence[int], int, int]
"""Values of a measure in kept units, their sum, and the sum of their squares."""


class Contribution:
    """What a group of events, or of closed tasks, adds to a pane.

    Not a dataclass: those are made by code that is not compiled, and there is one for each group.
    """

    __slots__ = ("counters", "examples", "values")

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}
        self.values: dict[Measure, Values] = {}
        """Added up here once, and not in each dimension again."""
        self.examples: dict[str, Sequence[Example]] = {}
        """Those that may be among the worst of each kind."""


def actor_of(event: Mapping[str, Any]) -> Actor:
    """Return who acted."""
    return (
        event["agent_name"],
        event["release_version"],
        event.get("workflow"),
        event.get("tenant_id"),
    )


def contribution_of(readings: Sequence[Reading]) -> Contribution:
    """Add up readings."""
    (
        times,
        kinds,
        _,
        successes,
        failures,
        errors,
        latencies,
        _,
        _,
        tokens,
        costs,
        traces,
        rarer,
    ) = zip(*readings, strict=True)
    found = Contribution()
    for name, count in (
        (Counter.EVENTS, len(kinds) - kinds.count("")),
        (Counter.SUCCESS, sum(successes)),
        (Counter.FAILURE, sum(failures)),
        (Counter.LLM_CALLS, kinds.count("llm_call")),
    ):
        if count:
            found.counters[name] = count
    # many columns are empty: counting in C what is missing is a tenth of looking at each
    size = len(readings)
    if rarer.count(None) < size:
        for each in rarer:
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
    timed = found.values.get(Measure.LATENCY_MS)
    if timed is not None:
        longest = max(timed[0])
        found.examples[_LATENCY] = [(longest, _last_trace(longest, latencies, traces))]
    if errors.count(None) < size:
        failed = [
            (time_ms, trace_id)
            for error, time_ms, trace_id in zip(errors, times, traces, strict=True)
            if error is not None
        ]
        found.examples[Counter.FAILURE] = [max(failed)]
    return found


def _last_trace(value: int, column: Sequence[int | None], traces: Sequence[str]) -> str:
    """Return the greatest trace id of those with this value."""
    if column.count(value) == 1:
        return traces[column.index(value)]
    return max(trace for each, trace in zip(column, traces, strict=True) if each == value)

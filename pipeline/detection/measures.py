"""What rules can measure, by the names that rule files use.

Three sources. Distributions come from the panes under the names of `pipeline.windows.measure`.
Shares come from two counters of a pane, how many and how many bad. Signals are single facts that
no pane holds: a budget that was crossed, a dead letter, a consumer group's lag.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.windows.dimension import DimensionKind
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Counter


@dataclass(frozen=True)
class Share:
    """Counters of a pane: the count is the sum of `of`, the failures are `bad`."""

    of: tuple[str, ...]
    bad: str | None = None
    causes: str = Counter.ERROR_PREFIX
    """How the counters of its causes begin."""
    worst: str = Counter.FAILURE
    """Under which name a pane keeps trace ids of bad ones."""


def _of_tasks(bad: str) -> Share:
    return Share((Counter.TASKS,), bad, Counter.TASK_ERROR_PREFIX, Counter.TASK_FAILURE)


SHARES: dict[str, Share] = {
    "events": Share(of=(Counter.EVENTS,)),
    # logical calls: a call and its retries are one, and it succeeded if any attempt did
    "calls": Share(of=(Counter.SUCCESS, Counter.FAILURE), bad=Counter.FAILURE),
    "task_failures": _of_tasks(Counter.TASK_FAILURE),
    "escalations": _of_tasks(Counter.TASK_ESCALATED),
    "trace_ids": Share(of=(Counter.EVENTS,), bad=Counter.UNTRACED),
    "trace_coverage": Share(of=(Counter.TASKS,), bad=Counter.UNTRACED_TASKS),
    "model_versions": Share(of=(Counter.LLM_CALLS,), bad=Counter.NO_MODEL_VERSION),
    "prompt_versions": Share(of=(Counter.LLM_CALLS,), bad=Counter.NO_PROMPT_VERSION),
    "document_times": Share(of=(Counter.DOCUMENTS,), bad=Counter.NO_DOCUMENT_TIME),
}

SIGNALS: dict[str, str] = {
    "budget_exceeded": "a running task crossed its budget; labels workflow and agent",
    "lag_seconds": "how far a consumer group is behind; label group",
    "late_events": "events beyond the lateness, counted",
    "dead_letters": "inputs that were refused, counted",
    "quarantined_leaves": "texts that the verifier held back, counted",
    "canary_found": "a planted value that was found behind the redactor",
    "reconcile_findings": "gaps and surpluses that `sluice reconcile` found; label topic",
    "cardinality_overflow": "a label reached its cap; label label",
}

MEASURED_OUTSIDE = frozenset(("lag_seconds",))
"""Signals that come from outside the stream of events, and so also while it stands still."""

_KINDS = {frozenset(kind.label_names): kind for kind in DimensionKind}


def kind_of(labels: frozenset[str]) -> DimensionKind | None:
    """Return the kind of dimension that panes keep for these label names, if there is one."""
    return _KINDS.get(labels)


def mistake_in(measure: str, labels: frozenset[str]) -> str | None:
    """Return why a measure cannot be read per these labels, or None when it can."""
    if measure in SIGNALS:
        return None
    if measure not in SHARES and measure not in set(Measure):
        known = ", ".join(sorted([*SHARES, *SIGNALS, *Measure]))
        return f"there is no measure {measure!r}; there are {known}"
    if kind_of(labels) is None:
        kinds = ", ".join(kind.value for kind in DimensionKind)
        return f"no windows are kept per {'+'.join(sorted(labels))}; there are {kinds}"
    return None

"""A pane: what happened in one dimension during one aligned span of event time.

Panes merge: counters, counts and sums add up exactly and in any order; digests within their
error. A window is a merge of panes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

from pipeline.amounts import bounded, bounded_squares
from pipeline.windows.digest import EMPTY, MAX_CENTROIDS, Digest, merge_digests
from pipeline.windows.measure import Measure

MAX_EXAMPLES: Final = 5
MAX_EXAMPLES_OF_A_MINUTE: Final = 2


class Resolution(IntEnum):
    """The spans that panes cover, in milliseconds; each is a multiple of the one before."""

    TEN_SECONDS = 10_000
    MINUTE = 60_000
    HOUR = 3_600_000
    DAY = 86_400_000

    def floor(self, time_ms: int) -> int:
        """Return the start of the pane that holds `time_ms`."""
        return time_ms - time_ms % self


class Counter:
    """Names of a pane's counters. Causes of failure are counted as `error:<type>`."""

    EVENTS: Final = "events"
    SUCCESS: Final = "success"
    FAILURE: Final = "failure"
    """Steps and calls that ended well or badly. For a tool: logical calls, where the retry that
    succeeds takes its call's failure back, so that a single pane may hold a negative number."""
    TASKS: Final = "tasks"
    TASK_SUCCESS: Final = "task_success"
    TASK_FAILURE: Final = "task_failure"
    TASK_ESCALATED: Final = "task_escalated"
    TASK_ABANDONED: Final = "task_abandoned"
    UNTRACED: Final = "untraced"
    """Steps without a trace id of their own."""
    UNTRACED_TASKS: Final = "untraced_tasks"
    NO_MODEL_VERSION: Final = "no_model_version"
    NO_PROMPT_VERSION: Final = "no_prompt_version"
    NO_DOCUMENT_TIME: Final = "no_document_time"
    """Documents without the time they were read or their source changed."""
    DOCUMENTS: Final = "documents"
    LLM_CALLS: Final = "llm_calls"
    QUARANTINED: Final = "quarantined"
    """Values that the redactor replaced because they did not pass verification."""
    ERROR_PREFIX: Final = "error:"
    TASK_ERROR_PREFIX: Final = "task_error:"
    """Tasks that failed or were escalated, by each type of error that occurred in them."""


@dataclass(slots=True)
class Cell:
    """The values of one measure: count, sum, sum of squares (all exact) and their digest.

    Sums are exact up to the bounds of `pipeline.amounts`.
    """

    count: int = 0
    total: int = 0
    """In kept units, see `Measure.scale`."""
    squares: int = 0
    """Sum of the squared values, in kept units squared; for the variance."""
    digest: Digest = EMPTY


# (how bad, trace id): sorted, worst first
Example = tuple[int, str]


@dataclass(slots=True)
class Pane:
    """Counters, cells and the trace ids of the worst cases over one span."""

    start_ms: int
    resolution: Resolution
    counters: dict[str, int] = field(default_factory=dict)
    cells: dict[Measure, Cell] = field(default_factory=dict)
    examples: dict[str, list[Example]] = field(default_factory=dict)
    """By measure name, or `failure`: up to `MAX_EXAMPLES`, worst first. Minutes and shorter."""

    @property
    def end_ms(self) -> int:
        """The end of the span, exclusive."""
        return self.start_ms + int(self.resolution)


def merge_counters(parts: Iterable[dict[str, int]]) -> dict[str, int]:
    """Add counters by name."""
    merged: dict[str, int] = {}
    for part in parts:
        for name, value in part.items():
            merged[name] = merged.get(name, 0) + value
    return merged


def merge_cells(parts: Iterable[Cell], room: int = MAX_CENTROIDS) -> Cell:
    """Merge the cells of one measure; for `room` see `digest_of_weights`."""
    cells = list(parts)
    return Cell(
        count=sum(cell.count for cell in cells),
        total=bounded(sum(cell.total for cell in cells)),
        squares=bounded_squares(sum(cell.squares for cell in cells)),
        digest=merge_digests((cell.digest for cell in cells), room),
    )


def merge_examples(
    parts: Iterable[dict[str, list[Example]]], limit: int = MAX_EXAMPLES
) -> dict[str, list[Example]]:
    """Keep the worst examples of each kind, at most `limit`; ties go to the greater trace id."""
    gathered: dict[str, set[Example]] = {}
    for part in parts:
        for name, examples in part.items():
            gathered.setdefault(name, set()).update(examples)
    return {name: sorted(found, reverse=True)[:limit] for name, found in gathered.items()}


def merge_panes(
    parts: Iterable[Pane], start_ms: int, resolution: Resolution, room: int = MAX_CENTROIDS
) -> Pane:
    """Merge panes of one dimension into the pane of `resolution` that starts at `start_ms`."""
    panes = list(parts)
    limit = MAX_EXAMPLES_OF_A_MINUTE if resolution is Resolution.MINUTE else MAX_EXAMPLES
    measures = dict.fromkeys(measure for pane in panes for measure in pane.cells)
    return Pane(
        start_ms=start_ms,
        resolution=resolution,
        counters=merge_counters(pane.counters for pane in panes),
        cells={
            measure: merge_cells(
                (pane.cells[measure] for pane in panes if measure in pane.cells), room
            )
            for measure in measures
        },
        examples=merge_examples((pane.examples for pane in panes), limit)
        if resolution <= Resolution.MINUTE
        else {},
    )

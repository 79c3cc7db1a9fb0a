"""Which measures keep a digest, by kind of dimension.

Count, sum and sum of squares are kept of every measure everywhere. A digest takes a hundred times
their room, so it is kept where a quantile has a meaning that people or rules ask for: the latency
of one tool or one step, but not that of all the unlike steps of a workflow.
"""

from __future__ import annotations

from pipeline.windows.dimension import DimensionKind
from pipeline.windows.measure import Measure

_CALL = (Measure.LATENCY_MS, Measure.TOKENS, Measure.COST_USD)
_TASK = (Measure.TASK_TOKENS, Measure.TASK_COST_USD, Measure.TASK_DURATION_MS)

DIGESTED: dict[DimensionKind, frozenset[Measure]] = {
    DimensionKind.ALL: frozenset(_TASK),
    DimensionKind.TOOL: frozenset((Measure.LATENCY_MS,)),
    DimensionKind.MODEL: frozenset(_CALL),
    DimensionKind.PROMPT_VERSION: frozenset(_CALL),
    DimensionKind.AGENT: frozenset(_TASK),
    DimensionKind.AGENT_STEP: frozenset((Measure.LATENCY_MS,)),
    DimensionKind.RELEASE: frozenset(_TASK),
    DimensionKind.WORKFLOW: frozenset(_TASK),
    DimensionKind.TENANT: frozenset(_TASK),
    DimensionKind.WORKFLOW_RELEASE: frozenset(_TASK[:2]),
    DimensionKind.WORKFLOW_MODEL: frozenset(_TASK[:2]),
    DimensionKind.WORKFLOW_PROMPT_VERSION: frozenset(_TASK[:2]),
}

"""Panes as JSON, as partials carry them.

Means ascend, so they are written as differences, and weights are left out where all are 1.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from typing import Any, Final

from pipeline.windows import whole_numbers
from pipeline.windows.digest import EMPTY, Digest
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Pane, Resolution

_ONE: Final = array("B", [1])


def digest_to_json(digest: Digest) -> dict[str, Any]:
    """Return the first mean, the differences between means, and the weights unless all are 1."""
    if not digest.means:
        return {}
    deltas = whole_numbers.steps(digest.means).tolist()
    if len(digest.weights) == sum(digest.weights):
        return {"deltas": deltas}
    return {"deltas": deltas, "weights": digest.weights.tolist()}


def digest_from_json(value: Mapping[str, Any]) -> Digest:
    """Read what `digest_to_json` wrote; raise `OverflowError` or `TypeError` for other numbers."""
    if not value:
        return EMPTY
    means, weights = whole_numbers.sums(value["deltas"]), value.get("weights")
    return Digest(means, whole_numbers.narrow(weights) if weights else _ONE * len(means))


def sums_to_json(count: int, total: int, squares: int) -> dict[str, Any]:
    """Return what a cell knows exactly, as a JSON object."""
    # squares go beyond 64 bits for long spans, which JSON numbers do not carry
    return {"count": count, "total": total, "squares": str(squares)}


def cell_to_json(cell: Cell) -> dict[str, Any]:
    """Return the cell as a JSON object."""
    return {**sums_to_json(cell.count, cell.total, cell.squares), **digest_to_json(cell.digest)}


def pane_to_json(pane: Pane) -> dict[str, Any]:
    """Return the pane as a JSON object; `pane_from_json` reads it back without loss."""
    return {
        "start_ms": pane.start_ms,
        "resolution_ms": int(pane.resolution),
        "counters": pane.counters,
        "measures": {measure.value: cell_to_json(cell) for measure, cell in pane.cells.items()},
        "examples": pane.examples,
    }


def pane_from_json(value: Mapping[str, Any]) -> Pane:
    """Read what `pane_to_json` wrote."""
    return Pane(
        start_ms=value["start_ms"],
        resolution=Resolution(value["resolution_ms"]),
        counters=dict(value["counters"]),
        cells={
            Measure(name): Cell(
                count=cell["count"],
                total=cell["total"],
                squares=int(cell["squares"]),
                digest=digest_from_json(cell if "deltas" in cell else {}),
            )
            for name, cell in value["measures"].items()
        },
        examples={
            name: [(badness, trace_id) for badness, trace_id in found]
            for name, found in value["examples"].items()
        },
    )

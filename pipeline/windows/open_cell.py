"""The values of one measure in an open pane.

Most values of a measure in µs or billionths of a dollar are distinct, and most panes hold fewer
than a digest has room for: they are kept as they came, and counted only where there are more.
"""

from __future__ import annotations

from collections import Counter as Counting
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import sub
from typing import Any

from pipeline.amounts import MOST_AMOUNT, bounded_squares
from pipeline.windows.codec import digest_to_json, sums_to_json
from pipeline.windows.contributions import Amounts
from pipeline.windows.digest import ROOM_WHILE_OPEN, digest_of_weights
from pipeline.windows.pane import Cell


@dataclass(slots=True)
class OpenCell:
    """The values of one measure while they arrive: exact sums, and each value for the digest."""

    digested: bool
    """Whether a digest is kept."""
    count: int = 0
    total: int = 0
    squares: int = 0
    weights: dict[int, int] = field(default_factory=dict)
    """How often each value came, for those that were counted."""
    arrived: list[int] = field(default_factory=list)
    """Values, in kept units, that are not in `weights`."""

    def add(self, amounts: Amounts) -> None:
        """Add values with their sum and their sum of squares."""
        self.count += len(amounts.values)
        self.total += amounts.total
        self.squares += amounts.squares
        if self.total > MOST_AMOUNT:
            self.total, self.squares = MOST_AMOUNT, bounded_squares(self.squares)
        if self.digested:
            self.arrived.extend(amounts.values)

    def settle(self) -> None:
        """Make room, once a batch: beyond `ROOM_WHILE_OPEN` distinct values, cluster them."""
        if len(self.weights) + len(self.arrived) <= ROOM_WHILE_OPEN:
            return
        self.weights = weights = self._counted()
        self.arrived.clear()
        if len(weights) > ROOM_WHILE_OPEN:
            digest = digest_of_weights(weights, ROOM_WHILE_OPEN)
            self.weights = dict(zip(digest.means, digest.weights, strict=True))

    def _counted(self) -> dict[int, int]:
        # a `Counter` counts in C
        weights = Counting(self.weights)
        weights.update(self.arrived)
        return weights

    def to_json(self) -> dict[str, Any]:
        """Return the settled cell as partials carry it."""
        return {**sums_to_json(self.count, self.total, self.squares), **self._digest_to_json()}

    def to_draft(self) -> list[Any]:
        """Return the settled cell as it is, without the sorting that a partial needs."""
        weights = self.weights
        counted = [*weights], [*weights.values()]
        return [self.count, self.total, str(self.squares), *counted, self.arrived]

    @classmethod
    def from_draft(cls, digested: bool, draft: Sequence[Any]) -> OpenCell:
        """Read what `to_draft` returned."""
        count, total, squares, means, weights, *arrived = draft
        kept = dict(zip(means, weights, strict=True))
        # until November 2026 all values were counted
        return cls(digested, count, total, int(squares), kept, arrived[0] if arrived else [])

    @classmethod
    def from_cell(cls, digested: bool, cell: Cell) -> OpenCell:
        """Take up what `to_json` has written."""
        digest = cell.digest
        kept = dict(zip(digest.means, digest.weights, strict=True))
        return cls(digested, cell.count, cell.total, cell.squares, kept)

    def _digest_to_json(self) -> dict[str, Any]:
        if self.weights:
            return digest_to_json(digest_of_weights(self._counted(), ROOM_WHILE_OPEN))
        if not self.arrived:
            return {}
        values = sorted(self.arrived)
        steps = list(map(sub, values[1:], values))
        if all(steps):
            # none came twice: their differences are all that there is to say
            return {"deltas": [values[0], *steps]}
        return _with_weights(values[0], steps)


def _with_weights(first: int, steps: list[Any]) -> dict[str, Any]:
    """As `digest_to_json`, for ascending values of which some are equal."""
    deltas: list[Any] = [first]
    weights: list[int] = []
    weight = 1
    for step in steps:
        if step:
            deltas.append(step)
            weights.append(weight)
            weight = 0
        weight += 1
    weights.append(weight)
    return {"deltas": deltas, "weights": weights}

"""The values of one measure in an open pane.

Most values of a measure in µs or billionths of a dollar are distinct, and most panes hold fewer
than a digest has room for: they are kept as they came, and counted only where there are more. Not
as Python's numbers, which take five times as much and more: under load a worker has millions of
them. All are amounts, and those end below 2^62.
"""

from __future__ import annotations

from array import array
from collections import Counter as Counting
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from operator import sub
from struct import pack
from typing import Any, Final

from pipeline.amounts import MOST_AMOUNT, bounded_squares
from pipeline.windows.codec import digest_to_json, sums_to_json
from pipeline.windows.contributions import Amounts
from pipeline.windows.digest import ROOM_WHILE_OPEN, digest_of_weights
from pipeline.windows.pane import Cell
from pipeline.windows.whole_numbers import narrow

MOST_ARRIVED: Final = 64
"""Values that a cell may have as Python has them when a batch ends."""

Counted = tuple["array[int]", "array[int]"]
"""Values, and how often each came."""


@dataclass(slots=True)
class OpenCell:
    """The values of one measure while they arrive: exact sums, and each value for the digest."""

    digested: bool
    """Whether a digest is kept."""
    count: int = 0
    total: int = 0
    squares: int = 0
    counted: Counted | None = None
    """Values, in kept units, that were counted, and how often each came."""
    settled: array[int] | None = None
    """Values that are not in `counted`, but for those in `arrived`, which came last."""
    arrived: list[int] = field(default_factory=list)
    held: int = 0
    """How many values `counted` and `settled` have."""

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
        arrived = len(self.arrived)
        if self.held + arrived > ROOM_WHILE_OPEN:
            weights = self._weights()
            if len(weights) > ROOM_WHILE_OPEN:
                digest = digest_of_weights(weights, ROOM_WHILE_OPEN)
                self.counted = digest.means, digest.weights
            else:
                self.counted = narrow(list(weights)), narrow(list(weights.values()))
            self.held = len(self.counted[0])
            self.settled = None
            self.arrived.clear()
        elif arrived >= MOST_ARRIVED:
            if self.settled is None:
                self.settled = array("q")
            # thrice as fast as `extend`, which reads each as an argument of a call
            self.settled.frombytes(pack(f"{arrived}q", *self.arrived))
            self.held += arrived
            self.arrived.clear()

    def _weights(self) -> Mapping[int, int]:
        counted = {} if self.counted is None else dict(zip(*self.counted, strict=True))
        # a `Counter` counts in C
        weights = Counting(counted)
        weights.update(self._uncounted())
        return weights

    def _uncounted(self) -> list[int]:
        return self.arrived if self.settled is None else self.settled.tolist() + self.arrived

    def to_json(self) -> dict[str, Any]:
        """Return the settled cell as partials carry it."""
        return {**sums_to_json(self.count, self.total, self.squares), **self._digest_to_json()}

    def to_draft(self) -> list[Any]:
        """Return the settled cell as it is, without the sorting that a partial needs."""
        counted = self.counted
        means, weights = ([], []) if counted is None else (counted[0].tolist(), counted[1].tolist())
        return [self.count, self.total, str(self.squares), means, weights, self._uncounted()]

    @classmethod
    def from_draft(cls, digested: bool, draft: Sequence[Any]) -> OpenCell:
        """Read what `to_draft` returned."""
        count, total, squares, means, weights, *arrived = draft
        kept = (narrow(means), narrow(weights)) if means else None
        # until November 2026 all values were counted
        last = arrived[0] if arrived else []
        return cls(digested, count, total, int(squares), kept, None, last, len(means))

    @classmethod
    def from_cell(cls, digested: bool, cell: Cell) -> OpenCell:
        """Take up what `to_json` has written."""
        digest = cell.digest
        held = len(digest.means)
        kept = (digest.means, digest.weights) if held else None
        return cls(digested, cell.count, cell.total, cell.squares, kept, held=held)

    def _digest_to_json(self) -> dict[str, Any]:
        if self.counted is not None:
            return digest_to_json(digest_of_weights(self._weights(), ROOM_WHILE_OPEN))
        values = sorted(self._uncounted())
        if not values:
            return {}
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

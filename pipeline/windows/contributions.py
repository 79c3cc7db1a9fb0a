"""What a group of events, or of closed tasks, adds to the panes of its dimensions."""

from __future__ import annotations

from typing import Any

from pipeline.amounts import MOST_AMOUNT, bounded_squares
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Example


class Amounts:
    """Values of a measure in kept units, their sum, and the sum of their squares.

    Added up here once, and not in each dimension again.
    """

    def __init__(self) -> None:
        # not declared as numbers: they are handed on as the objects they are
        self.values: list[Any] = []
        self.total = 0
        self.squares = 0

    def add(self, value: Any) -> None:
        """Add one value."""
        self.values.append(value)
        number: int = value
        self.total += number
        self.squares += number * number
        if self.total > MOST_AMOUNT:
            self.total, self.squares = MOST_AMOUNT, bounded_squares(self.squares)


class Contribution:
    """Counters, amounts and examples."""

    def __init__(self) -> None:
        self.counters: dict[str, int] = {}
        self.amounts: dict[Measure, Amounts] = {}
        self.examples: dict[str, list[Example]] = {}
        """Those that may be among the worst of each kind, worst first."""

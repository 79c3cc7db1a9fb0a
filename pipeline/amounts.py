"""The bound of all amounts: whole numbers in the kept units of a measure, and their sums.

An event may say that it cost 1e12 dollars, and its schema cannot know what is absurd. In billionths
that is beyond 64 bits, which is as much as JSON carries and columns hold, and so is a sum of many
events that say less. So an amount, and a sum of amounts, ends at a bound: nothing else of such an
event is lost, and no event stops a worker. As no amount is negative, a sum that ends there is still
the same in any order and however it is divided.
"""

from __future__ import annotations

from typing import Final

MOST_AMOUNT: Final = 4_000_000_000_000_000_000
"""Four billion dollars, in billionths. Below 2^62: up to there compiled code compares at no cost.
json_record.h says the same."""
MOST_SQUARES: Final = MOST_AMOUNT * MOST_AMOUNT
"""Of a sum of squares. It is the bound of a sum, squared: squares are at most what the sum of their
values is when squared, which the variance relies on. Only where a sum ends at its bound can its
squares be beyond theirs, so it is enough to look there."""
MOST_SHORT: Final = 65_535
"""Of a count that one event states and that has a column of 16 bits."""


def bounded(total: int) -> int:
    """Return a sum of amounts, or the bound."""
    return total if total <= MOST_AMOUNT else MOST_AMOUNT


def bounded_squares(squares: int) -> int:
    """Return a sum of squared amounts, or its bound."""
    return squares if squares <= MOST_SQUARES else MOST_SQUARES

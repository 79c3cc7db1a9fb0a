"""The tables of many patterns, run over one text after another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from pipeline.extensions import check_interface
from pipeline.redaction.automata import scan
from pipeline.redaction.automata.tables import bits, tables

MAX_OUTCOMES: Final = 128
NOTHING: Final = bytes(MAX_OUTCOMES // 8)
"""What `Scanner.outcomes` returns where nothing follows."""

check_interface(scan, 2)


class Scanner:
    """Tells which patterns match anywhere in a text, and what follows from that.

    `rules` are pairs: patterns that must all match, by their numbers, and the outcome that follows,
    a number below `MAX_OUTCOMES`.
    """

    def __init__(
        self, patterns: Sequence[str], rules: Sequence[tuple[Iterable[int], int]] = ()
    ) -> None:
        """Compile `patterns`, in RE2's syntax. Raises `Unsupported`; see `check`."""
        numbers = {pattern: number for number, pattern in enumerate(patterns)}
        width = max(1, (len(patterns) + 63) // 64)

        def mask(some: Iterable[int]) -> bytes:
            return sum(1 << number for number in set(some)).to_bytes(8 * width, "little")

        self._run = scan.Automata(
            [
                (
                    table.class_of,
                    table.shift,
                    table.next_state,
                    table.first_accepting,
                    b"".join(
                        mask(numbers[table.patterns[index]] for index in indexes)
                        for indexes in table.accepted
                    ),
                )
                for table in tables(list(numbers))
            ],
            width,
            [(mask(needed), outcome) for needed, outcome in rules],
        )
        self.outcomes = self._run.outcomes
        """Of a text, what follows from the patterns that match it: the bits of little-endian bytes.

        Raises `UnicodeEncodeError` for a text with half of a surrogate pair in it."""

    def matches(self, text: str) -> bool:
        """Whether any outcome follows; yes, to be sure, for a text that has no UTF-8."""
        try:
            return self.outcomes(text) != NOTHING
        except UnicodeEncodeError:
            return True

    def matching(self, text: str) -> frozenset[int]:
        """Return the numbers of the patterns that match anywhere in `text`, as `outcomes` does."""
        return frozenset(bits(int.from_bytes(self._run.matching(text), "little")))


def check(pattern: str) -> None:
    """Raise `Unsupported` where a pattern cannot be held here: a construct, or its size."""
    tables([pattern])

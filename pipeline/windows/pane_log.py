"""What batches added to open panes, one record for each batch, until the panes are stored anew.

A pane holds the values of up to ten seconds, and a batch those of a tenth of a second: to store
each pane that a batch touched would be twenty times as much as what the batch added. So mostly that
is stored, and every `MOST_BATCHES` batches the panes themselves, as drafts; then what was logged
before goes. Whoever loads takes the drafts and adds what is logged, each with its version: a pane
that was stored after a batch holds it already. `stored_panes` says in which order all is written.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import orjson

from pipeline.buffers import compact
from pipeline.errors import InputError
from pipeline.windows.contributions import Amounts, Contribution
from pipeline.windows.dimension import Dimension
from pipeline.windows.measure import NAMES, Measure
from pipeline.windows.open_panes import Fact
from pipeline.windows.partial import Version
from pipeline.windows.task_contributions import TaskFact

MOST_BATCHES: Final = 40
"""Ten seconds of them, under load: a pane is stored twice or so before it closes. Whoever loads
adds up as many records, in a tenth of a second for each partition."""
MOST_EVENTS: Final = 1_000
"""Of more events than that a batch stores panes, which are hardly larger than what it added."""
MOST_FACTS: Final = 1_000
"""Of a record, which would be larger than `MOST_BYTES` with them."""
MOST_BYTES: Final = 256 * 1024
"""Of a record. Names may be long, and Kafka takes a message of 1 MB at most."""

Group = tuple[int, list[Dimension], Contribution]
"""What readings of one group add: the start of their panes, their dimensions, and their sum."""


class Logged:
    """What one batch added, as it was read from the table."""

    def __init__(
        self, gone_ms: int, version: Version, groups: list[Group], facts: list[Fact]
    ) -> None:
        self.gone_ms = gone_ms
        """The end of the last panes that had been published for good before this batch."""
        self.version = version
        """That of its groups; facts have their own."""
        self.groups = groups
        self.facts = facts


class PaneLog:
    """What the batch at hand adds, and which batches the table has a record of."""

    def __init__(self, numbers: Iterable[int] = ()) -> None:
        self.numbers: list[int] = sorted(numbers)
        """Of the records in the table, the oldest first."""
        self.takes = False
        """Whether the batch at hand is logged."""
        self._next = self.numbers[-1] + 1 if self.numbers else 0
        self._groups: list[Any] = []
        self._facts: list[Any] = []

    @property
    def is_empty(self) -> bool:
        """Whether the batch at hand has added nothing that is to be logged."""
        return not self._groups and not self._facts

    def add_group(
        self, start_ms: int, dimensions: Sequence[Dimension], found: Contribution
    ) -> None:
        """Note what readings of a group add, if the batch is logged."""
        if self.takes:
            keys = [dimension.key for dimension in dimensions]
            amounts = {NAMES[each]: amounts.values for each, amounts in found.amounts.items()}
            self._groups.append((start_ms, keys, found.counters, amounts, found.examples))

    def add_fact(self, start_ms: int, dimensions: Sequence[Dimension], fact: TaskFact) -> None:
        """Note what a closed task adds, if the batch is logged."""
        if self.takes:
            if len(self._facts) >= MOST_FACTS:
                # as if the batch had begun so
                self.takes = False
                self._groups, self._facts = [], []
                return
            keys = [dimension.key for dimension in dimensions]
            self._facts.append((start_ms, keys, fact.to_json()))

    def take(self, gone_ms: int, fence: int) -> tuple[int, bytes]:
        """Return number and value of the batch's record.

        If it would be too large for a message it holds nothing but `gone_ms`, and `takes` is False.
        """
        number = self._next
        self._next += 1
        self.numbers.append(number)
        value = orjson.dumps((gone_ms, fence, self._groups, self._facts))
        self._groups, self._facts = [], []
        if len(value) > MOST_BYTES:
            self.takes = False
            value = orjson.dumps((gone_ms, fence, (), ()))
        return number, compact(value)

    def forget(self) -> list[int]:
        """Return the numbers of the records that are not needed any more: all but the last."""
        forgotten, self.numbers = self.numbers[:-1], self.numbers[-1:]
        return forgotten


def read_logged(data: bytes) -> Logged:
    """Read what `PaneLog.take` returned; raise `InputError` for anything else."""
    try:
        gone_ms, fence, groups, facts = orjson.loads(data)
        return Logged(
            int(gone_ms),
            (int(fence), 0),
            [
                (start_ms, _dimensions(keys), _contribution(counters, amounts, examples))
                for start_ms, keys, counters, amounts, examples in groups
            ],
            [(start_ms, _dimensions(keys), TaskFact.from_json(v)) for start_ms, keys, v in facts],
        )
    except (IndexError, KeyError, TypeError, ValueError):
        raise InputError("stored additions to panes cannot be read") from None


def _dimensions(keys: list[str]) -> list[Dimension]:
    return [Dimension.parse(key) for key in keys]


def _contribution(
    counters: dict[str, int], amounts: dict[str, list[int]], examples: dict[str, list[Any]]
) -> Contribution:
    found = Contribution()
    found.counters = counters
    for name, values in amounts.items():
        added = found.amounts[Measure(name)] = Amounts()
        for value in values:
            added.add(value)
    for name, each in examples.items():
        found.examples[name] = [(badness, trace_id) for badness, trace_id in each]
    return found

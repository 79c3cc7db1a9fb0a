"""The panes of one source partition that can still change, each with its fence.

A pane's fence is its `Version`: an offset, and the event time of the last closing applied at that
offset. What comes with a version at or below the one that was stored is in the pane already. Where
only closed panes are published, an open one is stored as a draft, without the sorting that its
partial will need.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pipeline.buffers import compact
from pipeline.errors import InputError
from pipeline.windows.codec import pane_from_json
from pipeline.windows.contributions import Contribution
from pipeline.windows.digested import DIGESTED
from pipeline.windows.dimension import Dimension
from pipeline.windows.measure import NAMES, Measure
from pipeline.windows.open_cell import OpenCell
from pipeline.windows.pane import MAX_EXAMPLES, Counter, Resolution
from pipeline.windows.partial import Version, is_newer
from pipeline.windows.task_contributions import TaskFact, contribution_of_tasks

MAX_COUNTERS: Final = 64
"""Counters a pane keeps apart; error types beyond them count as `error:other`."""

# arithmetic with a plain int is several times faster
_TEN_SECONDS: Final = int(Resolution.TEN_SECONDS)

START: Final[Version] = (-1, 0)
"""Below every version."""

Fact = tuple[int, Sequence[Dimension], TaskFact]
"""What a closed task adds: the start of its panes, and their dimensions."""


@dataclass(slots=True)
class OpenPane:
    """One pane of ten seconds while it can change."""

    dimension: Dimension
    start_ms: int
    stored: Version = START
    """The version up to which the pane was complete when it was last stored."""
    version: Version = START
    counters: dict[str, int] = field(default_factory=dict)
    cells: dict[Measure, OpenCell] = field(default_factory=dict)
    # lists of `Example`, not declared as such, see `_worst`
    examples: dict[str, list[Any]] = field(default_factory=dict)
    encoded: bytes = b""
    """What `encode` returned last."""
    has_record: bool = False
    """Whether the table has a record of it."""

    def add(self, contribution: Contribution, version: Version) -> None:
        """Add what a group of events or a closed task contributes."""
        counters = self.counters
        for name, change in contribution.counters.items():
            if name in counters:
                counters[name] += change
            elif len(counters) < MAX_COUNTERS or ":" not in name:
                counters[name] = change
            else:
                other = f"{Counter.ERROR_PREFIX}other"
                counters[other] = counters.get(other, 0) + change
        cells = self.cells
        for measure, amounts in contribution.amounts.items():
            cell = cells.get(measure)
            if cell is None:
                cell = cells[measure] = OpenCell(measure in DIGESTED[self.dimension.kind])
            cell.add(amounts)
        examples = self.examples
        for name, found in contribution.examples.items():
            kept = examples.get(name)
            # mostly a full list, and nothing worse than what it keeps
            examples[name] = found if kept is None else _worst(kept, found)
        if is_newer(version, self.version):
            self.version = version

    def encode(self) -> bytes:
        """Return the pane's JSON in a partial, which may be stored as well."""
        self.settle()
        encoded = orjson.dumps(
            {
                "start_ms": self.start_ms,
                "resolution_ms": _TEN_SECONDS,
                "counters": self.counters,
                "measures": {NAMES[each]: cell.to_json() for each, cell in self.cells.items()},
                "examples": self.examples,
                "version": self.version,
            }
        )
        self.encoded = compact(encoded)
        return self.encoded

    def draft(self) -> bytes:
        """Return a value to store that no partial carries."""
        self.settle()
        return compact(
            orjson.dumps(
                [
                    self.start_ms,
                    self.version,
                    self.counters,
                    {NAMES[each]: cell.to_draft() for each, cell in self.cells.items()},
                    self.examples,
                ]
            )
        )

    @classmethod
    def from_bytes(cls, dimension: Dimension, data: bytes) -> OpenPane:
        """Read what `encode` or `draft` wrote; raise `InputError` for anything else."""
        digested = DIGESTED[dimension.kind]
        try:
            value: Any = orjson.loads(data)
            if isinstance(value, list):
                return cls._from_draft(dimension, value)
            pane = pane_from_json(value)
            version = (int(value["version"][0]), int(value["version"][1]))
            return cls(
                dimension=dimension,
                start_ms=pane.start_ms,
                stored=version,
                version=version,
                counters=pane.counters,
                cells={
                    measure: OpenCell.from_cell(measure in digested, cell)
                    for measure, cell in pane.cells.items()
                },
                examples=pane.examples,
            )
        except (KeyError, OverflowError, TypeError, ValueError):
            raise InputError("stored pane cannot be read") from None

    @classmethod
    def _from_draft(cls, dimension: Dimension, draft: Sequence[Any]) -> OpenPane:
        start_ms, (offset, time_ms), counters, cells, examples = draft
        digested = DIGESTED[dimension.kind]
        version = int(offset), int(time_ms)
        return cls(
            dimension=dimension,
            start_ms=start_ms,
            stored=version,
            version=version,
            counters=counters,
            cells={
                measure: OpenCell.from_draft(measure in digested, cell)
                for measure, cell in ((Measure(name), cell) for name, cell in cells.items())
            },
            examples={
                name: [(badness, trace_id) for badness, trace_id in found]
                for name, found in examples.items()
            },
        )

    def settle(self) -> None:
        """Put in order what was only gathered, once a batch: what is stored now holds all of it."""
        self.stored = self.version
        for cell in self.cells.values():
            cell.settle()


def _worst(kept: list[Any], found: list[Any]) -> list[Any]:
    """Return the worst of both, which begin with their worst, as a list that nothing changes.

    What they hold is not declared: each tuple would be taken apart and made anew to be compared.
    """
    room = MAX_EXAMPLES - len(kept)
    if room <= 0 and not found[0] > kept[-1]:
        return kept
    merged = list(kept)
    place = 0
    for each in found:
        while place < len(merged) and not each > merged[place]:
            place += 1
        if place >= MAX_EXAMPLES:
            break
        merged.insert(place, each)
    del merged[MAX_EXAMPLES:]
    return merged


class OpenPanes:
    """All open panes of a partition, and which of them changed since they were stored."""

    def __init__(self) -> None:
        self._panes: dict[tuple[str, int], OpenPane] = {}
        # by the batch at hand; those that only batches before it changed
        self._touched: dict[tuple[str, int], OpenPane] = {}
        self._logged: dict[tuple[str, int], OpenPane] = {}

    def __len__(self) -> int:
        return len(self._panes)

    def restore(self, pane: OpenPane) -> None:
        """Take in a stored pane; it counts as changed, so that its partial is published again."""
        pane.has_record = True
        self._panes[pane.dimension.key, pane.start_ms] = pane
        self._touched[pane.dimension.key, pane.start_ms] = pane

    def add(
        self, dimensions: Iterable[Dimension], start_ms: int, found: Contribution, version: Version
    ) -> None:
        """Add to the panes at `start_ms`, except to those that hold that version already."""
        for dimension in dimensions:
            pane = self._pane(dimension, start_ms)
            if is_newer(version, pane.stored):
                pane.add(found, version)
                self._touched[dimension.key, start_ms] = pane

    def add_facts(self, facts: Iterable[Fact]) -> None:
        """Add closed tasks to their panes, except to those that hold them already."""
        # by pane: many tasks of a batch share some of their panes. And where each workflow has one
        # release, say, these panes share their tasks, which are then added up once
        panes: list[tuple[Dimension, int, list[int]]] = []
        by_start: dict[int, dict[str, list[int]]] = {}
        all_facts: list[TaskFact] = []
        for start_ms, dimensions, fact in facts:
            by_key = by_start.get(start_ms)
            if by_key is None:
                by_key = by_start[start_ms] = {}
            number = len(all_facts)
            all_facts.append(fact)
            for dimension in dimensions:
                numbers = by_key.get(dimension.key)
                if numbers is None:
                    numbers = by_key[dimension.key] = []
                    panes.append((dimension, start_ms, numbers))
                numbers.append(number)
        known: dict[object, Contribution] = {}
        for dimension, start_ms, numbers in panes:
            self._add_to_pane(dimension, start_ms, all_facts, numbers, known)

    def _add_to_pane(
        self,
        dimension: Dimension,
        start_ms: int,
        facts: list[TaskFact],
        numbers: list[int],
        known: dict[object, Contribution],
    ) -> None:
        """Add those of `facts` that have these numbers; `known` has the sums of such numbers."""
        pane = self._pane(dimension, start_ms)
        stored = pane.stored
        fresh: list[int] = []
        newest = stored
        for number in numbers:
            version = facts[number].version
            if is_newer(version, stored):
                fresh.append(number)
                if is_newer(version, newest):
                    newest = version
        if fresh:
            key: object = tuple(fresh)
            found = known.get(key)
            if found is None:
                found = known[key] = contribution_of_tasks([facts[number] for number in fresh])
            pane.add(found, newest)
            self._touched[dimension.key, start_ms] = pane

    def _pane(self, dimension: Dimension, start_ms: int) -> OpenPane:
        key = dimension.key, start_ms
        pane = self._panes.get(key)
        if pane is None:
            pane = self._panes[key] = OpenPane(dimension, start_ms)
        return pane

    def settle(self) -> int:
        """End a batch that is logged: what it changed is stored with its record, not as panes.

        Return the last offset that is in any of them.
        """
        last = -1
        for pane in self._touched.values():
            pane.settle()
            last = max(last, pane.stored[0])
        self._logged.update(self._touched)
        self._touched.clear()
        return last

    def take_changed(self) -> list[OpenPane]:
        """Return the open panes that changed since the last call."""
        self._logged.update(self._touched)
        changed = list(self._logged.values())
        self._logged.clear()
        self._touched.clear()
        return changed

    def close(self, watermark_ms: int) -> list[OpenPane]:
        """Remove and return the panes that end at or before the watermark."""
        latest_ms = watermark_ms - _TEN_SECONDS
        closed = [pane for pane in self._panes.values() if pane.start_ms <= latest_ms]
        for pane in closed:
            key = pane.dimension.key, pane.start_ms
            del self._panes[key]
            self._touched.pop(key, None)
            self._logged.pop(key, None)
        return closed

"""The histories of all dimensions that one detector partition is responsible for.

The caller keeps them in a table: `take_writes` says what to store, `load` reads it back. Every
value carries its own fences, so that the order of the writes does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from zlib import crc32

from pipeline.errors import InputError
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.history import History, Outcome, merged
from pipeline.windows.history_pane import TASK_MEASURES
from pipeline.windows.journal import Journal, partials_of
from pipeline.windows.pane import Counter, Pane, Resolution
from pipeline.windows.partial import Partial
from pipeline.windows.retention import Retention
from pipeline.windows.stats import MeasureStats, Window, WindowStats

_SEPARATOR = "\x1e"
_JOURNAL = "journal"
_STEP_MS: Final = int(Resolution.TEN_SECONDS)
_STEPS: Final = int(Resolution.MINUTE) // _STEP_MS


class Histories:
    """Windows of many dimensions, built from partials."""

    def __init__(self, retention: Retention | None = None) -> None:
        self.retention = retention or Retention()
        self.watermarks: dict[int, int] = {}
        """By source partition: event time up to which it has closed its panes."""
        self.reader_ms: int | None = None
        """Event time up to which a reader of windows has come; None: nobody reads step by step."""
        self._histories: dict[Dimension, History] = {}
        self._touched: dict[Dimension, History] = {}
        self._last_ms: dict[Dimension, int] = {}
        self._by_step: list[dict[Dimension, History]] = [{} for _ in range(_STEPS)]
        """The same, by the ten seconds of a minute in which their slots are packed."""
        self._packed = -1
        """Number of the last ten seconds (from the epoch) in which some were packed."""

    @classmethod
    def load(
        cls,
        items: Iterable[tuple[str, bytes]],
        retention: Retention | None = None,
        watermarks: Mapping[int, int] | None = None,
        reader_ms: int | None = None,
    ) -> Histories:
        """Rebuild from stored keys and values; raise `InputError` when one cannot be read.

        `watermarks` and `reader_ms` are not stored with the panes: they say what has expired, and
        which slots have been packed. Without them all are packed at the first call.
        """
        loaded = cls(retention)
        loaded.watermarks = dict(watermarks or {})
        loaded.reader_ms = reader_ms
        journals: dict[Dimension, list[tuple[int, bytes]]] = {}
        for key, data in items:
            try:
                dimension_key, place, start = key.split(_SEPARATOR)
                dimension = Dimension.parse(dimension_key)
                if place == _JOURNAL:
                    journals.setdefault(dimension, []).append((int(start), data))
                    continue
                slot = Resolution(int(place)), int(start)
            except ValueError:
                raise InputError("stored history has a key that cannot be read") from None
            loaded._history(dimension).restore(slot, data)
            loaded._note_data(dimension, slot[1] + int(Resolution.TEN_SECONDS))
        for dimension, entries in journals.items():
            entries.sort()
            history = loaded._history(dimension)
            stored = [data for _, data in entries]
            history.loaded = partials_of(stored)
            history.journal = Journal(entries[-1][0] + 1, sum(map(len, stored)))
            for partial in history.loaded:
                loaded._note_watermark(partial)
                loaded._note_data(dimension, max(part.pane.end_ms for part in partial.panes))
        if watermarks:
            # it goes on where it was: packed at other times, digests would be clustered otherwise
            loaded._packed = loaded.now_ms // _STEP_MS
        return loaded

    def __len__(self) -> int:
        return len(self._histories)

    @property
    def now_ms(self) -> int:
        """The event time that panes expire by; 0 before the first watermark.

        It is that of the partition that is furthest, or the reader's where that is behind: in a
        replay one partition is hours ahead of the next, and the reader still wants fine panes.
        """
        furthest = max(self.watermarks.values(), default=0)
        return furthest if self.reader_ms is None else min(furthest, self.reader_ms)

    @property
    def size_bytes(self) -> int:
        """Bytes of all stored values."""
        return sum(history.size_bytes for history in self._histories.values())

    def apply(self, partial: Partial) -> Outcome:
        """Take in a partial; one that came before, or is out of date, changes nothing."""
        self._note_watermark(partial)
        history = self._history(partial.dimension)
        outcome = history.apply(partial, self.now_ms)
        if outcome.applied:
            self._touched[partial.dimension] = history
            history.journal.add(partial)
            self._note_data(partial.dimension, max(part.pane.end_ms for part in partial.panes))
        return outcome

    def take_writes(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield keys and values to store since the last call; None removes a key.

        What is in them is what was taken in: as a journal's entry, or packed into slots. Slots go
        before the removal of the entries that are in them.
        """
        now_ms = self.now_ms
        step = now_ms // _STEP_MS
        # event time may leap; a minute or more of it makes all due
        due = {at % _STEPS for at in range(max(self._packed, step - _STEPS) + 1, step + 1)}
        self._packed = max(self._packed, step)
        touched, self._touched = self._touched, {}
        for dimension, history in touched.items():
            if _step_of(dimension) in due:
                continue
            if history.journal.is_full:
                yield from self._pack(dimension, history, now_ms)
            else:
                number = history.journal.kept
                yield _key(dimension, _JOURNAL, number), history.journal.entry()
        for place in due:
            # also those without news: their panes expire
            for dimension, history in list(self._by_step[place].items()):
                yield from self._pack(dimension, history, now_ms)

    def _pack(
        self, dimension: Dimension, history: History, now_ms: int
    ) -> Iterator[tuple[str, bytes | None]]:
        for (resolution, start_ms), data in history.take_writes(now_ms):
            yield _key(dimension, str(int(resolution)), start_ms), data
        for number in range(history.journal.clear()):
            yield _key(dimension, _JOURNAL, number), None
        if not history.stored:
            del self._histories[dimension], self._by_step[_step_of(dimension)][dimension]
            self._last_ms.pop(dimension, None)

    def dimensions(self, kind: DimensionKind, since_ms: int = 0) -> list[Dimension]:
        """Return the dimensions of a kind that had data at or after `since_ms`."""
        return [
            dimension
            for dimension, last_ms in self._last_ms.items()
            if dimension.kind is kind and last_ms > since_ms
        ]

    def last_data_ms(self, dimension: Dimension) -> int | None:
        """Return the end of the last ten seconds with data; None for an unknown dimension."""
        return self._last_ms.get(dimension)

    def panes(self, dimension: Dimension, start_ms: int, end_ms: int) -> list[Pane]:
        """Return panes that make up [start_ms, end_ms), as coarse as the span allows."""
        history = self._histories.get(dimension)
        return history.panes_between(start_ms, end_ms, self.now_ms) if history else []

    def window(self, dimension: Dimension, window: Window, end_ms: int) -> WindowStats:
        """Return the statistics of a named window that ends at `end_ms`."""
        return self.span(dimension, window.start_ms(end_ms), end_ms)

    def span(self, dimension: Dimension, start_ms: int, end_ms: int) -> WindowStats:
        """Return the statistics of [start_ms, end_ms); empty ones where nothing was.

        Both edges lie on ten seconds; further back on what `Retention` still keeps (minutes, then
        hours, then days): a start between is moved on to the next edge.
        """
        pane = merged(self.panes(dimension, start_ms, end_ms), start_ms)
        failure = pane.counters.get(Counter.FAILURE, 0)
        task_failure = pane.counters.get(Counter.TASK_FAILURE, 0)
        return WindowStats(
            dimension=dimension,
            start_ms=start_ms,
            end_ms=end_ms,
            counters=pane.counters,
            measures={
                measure: MeasureStats.of(
                    measure, cell, task_failure if measure in TASK_MEASURES else failure
                )
                for measure, cell in pane.cells.items()
            },
            examples=pane.examples,
            final=bool(self.watermarks) and end_ms <= min(self.watermarks.values()),
        )

    def _history(self, dimension: Dimension) -> History:
        history = self._histories.get(dimension)
        if history is None:
            history = self._histories[dimension] = History(dimension, self.retention)
            self._by_step[_step_of(dimension)][dimension] = history
        return history

    def _note_watermark(self, partial: Partial) -> None:
        known = self.watermarks.get(partial.partition, -1)
        self.watermarks[partial.partition] = max(known, partial.watermark_ms)

    def _note_data(self, dimension: Dimension, end_ms: int) -> None:
        self._last_ms[dimension] = max(self._last_ms.get(dimension, 0), end_ms)


def _step_of(dimension: Dimension) -> int:
    """Return which ten seconds of a minute are the dimension's: packing all at once takes long."""
    return crc32(dimension.key.encode()) % _STEPS


def _key(dimension: Dimension, place: str, number: int) -> str:
    return f"{dimension.key}{_SEPARATOR}{place}{_SEPARATOR}{number}"

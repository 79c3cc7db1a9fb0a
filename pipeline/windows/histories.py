"""The histories of all dimensions that one detector partition is responsible for.

The caller keeps them in a table: `take_writes` says what to store, `load` reads it back. Every
value carries its own fences, so that the order of the writes does not matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipeline.errors import InputError
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.history import History, Outcome, merged
from pipeline.windows.history_pane import TASK_MEASURES
from pipeline.windows.pane import Counter, Pane, Resolution
from pipeline.windows.partial import Partial
from pipeline.windows.retention import Retention
from pipeline.windows.stats import MeasureStats, Window, WindowStats

_SEPARATOR = "\x1e"


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
        self._swept_ms = 0

    @classmethod
    def load(
        cls, items: Iterable[tuple[str, bytes]], retention: Retention | None = None
    ) -> Histories:
        """Rebuild from stored keys and values; raise `InputError` when a key cannot be read."""
        loaded = cls(retention)
        for key, data in items:
            try:
                dimension_key, resolution, start = key.split(_SEPARATOR)
                dimension = Dimension.parse(dimension_key)
                place = Resolution(int(resolution)), int(start)
            except ValueError:
                raise InputError("stored history has a key that cannot be read") from None
            loaded._history(dimension).restore(place, data)
            loaded._note_data(dimension, place[1] + int(Resolution.TEN_SECONDS))
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
        known = self.watermarks.get(partial.partition, -1)
        self.watermarks[partial.partition] = max(known, partial.watermark_ms)
        history = self._history(partial.dimension)
        outcome = history.apply(partial, self.now_ms)
        if outcome.applied:
            self._touched[partial.dimension] = history
            self._note_data(partial.dimension, max(part.pane.end_ms for part in partial.panes))
        return outcome

    def take_writes(self) -> Iterator[tuple[str, bytes | None]]:
        """Yield keys and values to store since the last call; None removes a key."""
        now_ms = self.now_ms
        due = self._touched
        if now_ms >= self._swept_ms + Resolution.MINUTE:
            # also those without news: their panes expire
            self._swept_ms, due = now_ms, self._histories
        for dimension, history in list(due.items()):
            for (resolution, start_ms), data in history.take_writes(now_ms):
                yield f"{dimension.key}{_SEPARATOR}{int(resolution)}{_SEPARATOR}{start_ms}", data
            if not history.stored:
                del self._histories[dimension]
                self._last_ms.pop(dimension, None)
        self._touched = {}

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
        return history

    def _note_data(self, dimension: Dimension, end_ms: int) -> None:
        self._last_ms[dimension] = max(self._last_ms.get(dimension, 0), end_ms)

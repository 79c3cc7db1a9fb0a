"""A reader that goes step by step finds fine panes also where one partition is far ahead."""

from __future__ import annotations

from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.pane import Counter, Pane, Resolution
from pipeline.windows.partial import Partial, PartialPane

TOOL = Dimension(DimensionKind.TOOL, ("search",))
TEN_MS = int(Resolution.TEN_SECONDS)
START_MS = 20_000 * int(Resolution.DAY)


def final(partition: int, start_ms: int) -> Partial:
    pane = Pane(start_ms, Resolution.TEN_SECONDS, {Counter.EVENTS: 1})
    return Partial(TOOL, partition, start_ms + TEN_MS, (PartialPane(pane, (start_ms, 0)),))


def events_in_first_ten_seconds(reader_ms: int | None) -> int:
    histories = Histories()
    histories.reader_ms = reader_ms
    histories.apply(final(0, START_MS))
    histories.apply(final(0, START_MS + TEN_MS))
    histories.apply(final(0, START_MS + 5 * int(Resolution.HOUR)))
    histories.apply(final(1, START_MS))
    list(histories.take_writes())
    return histories.span(TOOL, START_MS, START_MS + TEN_MS).count


def test_fine_panes_wait_for_the_reader() -> None:
    assert events_in_first_ten_seconds(START_MS) == 2


def test_without_a_reader_they_expire_with_the_furthest_partition() -> None:
    assert events_in_first_ten_seconds(None) == 0

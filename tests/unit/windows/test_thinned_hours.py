"""Hours lose their digests when they are a day old, also what comes to them later."""

from __future__ import annotations

from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.history import History, Place
from pipeline.windows.pane import Resolution
from pipeline.windows.partial import Partial, PartialPane
from pipeline.windows.retention import Retention
from pipeline.windows.segment import unpack_segment
from tests.unit.windows.latencies import pane_of

TOOL = Dimension(DimensionKind.TOOL, ("search",))
HOUR_MS = int(Resolution.HOUR)
MINUTE_MS = int(Resolution.MINUTE)
START_MS = 20_000 * int(Resolution.DAY)
OLD_MS = START_MS + 26 * HOUR_MS
"""The first hour is a day old, and the one in which it ended is over."""


def partial(start_ms: int) -> Partial:
    part = PartialPane(pane_of(start_ms, [100, 200, 300]), (start_ms, 0))
    return Partial(TOOL, 0, start_ms + 10_000, (part,))


def digests(history: History) -> list[bool]:
    """Return of each measure of the first hour whether it has a digest."""
    slot = next(place for place in history.stored if place[0] is Resolution.HOUR)
    pane = unpack_segment(history.stored[slot], Resolution.HOUR)[START_MS].pane
    return [bool(cell.digest.means) for cell in pane.cells.values()]


def hours_written(history: History, now_ms: int) -> list[Place]:
    return [place for place, _ in history.take_writes(now_ms) if place[0] is Resolution.HOUR]


def test_an_hour_is_thinned_once_and_again_when_something_comes_to_it() -> None:
    history = History(TOOL, Retention())
    history.apply(partial(START_MS), START_MS)
    assert hours_written(history, OLD_MS - 2 * MINUTE_MS)
    assert any(digests(history))
    assert len(hours_written(history, OLD_MS)) == 1
    assert not any(digests(history))
    assert hours_written(history, OLD_MS + 2 * MINUTE_MS) == []
    history.apply(partial(START_MS + 10_000), OLD_MS + 3 * MINUTE_MS)
    assert hours_written(history, OLD_MS + 4 * MINUTE_MS)
    assert any(digests(history)), "what came is there at first"
    assert hours_written(history, OLD_MS + HOUR_MS + MINUTE_MS)
    assert not any(digests(history))

"""What partitions have closed counts once, whenever it is merged."""

from __future__ import annotations

from pipeline.windows.history_pane import HistoryPane
from pipeline.windows.pane import Counter, Pane, Resolution

MINUTE_MS = 1_760_000_040_000
PARTITIONS = 8


def closed(start_ms: int) -> Pane:
    return Pane(start_ms, Resolution.TEN_SECONDS, {Counter.EVENTS: 3})


def test_what_partitions_close_is_merged_for_readers_and_for_good_when_it_is_packed() -> None:
    pane = HistoryPane.empty(MINUTE_MS, Resolution.MINUTE)
    for partition in range(PARTITIONS):
        assert pane.fold(partition, closed(MINUTE_MS))
        assert not pane.fold(partition, closed(MINUTE_MS)), "it came again"
    assert pane.merged.counters == {}
    assert len(pane.waiting) == PARTITIONS
    assert pane.pane.counters == {Counter.EVENTS: 3 * PARTITIONS}
    assert pane.merged.counters == {}
    pane.settle()
    assert pane.waiting == []
    assert pane.merged.counters == {Counter.EVENTS: 3 * PARTITIONS}
    assert pane.fold(0, closed(MINUTE_MS + 10_000))
    assert pane.data_end_ms == MINUTE_MS + 20_000
    assert pane.pane.counters == {Counter.EVENTS: 3 * PARTITIONS + 3}
    assert pane.pane is pane.pane

"""Stored panes come back as they were, also in the form in which fences were whole times."""

from __future__ import annotations

from pipeline.windows.history_pane import HistoryPane
from pipeline.windows.measure import Measure
from pipeline.windows.packing import Packer
from pipeline.windows.pane import Pane, Resolution
from pipeline.windows.partial import PartialPane
from pipeline.windows.segment import pack_segment, unpack_segment
from tests.unit.windows.latencies import pane_of

HOUR = int(Resolution.HOUR)
START = 1_760_000_400_000 // HOUR * HOUR


def _pane(start_ms: int, resolution: Resolution) -> Pane:
    return pane_of(start_ms, [3, 5, 5, 9], resolution)


def test_fences_come_back() -> None:
    pane = _pane(START, Resolution.HOUR)
    segment = {START: HistoryPane(pane, {0: START, 7: START + HOUR - 10_000})}
    assert unpack_segment(pack_segment(segment), Resolution.HOUR) == segment


def test_open_parts_and_examples_come_back() -> None:
    pane = _pane(START, Resolution.TEN_SECONDS)
    pane.examples = {"failure": [(9, "trace")]}
    part = PartialPane(_pane(START, Resolution.TEN_SECONDS), (17, 0))
    segment = {START: HistoryPane(pane, {}, {3: part})}
    assert unpack_segment(pack_segment(segment), Resolution.TEN_SECONDS) == segment


def test_the_older_form_is_read() -> None:
    packer = Packer()
    pane = _pane(START, Resolution.HOUR)
    cell = pane.cells[Measure.LATENCY_MS]
    numbers = [cell.count, cell.total, str(cell.squares), packer.add(cell.digest)]
    stored = {
        "start": START,
        "counters": pane.counters,
        "measures": {"latency_ms": numbers},
        "examples": {},
        "folded": [[0, START], [2, START + 20_000]],
        "open": [],
    }
    found = unpack_segment(packer.finish({"panes": [stored]}), Resolution.HOUR)
    assert found == {START: HistoryPane(pane, {0: START, 2: START + 20_000})}

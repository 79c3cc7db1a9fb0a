"""What was taken in is stored at once, packed once a minute, and loaded to the same panes."""

from __future__ import annotations

import random

import pytest

from pipeline.errors import InputError
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.journal import MOST_BYTES, MOST_ENTRIES
from pipeline.windows.pane import Counter, Resolution
from pipeline.windows.partial import Partial, PartialPane
from pipeline.windows.stats import WindowStats
from tests.unit.windows.latencies import pane_of

TOOLS = [Dimension(DimensionKind.TOOL, (f"tool-{number}",)) for number in range(5)]
TEN_MS = int(Resolution.TEN_SECONDS)
MINUTE_MS = int(Resolution.MINUTE)
START_MS = 20_000 * int(Resolution.DAY)


def closed(tool: Dimension, partition: int, start_ms: int, chance: random.Random) -> Partial:
    """Return ten seconds of a partition: more distinct values than a digest keeps apart."""
    values = [round(chance.lognormvariate(11, 1)) for _ in range(400)]
    part = PartialPane(pane_of(start_ms, values), (start_ms, 0))
    return Partial.from_bytes(Partial(tool, partition, start_ms + TEN_MS, (part,)).to_bytes())


def write(table: dict[str, bytes], histories: Histories) -> tuple[int, int]:
    """Put what changed into the table; return how many entries and slots that were."""
    entries = slots = 0
    for key, value in histories.take_writes():
        if value is None:
            table.pop(key, None)
            continue
        table[key] = value
        entries += "\x1ejournal\x1e" in key
        slots += "\x1ejournal\x1e" not in key
    return entries, slots


def spans(histories: Histories, end_ms: int) -> list[WindowStats]:
    return [histories.span(tool, START_MS, end_ms) for tool in TOOLS]


def test_a_worker_that_loads_its_state_goes_on_with_the_same_panes() -> None:
    chance = random.Random(2)
    histories, table = Histories(), dict[str, bytes]()
    restarted: Histories | None = None
    noted = packed = 0
    for step in range(30):
        start_ms = START_MS + step * TEN_MS
        for tool in TOOLS:
            for partition in range(3):
                told = closed(tool, partition, start_ms, chance)
                histories.apply(told)
                if restarted is not None:
                    restarted.apply(told)
        # readers look between, at one and not at the other, and merge nothing for good by it
        expected = spans(histories, start_ms + TEN_MS)
        if restarted is not None and step % 3 == 0:
            assert spans(restarted, start_ms + TEN_MS) == expected
        entries, slots = write(table, histories)
        noted, packed = noted + entries, packed + slots
        if step in (3, 11, 20):
            restarted = Histories.load(table.items(), watermarks=histories.watermarks)
            assert spans(restarted, start_ms + TEN_MS) == expected
        elif restarted is not None:
            write({}, restarted)
    assert noted > 30 * len(TOOLS) / 2
    assert packed < 30 * len(TOOLS) * 4 / 3, "not all four slots each time"


def test_entries_are_removed_when_slots_have_what_was_in_them() -> None:
    histories, table = Histories(), dict[str, bytes]()
    write(table, histories)
    chance = random.Random(3)
    for step in range(12):
        for tool in TOOLS:
            histories.apply(closed(tool, 0, START_MS + step * TEN_MS, chance))
        write(table, histories)
    noted = [key for key in table if "\x1ejournal\x1e" in key]
    assert 0 < len(noted) <= 5 * len(TOOLS)
    histories.watermarks[0] += 2 * MINUTE_MS
    write(table, histories)
    assert not [key for key in table if "\x1ejournal\x1e" in key]


def test_a_journal_is_bounded_while_event_time_stands() -> None:
    """One partition is far ahead in a replay: the reader waits for the others, and time with it."""
    histories, table = Histories(), dict[str, bytes]()
    histories.reader_ms = START_MS
    chance = random.Random(4)
    most = 0
    for step in range(200):
        histories.apply(closed(TOOLS[0], 0, START_MS + step * TEN_MS, chance))
        write(table, histories)
        noted = [len(value) for key, value in table.items() if "\x1ejournal\x1e" in key]
        assert len(noted) <= MOST_ENTRIES
        assert sum(noted) <= MOST_BYTES + 8 * 1024
        most = max(most, len(noted))
    assert most > 10
    expected = histories.span(TOOLS[0], START_MS, START_MS + 200 * TEN_MS)
    assert expected.counters[Counter.EVENTS] == 200 * 400
    loaded = Histories.load(table.items(), watermarks=histories.watermarks, reader_ms=START_MS)
    assert loaded.span(TOOLS[0], START_MS, START_MS + 200 * TEN_MS) == expected


@pytest.mark.parametrize("entry", [b"", b"\x28\xb5\x2f\xfd", b"plain"])
def test_an_entry_that_cannot_be_read_is_told(entry: bytes) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        Histories.load([(f"{TOOLS[0].key}\x1ejournal\x1e0", entry)])

"""The slots that were read last are kept unpacked, up to a number of packed bytes."""

from __future__ import annotations

import pytest

from pipeline.errors import InputError
from pipeline.windows.history_pane import HistoryPane
from pipeline.windows.pane import Resolution
from pipeline.windows.segment import pack_segment, unpack_segment
from pipeline.windows.unpacked import UnpackedSlots
from tests.unit.windows.latencies import pane_of


def packed(start_ms: int) -> bytes:
    """A slot with one pane."""
    pane = pane_of(start_ms, range(1_000, 1_200))
    return pack_segment({start_ms: HistoryPane(pane)})


def test_a_slot_that_was_read_is_not_unpacked_again() -> None:
    slots, data = UnpackedSlots(), packed(60_000)
    segment = slots.segment(data, Resolution.TEN_SECONDS)
    assert segment == unpack_segment(data, Resolution.TEN_SECONDS)
    assert slots.segment(bytes(bytearray(data)), Resolution.TEN_SECONDS) is segment
    assert slots.segment(data, Resolution.MINUTE) is not segment


def test_those_go_first_that_were_not_read_for_longest() -> None:
    first, second, third = (packed(number * 600_000) for number in (1, 2, 3))
    slots = UnpackedSlots(most_bytes=len(first) + len(second) + len(third) - 1)
    kept = slots.segment(first, Resolution.MINUTE)
    lost = slots.segment(second, Resolution.MINUTE)
    slots.segment(first, Resolution.MINUTE)
    slots.segment(third, Resolution.MINUTE)
    assert len(slots) == 2
    assert slots.segment(first, Resolution.MINUTE) is kept
    assert slots.segment(second, Resolution.MINUTE) is not lost


def test_one_larger_than_all_room_is_read_all_the_same() -> None:
    slots = UnpackedSlots(most_bytes=10)
    for start_ms in (600_000, 1_200_000):
        assert [*slots.segment(packed(start_ms), Resolution.MINUTE)] == [start_ms]
        assert len(slots) == 1


def test_what_cannot_be_read_is_not_kept() -> None:
    slots = UnpackedSlots()
    with pytest.raises(InputError):
        slots.segment(b"no slot", Resolution.MINUTE)
    assert len(slots) == 0

"""Slots that were read, unpacked: readers of windows come back to them every few seconds."""

from __future__ import annotations

from typing import Final

from pipeline.windows.pane import Resolution
from pipeline.windows.segment import Segment, unpack_segment

MOST_BYTES: Final = 2 * 1024 * 1024
"""Packed. Unpacked, busy slots take four to eight times as much, being mostly digests, and quiet
ones more, being mostly objects. Slots differ in size so much that it is bytes that are bounded."""


class UnpackedSlots:
    """The slots that were read last."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        # in the order in which they were read last
        self._segments: dict[tuple[Resolution, bytes], Segment] = {}

    def __len__(self) -> int:
        return len(self._segments)

    def segment(self, data: bytes, resolution: Resolution) -> Segment:
        """Return the panes of a packed slot, to be read only; `InputError` if it is none."""
        key = resolution, data
        segment = self._segments.pop(key, None)
        if segment is None:
            segment = unpack_segment(data, resolution)
            self._bytes += len(data)
        self._segments[key] = segment
        while self._bytes > self._most_bytes and len(self._segments) > 1:
            oldest = next(iter(self._segments))
            del self._segments[oldest]
            self._bytes -= len(oldest[1])
        return segment

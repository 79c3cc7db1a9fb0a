"""What a history took in since its slots were last packed, as it came.

Ten seconds change four slots of a history, and hours and days are large: packing them each time
was four fifths of what the detector did, and all at once, in front of the tick that everybody waits
for. So a call stores the partials themselves, which is what the slots miss, and slots are packed
once a minute. Fences in every pane make it harmless to take a partial in again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import zstandard

from pipeline.errors import InputError
from pipeline.windows.partial import Partial

MOST_ENTRIES: Final = 64
MOST_BYTES: Final = 128 * 1024
"""Compressed. In a replay event time stands until the slowest partition has come as far."""

# quick above all: an entry is void in a minute
_compressor = zstandard.ZstdCompressor(level=1)


class Journal:
    """The entries of one dimension, numbered from 0; those below `kept` are stored."""

    def __init__(self, kept: int = 0, size: int = 0) -> None:
        self.kept = kept
        self._size = size
        self._waiting: list[bytes] = []

    @property
    def is_full(self) -> bool:
        """Whether slots should be packed although their time has not come."""
        return self.kept >= MOST_ENTRIES or self._size >= MOST_BYTES

    def add(self, partial: Partial) -> None:
        """Take in what the history has just taken in."""
        self._waiting.append(partial.data or partial.to_bytes())

    def entry(self) -> bytes:
        """Return what came since the last entry as the next one, to be stored by its number."""
        entry = _compressor.compress(b"\n".join(self._waiting))
        self._waiting = []
        self.kept += 1
        self._size += len(entry)
        return entry

    def clear(self) -> int:
        """Forget everything, since it is in the slots; return how many stored entries are void."""
        void, self.kept, self._size = self.kept, 0, 0
        self._waiting = []
        return void


def partials_of(entries: Iterable[bytes]) -> list[Partial]:
    """Read entries in the order in which they were made; raise `InputError` for anything else."""
    unpack = zstandard.ZstdDecompressor()
    try:
        lines = [line for entry in entries for line in unpack.decompress(entry).split(b"\n")]
    except zstandard.ZstdError:
        raise InputError("stored history has a journal that cannot be read") from None
    return [Partial.from_bytes(line) for line in lines]

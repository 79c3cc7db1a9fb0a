"""Small values of one kind, kept in a third of their memory.

A stored task has some hundred bytes, most of which are the same in other tasks: names of fields'
values, models, steps, prefixes of ids. Alone it hardly compresses (zstd: to a half). So zstd's own
dictionary builder learns from the first values what they share, see
https://facebook.github.io/zstd/#small-data. What is packed stays in this process.
"""

from __future__ import annotations

from typing import Final

from zstandard import ZstdCompressor, ZstdDecompressor, ZstdError, train_dictionary

LEARNS_FROM: Final = 250
"""Values; four times as many make a tenth of a percent, and 50 ms of learning instead of 10."""
_DICTIONARY_BYTES: Final = 4_096
# set, or it would try many of them: the length of what it takes over, and of what it looks for
_SEGMENT, _MATCH = 256, 8
_LEVEL: Final = 1
"""Of zstd; the third takes half as long again and saves a percent."""

_PACKED = b"\0"
"""What packed values begin with. No JSON does."""


class Packing:
    """Packs values, and unpacks what it has packed."""

    def __init__(self) -> None:
        self._examples: list[bytes | bytearray | memoryview] = []
        self._learned = False
        self._compressor = ZstdCompressor(level=_LEVEL, write_checksum=False)
        # with a dictionary it reads what was packed before there was one, too
        self._decompressor = ZstdDecompressor()

    def pack(self, value: bytes) -> bytes:
        """Return a value of JSON in less memory."""
        if not self._learned:
            self._learn(value)
        return _PACKED + self._compressor.compress(value)

    def unpack(self, value: bytes) -> bytes:
        """Return what was packed, or a value that was not as it is."""
        if not is_packed(value):
            return value
        return self._decompressor.decompress(memoryview(value)[len(_PACKED) :])

    def _learn(self, value: bytes) -> None:
        self._examples.append(value)
        if len(self._examples) < LEARNS_FROM:
            return
        self._learned = True
        examples, self._examples = self._examples, []
        try:
            learned = train_dictionary(_DICTIONARY_BYTES, examples, k=_SEGMENT, d=_MATCH)
        except ZstdError:
            # too little to learn from, as when all are alike or tiny
            return
        learned.precompute_compress(level=_LEVEL)
        self._compressor = ZstdCompressor(
            level=_LEVEL, dict_data=learned, write_checksum=False, write_dict_id=False
        )
        self._decompressor = ZstdDecompressor(dict_data=learned)


def is_packed(value: bytes) -> bool:
    """Tell whether a value was packed by a `Packing`."""
    return value.startswith(_PACKED)

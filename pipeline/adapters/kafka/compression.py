"""How batches are packed and unpacked: zstd at its first level, by a library that keeps its tables.

On batches of clean events the first level takes a third less CPU than aiokafka's level 3, and gives
as few bytes (139 for an event, against 141). aiokafka lets one choose the codec and not its level,
and makes a new compressor, and a buffer that grows, for each batch: the same bytes by `zstandard`
take a tenth less to pack, and a fifth less to unpack. What reads and writes batches looks up
`zstd_encode` and `zstd_decode` in its own module each time, and finds ours there.
"""

from __future__ import annotations

import sys
from threading import local
from typing import Final

import zstandard
from aiokafka.codec import zstd_decode
from aiokafka.record.default_records import DefaultRecordBatchBuilder

ZSTD_LEVEL: Final = 1
MOST_AT_ONCE: Final = 64 * 1024 * 1024
"""A batch says how large it is unpacked: what says more than this is unpacked bit by bit."""


class _Codec(local):
    """One for each thread: a consumer has its own, and packing lets other threads go on."""

    def __init__(self) -> None:
        self.compressor = zstandard.ZstdCompressor(level=ZSTD_LEVEL)
        self.decompressor = zstandard.ZstdDecompressor()


_codec = _Codec()


def pack(plain: bytes) -> bytes:
    """Return a frame of zstd."""
    return _codec.compressor.compress(plain)


def unpack(packed: bytes) -> bytes:
    """Return what any client packed; raises aiokafka's errors for what cannot be unpacked."""
    try:
        size = zstandard.frame_content_size(packed)
        if 0 < size <= MOST_AT_ONCE:
            return _codec.decompressor.decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError:
        pass
    # of unknown size, of several frames, or broken
    return bytes(zstd_decode(packed))


def use_zstandard() -> None:
    """Pack and unpack all batches of this process so.

    Not on import: whoever only imports this module keeps aiokafka as it is. Without effect on an
    aiokafka that is built otherwise.
    """
    module = sys.modules[DefaultRecordBatchBuilder.__module__]
    for name, function in (("zstd_encode", pack), ("zstd_decode", unpack)):
        if hasattr(module, name):
            setattr(module, name, function)

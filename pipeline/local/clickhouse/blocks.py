"""ClickHouse's own compressed blocks, as `compress=1` and `decompress=1` ask for them.

A block is a checksum of 16 bytes (CityHash128, version 1.0.2) over what follows it: a byte for the
method, the compressed size with this header of 9 bytes, the size of the content, the compressed
data. Sizes are little-endian, 4 bytes. See https://clickhouse.com/docs/development/architecture and
src/Compression/CompressedReadBufferBase.cpp.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import lz4.block
import zstandard
from clickhouse_cityhash.cityhash import CityHash128

from pipeline.local.clickhouse.exceptions import ClickHouseError, Code

_CHECKSUM_BYTES = 16
_HALVES = struct.Struct("<QQ")
_HEADER = struct.Struct("<BII")
_PLAIN, _LZ4, _ZSTD = 0x02, 0x82, 0x90
_CONTENT_BYTES = 1024 * 1024
# what the server refuses as an impossible size (DBMS_MAX_COMPRESSED_SIZE)
_MAX_BYTES = 1 << 30


class BlockEncoder:
    """Compresses a stream into blocks of LZ4, the server's default."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def compress(self, data: bytes) -> bytes:
        """Take data in, return the blocks that are full."""
        self._pending += data
        blocks = []
        while len(self._pending) >= _CONTENT_BYTES:
            blocks.append(_block(bytes(self._pending[:_CONTENT_BYTES])))
            del self._pending[:_CONTENT_BYTES]
        return b"".join(blocks)

    def flush(self) -> bytes:
        """Return the last block."""
        last = _block(bytes(self._pending)) if self._pending else b""
        self._pending.clear()
        return last


def _block(content: bytes) -> bytes:
    packed = bytes(lz4.block.compress(content, store_size=False))
    body = _HEADER.pack(_LZ4, len(packed) + _HEADER.size, len(content)) + packed
    return _checksum(body) + body


def decode_blocks(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content of the blocks in `chunks`.

    Raises `ClickHouseError` for a wrong checksum, an unknown method and a block cut short.
    """
    pending = bytearray()
    for chunk in chunks:
        pending += chunk
        while (size := _block_size(pending)) and len(pending) >= size:
            yield _content(bytes(pending[:size]))
            del pending[:size]
    if pending:
        raise ClickHouseError(Code.CANNOT_DECOMPRESS, "The last compressed block is cut short")


def _block_size(pending: bytearray) -> int:
    """Return the size of the first block with its checksum; 0 while its header is not here."""
    if len(pending) < _CHECKSUM_BYTES + _HEADER.size:
        return 0
    _, packed, content = _HEADER.unpack_from(pending, _CHECKSUM_BYTES)
    if not _HEADER.size <= packed <= _MAX_BYTES or content > _MAX_BYTES:
        raise ClickHouseError(Code.CANNOT_DECOMPRESS, "A compressed block has an impossible size")
    return _CHECKSUM_BYTES + int(packed)


def _content(block: bytes) -> bytes:
    body = block[_CHECKSUM_BYTES:]
    if _checksum(body) != block[:_CHECKSUM_BYTES]:
        raise ClickHouseError(Code.CHECKSUM_DOESNT_MATCH, "Checksum doesn't match: corrupted data")
    method, _, size = _HEADER.unpack_from(body)
    packed = body[_HEADER.size :]
    try:
        if method == _LZ4:
            return bytes(lz4.block.decompress(packed, uncompressed_size=size))
        if method == _ZSTD:
            return zstandard.ZstdDecompressor().decompress(packed, max_output_size=size)
    except (lz4.block.LZ4BlockError, zstandard.ZstdError):
        raise ClickHouseError(
            Code.CANNOT_DECOMPRESS, "A compressed block cannot be decompressed"
        ) from None
    if method == _PLAIN:
        return packed
    raise ClickHouseError(Code.UNKNOWN_COMPRESSION_METHOD, "Unknown method of a compressed block")


def _checksum(body: bytes) -> bytes:
    """Return the hash as ClickHouse stores it: the high half first, each half little-endian."""
    value = int(CityHash128(body))
    return _HALVES.pack(value >> 64, value & 0xFFFF_FFFF_FFFF_FFFF)

"""HTTP content encodings, both ways, in bounded memory.

Decoders and encoders work on iterators of chunks, so that neither a large body nor a small one
that expands without measure is ever whole in memory.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Protocol

import lz4.frame
import zstandard

from pipeline.local.clickhouse.exceptions import ClickHouseError, Code

CHUNK = 1024 * 1024
"""Most bytes that a decoder hands on at once."""

# What a client accepts, the cheapest for a loopback connection first.
_PREFERENCE = ("lz4", "zstd", "gzip", "deflate")
# The server's default for http_zlib_compression_level.
_ZLIB_LEVEL = 3
_GZIP_WBITS = 31
# zstandard has no limit for what one call returns, and a block of 4 bytes may hold 128 KiB: what
# goes in is kept small, so that at most 32 MiB come out.
_ZSTD_SLICE = 1024


class Encoder(Protocol):
    """Compresses a stream: any number of `compress`, then one `flush`."""

    def compress(self, data: bytes) -> bytes:
        """Take data in, return what is ready."""
        ...

    def flush(self) -> bytes:
        """Return the rest and the end mark."""
        ...


class _Lz4Encoder:
    """lz4's frame compressor with its header sent before the first data."""

    def __init__(self) -> None:
        self._compressor = lz4.frame.LZ4FrameCompressor()
        self._header: bytes = self._compressor.begin()

    def compress(self, data: bytes) -> bytes:
        header, self._header = self._header, b""
        return header + bytes(self._compressor.compress(data))

    def flush(self) -> bytes:
        header, self._header = self._header, b""
        return header + bytes(self._compressor.flush())


_ENCODERS: dict[str, Callable[[], Encoder]] = {
    "lz4": _Lz4Encoder,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
    "gzip": lambda: zlib.compressobj(_ZLIB_LEVEL, wbits=_GZIP_WBITS),
    "deflate": lambda: zlib.compressobj(_ZLIB_LEVEL),
}


def choose(accept_encoding: str) -> str | None:
    """Choose a content encoding from an Accept-Encoding header; None: send as is."""
    offered = {}
    for item in accept_encoding.lower().split(","):
        name, _, quality = item.partition(";")
        offered[name.strip()] = quality.replace(" ", "") not in ("q=0", "q=0.0")
    return next((name for name in _PREFERENCE if offered.get(name)), None)


def encoder(name: str) -> Encoder:
    """Return a fresh encoder for a name that `choose` gave."""
    return _ENCODERS[name]()


def decode(name: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the content behind `chunks` of the content encoding `name`.

    Raises `ClickHouseError` for an unknown encoding and for data that is not in it.
    """
    decoders: dict[str, Callable[[Iterator[bytes]], Iterator[bytes]]] = {
        "": iter,
        "identity": iter,
        "lz4": _decode_lz4,
        "zstd": _decode_zstd,
        "gzip": lambda parts: _decode_zlib(parts, _GZIP_WBITS),
        "deflate": lambda parts: _decode_zlib(parts, zlib.MAX_WBITS),
    }
    decoder = decoders.get(name.strip().lower())
    if decoder is None:
        raise ClickHouseError(
            Code.UNKNOWN_COMPRESSION_METHOD, "Unknown compression method in Content-Encoding"
        )
    return _translated(decoder(chunks))


def _translated(chunks: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from chunks
    except (zlib.error, zstandard.ZstdError, RuntimeError, EOFError) as error:
        raise ClickHouseError(
            Code.CANNOT_DECOMPRESS, "Cannot decompress the request's body"
        ) from error


def _decode_zlib(chunks: Iterator[bytes], wbits: int) -> Iterator[bytes]:
    decompressor = zlib.decompressobj(wbits)
    for chunk in chunks:
        data = chunk
        while data:
            yield decompressor.decompress(data, CHUNK)
            data = decompressor.unconsumed_tail
            if decompressor.eof and decompressor.unused_data:
                data = decompressor.unused_data
                decompressor = zlib.decompressobj(wbits)
    yield decompressor.flush()
    if not decompressor.eof:
        raise EOFError


def _decode_lz4(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = lz4.frame.LZ4FrameDecompressor()
    for chunk in chunks:
        data = chunk
        while data:
            if decompressor.eof:
                decompressor = lz4.frame.LZ4FrameDecompressor()
            yield decompressor.decompress(data, max_length=CHUNK)
            while not decompressor.needs_input and not decompressor.eof:
                yield decompressor.decompress(b"", max_length=CHUNK)
            data = decompressor.unused_data or b""
    if not decompressor.eof:
        raise EOFError


def _decode_zstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor().decompressobj()
    for chunk in chunks:
        for start in range(0, len(chunk), _ZSTD_SLICE):
            data = chunk[start : start + _ZSTD_SLICE]
            while data:
                if decompressor.eof:
                    decompressor = zstandard.ZstdDecompressor().decompressobj()
                content = decompressor.decompress(data)
                for at in range(0, len(content), CHUNK):
                    yield content[at : at + CHUNK]
                data = decompressor.unused_data
    if not decompressor.eof:
        raise EOFError

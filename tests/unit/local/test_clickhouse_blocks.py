"""ClickHouse's compressed blocks and protocol blocks, byte by byte."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from pipeline.local.clickhouse import blocks
from pipeline.local.clickhouse.blocks import BlockEncoder, decode_blocks
from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.local.clickhouse.native import rewrite

# the column file of a MergeTree part with the one value 7 (UInt32), as ClickHouse wrote it
BLOCK_BY_CLICKHOUSE = bytes.fromhex("f2c4cafaa02564e23c0812c7805decc6820e000000040000004007000000")
INFO = b"\x01\x00\x02\xff\xff\xff\xff\x00"


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def reseal(body: bytes) -> bytes:
    """Put the right checksum in front of a block's header and data."""
    return blocks._checksum(body) + body


class TestCompressedBlocks:
    def test_a_block_of_clickhouse_is_read(self) -> None:
        assert b"".join(decode_blocks(iter([BLOCK_BY_CLICKHOUSE]))) == b"\x07\x00\x00\x00"

    @given(data=st.binary(max_size=3000), cut=st.integers(1, 50), size=st.integers(1, 500))
    def test_what_is_written_is_read_in_any_pieces(self, data: bytes, cut: int, size: int) -> None:
        encoder = BlockEncoder()
        stream = b"".join(encoder.compress(part) for part in pieces(data, cut)) + encoder.flush()
        assert b"".join(decode_blocks(pieces(stream, size))) == data

    def test_a_large_stream_is_several_blocks(self) -> None:
        encoder = BlockEncoder()
        data = bytes(range(256)) * 16 * 1024
        stream = encoder.compress(data) + encoder.flush()
        sizes = [len(part) for part in decode_blocks(iter([stream]))]
        assert sum(sizes) == len(data)
        assert len(sizes) == 4

    def test_zstd_and_plain_blocks_are_read(self) -> None:
        for method, packed in ((0x90, zstandard.ZstdCompressor().compress(b"abc")), (0x02, b"abc")):
            sizes = (len(packed) + 9).to_bytes(4, "little") + (3).to_bytes(4, "little")
            block = reseal(bytes([method]) + sizes + packed)
            assert b"".join(decode_blocks(iter([block]))) == b"abc"

    @pytest.mark.parametrize("at", range(0, 30, 3))
    def test_a_flipped_bit_is_noticed(self, at: int) -> None:
        damaged = bytearray(BLOCK_BY_CLICKHOUSE)
        damaged[at] ^= 1
        with pytest.raises(ClickHouseError):
            list(decode_blocks(iter([bytes(damaged)])))

    @pytest.mark.parametrize("size", [1, 16, 24, 29])
    def test_a_block_cut_short_is_refused(self, size: int) -> None:
        with pytest.raises(ClickHouseError) as raised:
            list(decode_blocks(iter([BLOCK_BY_CLICKHOUSE[:size]])))
        assert raised.value.code == Code.CANNOT_DECOMPRESS

    def test_an_unknown_method_is_refused(self) -> None:
        with pytest.raises(ClickHouseError) as raised:
            list(decode_blocks(iter([reseal(b"\x11\x0a\x00\x00\x00\x01\x00\x00\x00x")])))
        assert raised.value.code == Code.UNKNOWN_COMPRESSION_METHOD


class TestProtocolBlocks:
    def test_a_block_gets_its_information_and_a_byte_for_each_column(self) -> None:
        block = b"\x02\x02\x01a\x05UInt8\x01\x02\x01b\x06String\x01x\x02yz"
        assert rewrite(block) == (
            INFO + b"\x02\x02\x01a\x05UInt8\x00\x01\x02\x01b\x06String\x00\x01x\x02yz"
        )

    def test_a_block_without_rows_has_no_values(self) -> None:
        assert rewrite(b"\x01\x00\x01a\x05UInt8") == INFO + b"\x01\x00\x01a\x05UInt8\x00"
        assert rewrite(b"") == b""

    def test_long_strings_are_stepped_over(self) -> None:
        text = b"\xac\x02" + b"x" * 300
        block = b"\x02\x01\x01a\x06String" + text + b"\x01b\x05UInt8\x07"
        expected = INFO + b"\x02\x01\x01a\x06String\x00" + text + b"\x01b\x05UInt8\x00\x07"
        assert rewrite(block) == expected

    @pytest.mark.parametrize(
        "name", [b"Dynamic", b"Variant(UInt8)", b"AggregateFunction(sum, Int8)"]
    )
    def test_a_type_that_cannot_be_stepped_over_is_refused(self, name: bytes) -> None:
        with pytest.raises(ClickHouseError) as raised:
            rewrite(b"\x01\x01\x01a" + bytes([len(name)]) + name + b"\x00" * 20)
        assert raised.value.code == Code.NOT_IMPLEMENTED

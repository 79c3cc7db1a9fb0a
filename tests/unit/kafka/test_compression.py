"""How hard batches are packed, and that whatever a client packs is unpacked."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable

import pytest
import zstandard
from aiokafka.codec import zstd_decode, zstd_encode
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from pipeline.adapters.kafka.compression import MOST_AT_ONCE, ZSTD_LEVEL, unpack, use_zstandard

HEADER_BYTES = 61
"""Of a batch of version 2, before what is packed."""


def packed() -> bytes:
    """What a batch of a hundred records holds behind its header."""
    chance = random.Random(3)
    words = [str(chance.getrandbits(40)) for _ in range(300)]
    builder = DefaultRecordBatchBuilder(
        magic=2,
        compression_type=DefaultRecordBatch.CODEC_ZSTD,
        is_transactional=0,
        producer_id=-1,
        producer_epoch=-1,
        base_sequence=-1,
        batch_size=1_000_000,
    )
    for offset in range(100):
        value = " ".join(chance.choices(words, k=60)).encode()
        builder.append(offset, timestamp=1, key=b"k", value=value, headers=[])
    return bytes(builder.build())[HEADER_BYTES:]


def test_batches_are_packed_at_the_first_level(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[DefaultRecordBatchBuilder.__module__]
    monkeypatch.setattr(module, "zstd_encode", zstd_encode)
    monkeypatch.setattr(module, "zstd_decode", zstd_decode)
    before = packed()
    use_zstandard()
    after = packed()
    records = zstd_decode(before)
    assert zstd_decode(after) == records
    assert after == zstd_encode(records, level=ZSTD_LEVEL) != before


def of_unknown_size(plain: bytes) -> bytes:
    """As clients pack that write what they pack as it comes."""
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(plain) + packer.flush()


@pytest.mark.parametrize("pack", [zstd_encode, zstandard.compress, of_unknown_size])
@pytest.mark.parametrize("plain", [b"", b"a", b"some text " * 10_000])
def test_what_any_client_packs_is_unpacked(pack: Callable[[bytes], bytes], plain: bytes) -> None:
    assert unpack(pack(plain)) == plain
    assert unpack(pack(plain) + pack(plain)) == plain + plain


def test_what_is_larger_than_it_may_say_is_unpacked_bit_by_bit() -> None:
    plain = bytes(MOST_AT_ONCE + 1)
    assert unpack(zstd_encode(plain)) == plain


@pytest.mark.parametrize("damaged", [b"", b"no zstd", zstd_encode(bytes(900))[:-3]])
def test_what_cannot_be_unpacked_fails_as_in_aiokafka(damaged: bytes) -> None:
    with pytest.raises(Exception) as expected:  # noqa: PT011 - cramjam's class is its own
        zstd_decode(damaged)
    with pytest.raises(type(expected.value)):
        unpack(damaged)

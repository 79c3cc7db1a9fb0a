"""How hard batches are packed."""

from __future__ import annotations

import random
import sys

import pytest
from aiokafka.codec import zstd_decode, zstd_encode
from aiokafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from pipeline.adapters.kafka.compression import ZSTD_LEVEL, use_first_level

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
    before = packed()
    use_first_level()
    after = packed()
    records = zstd_decode(before)
    assert zstd_decode(after) == records
    assert after == zstd_encode(records, level=ZSTD_LEVEL) != before

"""What the aggregator keeps takes the memory that it needs, whatever wrote it."""

from __future__ import annotations

import tracemalloc

import orjson

from pipeline.buffers import compact


def test_a_kept_value_takes_no_more_memory_than_it_holds() -> None:
    written = [orjson.dumps(["x" * (1_000 + number)]) for number in range(100)]
    tracemalloc.start()
    try:
        kept = [compact(value) for value in written]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept == written
    assert taken < 1.2 * sum(map(len, written))

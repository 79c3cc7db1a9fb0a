"""Memory of values that are kept."""

from __future__ import annotations


def compact(value: bytes) -> bytes:
    """Return a copy that takes no more memory than it holds.

    orjson writes into a buffer that grows by leaps, and hands it over as it is: 1.1 KB in 8 KB. For
    what is kept until a task or a pane closes, or waits for the brokers with many others, that
    would be most of a worker's memory.
    """
    return bytes(memoryview(value))

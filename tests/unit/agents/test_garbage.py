"""A worker's memory: what a batch frees, the next one gets without asking the system again."""

from __future__ import annotations

import asyncio
import ctypes
import subprocess
import sys

import pytest

from agents import garbage

RETURNED = """
from agents import garbage

garbage.settle()
values = [bytes(1_000) for _ in range(50_000)]
# what is left lies all over it
values = values[::100]
before = garbage.resident_bytes()
garbage.give_back()
print(before - garbage.resident_bytes())
"""

PROGRAM = """
import resource
from agents import garbage

def batch():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    values = [bytes(1_000) for _ in range(8_000)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if {settled}:
    garbage.settle()
batch()
print(batch())
"""


def number_of(program: str) -> int:
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return int(done.stdout)


def faults_of_a_second_batch(*, settled: bool) -> int:
    return number_of(PROGRAM.format(settled=settled))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_a_batch_gets_the_memory_of_the_one_before() -> None:
    assert faults_of_a_second_batch(settled=False) > 500
    assert faults_of_a_second_batch(settled=True) < 100


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library")
def test_what_is_freed_between_blocks_in_use_can_be_given_back() -> None:
    assert number_of(RETURNED) > 20_000_000


def test_memory_is_given_back_when_a_worker_has_grown(monkeypatch: pytest.MonkeyPatch) -> None:
    much = garbage.GROWN_BYTES + 1
    # as it is at each look; after giving back it is looked at once more
    sizes = [much, 1_000, much, 500, 500 + much, 600, 600]
    left = iter(sizes)
    returns: list[None] = []
    monkeypatch.setattr(garbage, "give_back", lambda: returns.append(None))
    memory = garbage.MemoryReturn(lambda: next(left))
    given = []
    for _ in range(5):
        memory.look()
        given.append(len(returns))
    assert given == [1, 1, 1, 2, 2]


async def test_memory_is_looked_at_while_the_worker_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(garbage, "LOOK_SECONDS", 0.0)
    looked = asyncio.Event()

    def resident() -> int:
        looked.set()
        return 0

    memory = garbage.MemoryReturn(resident)
    await memory.start()
    await looked.wait()
    await memory.stop()


def test_resident_bytes_are_those_of_this_process() -> None:
    before = garbage.resident_bytes()
    values = bytearray(b"1" * 50_000_000)
    assert garbage.resident_bytes() - before > 0.9 * len(values)

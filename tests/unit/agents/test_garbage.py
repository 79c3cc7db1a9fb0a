"""A worker's memory: what a batch frees, the next one gets without asking the system again."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

RETURNED = """
from agents import garbage

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096

garbage.settle()
values = [bytes(1_000) for _ in range(50_000)]
# what is left lies all over it
values = values[::100]
before = resident()
garbage.give_back()
print(before - resident())
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

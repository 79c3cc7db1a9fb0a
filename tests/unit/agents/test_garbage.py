"""A worker's memory: what a batch frees, the next one gets without asking the system again."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

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


def faults_of_a_second_batch(*, settled: bool) -> int:
    program = PROGRAM.format(settled=settled)
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    return int(done.stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="another C library")
def test_a_batch_gets_the_memory_of_the_one_before() -> None:
    assert faults_of_a_second_batch(settled=False) > 500
    assert faults_of_a_second_batch(settled=True) < 100

"""What a running worker shows of itself: CPU and memory from the system, counts from `/metrics`."""

from __future__ import annotations

import re
import urllib.request

import psutil

from tests.services import Workers


def cpu_seconds(workers: Workers, name: str) -> float:
    """Return the CPU time that a worker's process has spent so far."""
    times = _process(workers, name).cpu_times()
    return float(times.user + times.system)


def memory_mib(workers: Workers, name: str) -> float:
    """Return the resident memory of a worker's process."""
    return float(_process(workers, name).memory_info().rss) / 1024**2


def records_in(workers: Workers, name: str, topic: str) -> int:
    """Return how many records of `topic` a worker has handled to the end."""
    port = workers.status(name).port
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    found = re.search(rf'^sluice_records_in_total{{topic="{re.escape(topic)}"}} (\S+)$', text, re.M)
    return int(float(found[1])) if found else 0


def _process(workers: Workers, name: str) -> psutil.Process:
    return psutil.Process(workers.status(name).pid)

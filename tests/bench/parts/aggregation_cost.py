"""What the aggregator's arithmetic costs, in a process of its own, as a worker is one.

Beside the other parts of the benchmark it would be measured amid their heap: by a fifth more than
the same work takes in a worker.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

import orjson

from agents import garbage
from agents.aggregator import RECORDS_PER_CALL, config_of
from pipeline.config import AggregationSettings
from pipeline.windows.batch import Record
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import records, sessions, time_of

FLEETS = 60
"""A fleet starts one session a second: sixty of them make about 500 events/s."""
EVENTS_PER_BATCH = 1_000
ROUNDS = 3


def measured(seconds_of_load: int) -> Mapping[int, float]:
    """Return µs of a core for an event, by events in a batch, from a new process."""
    command = [sys.executable, "-m", "tests.bench.parts.aggregation_cost", str(seconds_of_load)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=600)
    return {int(size): micros for size, micros in orjson.loads(done.stdout).items()}


def _apply(batch: Sequence[Record], size: int) -> float:
    table: dict[str, bytes | None] = {}
    config = config_of(AggregationSettings())
    aggregator = PartitionAggregator(0, config, lambda key: table[key] or b"")
    spent = 0.0
    for start in range(0, len(batch), size):
        began = time.process_time()
        changes = aggregator.apply(batch[start : start + size])
        spent += time.process_time() - began
        table.update(changes.writes)
    return spent / len(batch) * 1e6


def main(seconds_of_load: int) -> None:
    """Print the mean of some rounds; one before them makes the process warm."""
    fleets = [item for seed in range(FLEETS) for item in sessions(seed, seconds_of_load)]
    batch = records(sorted(fleets, key=time_of))
    garbage.settle()
    found = {}
    for size in (EVENTS_PER_BATCH, RECORDS_PER_CALL):
        _apply(batch, size)
        found[str(size)] = sum(_apply(batch, size) for _ in range(ROUNDS)) / ROUNDS
    print(orjson.dumps(found).decode())


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""What the aggregator's arithmetic costs, in a process of its own, as a worker is one.

Beside the other parts of the benchmark it would be measured amid their heap: by a fifth more than
the same work takes in a worker.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator, Mapping

import orjson

from agents import garbage
from agents.aggregator import RECORDS_PER_CALL, config_of
from pipeline.config import AggregationSettings
from pipeline.tasks.event import event_of
from pipeline.windows.batch import Record
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import records, sessions, time_of

FLEETS = 60
"""A fleet starts one session a second: sixty of them make about 500 events/s."""
EVENTS_PER_BATCH = 1_000
ROUNDS = 7
_SOURCE = {"topic": "agent.events.raw", "partition": 0, "index": 0}


def measured(seconds_of_load: int) -> Mapping[int, float]:
    """Return µs of a core for an event, by events in a batch, from a new process."""
    command = [sys.executable, "-m", "tests.bench.parts.aggregation_cost", str(seconds_of_load)]
    done = subprocess.run(command, check=True, capture_output=True, timeout=600)
    return {int(size): micros for size, micros in orjson.loads(done.stdout).items()}


class _Load:
    """Events as bytes, and the time Kafka has for each."""

    def __init__(self, seconds: int) -> None:
        fleets = [item for seed in range(FLEETS) for item in sessions(seed, seconds)]
        fleets.sort(key=time_of)
        self._times = [record.record_ms for record in records(fleets)]
        self._events = [
            orjson.dumps({**event, "source": {**_SOURCE, "offset": offset}})
            for offset, event in enumerate(fleets)
        ]

    def __len__(self) -> int:
        return len(self._events)

    def batches(self, size: int) -> Iterator[Iterator[Record]]:
        """Yield batches that parse each event when it is asked for, as the worker's do."""
        for start in range(0, len(self), size):
            yield self._parsed(start, min(start + size, len(self)))

    def _parsed(self, start: int, end: int) -> Iterator[Record]:
        for offset in range(start, end):
            event = event_of(orjson.loads(self._events[offset]))
            yield Record(offset, self._times[offset], event)


def _cost(load: _Load, size: int) -> float:
    """Return what an event takes, in µs, less what reading it alone takes."""
    table: dict[str, bytes | None] = {}
    config = config_of(AggregationSettings())
    aggregator = PartitionAggregator(0, config, lambda key: table[key] or b"")
    spent = 0.0
    for batch in load.batches(size):
        began = time.process_time()
        changes = aggregator.apply(batch)
        spent += time.process_time() - began
        # a worker's table takes them, which is not the aggregator's arithmetic
        table.update(changes.writes)
    began = time.process_time()
    for batch in load.batches(size):
        for _ in batch:
            pass
    return (spent - (time.process_time() - began)) / len(load) * 1e6


def main(seconds_of_load: int) -> None:
    """Print the least of some rounds: what else the machine does only adds to it."""
    load = _Load(seconds_of_load)
    garbage.settle()
    found = {}
    for size in (EVENTS_PER_BATCH, RECORDS_PER_CALL):
        found[str(size)] = min(_cost(load, size) for _ in range(ROUNDS))
    print(orjson.dumps(found).decode())


if __name__ == "__main__":
    main(int(sys.argv[1]))

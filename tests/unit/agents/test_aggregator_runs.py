"""Runs of one partition that wait together are one batch for the aggregator."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import orjson

from agents.aggregator import AggregatorStage
from agents.delivery import Run
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import SystemClock
from pipeline.metrics import Metrics
from pipeline.topics import EVENTS_CLEAN
from pipeline.windows.partition import AggregatorConfig
from tests.unit.windows.fleet import START_MS, event


class Kafka:
    """Stands in for the table and the producer."""

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.sent: list[str] = []

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        del prefix
        return iter(())

    async def write(self, partition: int, changes: Iterable[tuple[str, bytes | None]]) -> None:
        self.writes.append([f"{partition}", *(key for key, _ in changes)])

    async def send(self, topic: str, records: list[Record]) -> None:
        self.sent += [topic for _ in records]


def run_of(partition: int, first: int, count: int) -> Run:
    records: list[Any] = [
        SimpleNamespace(
            offset=offset,
            timestamp=START_MS + offset * 100,
            value=orjson.dumps(
                event(
                    START_MS + offset * 100,
                    event_id=f"{partition}-{offset}",
                    redaction={"verified": True, "quarantined": 0, "counts": {}},
                    source={
                        "topic": "agent.events.raw",
                        "partition": partition,
                        "offset": offset,
                        "index": 0,
                    },
                )
            ),
        )
        for offset in range(first, first + count)
    ]
    return Run(EVENTS_CLEAN.name, partition, records, 1, None)


async def test_what_two_runs_touch_is_written_once() -> None:
    kafka = Kafka()
    stage = AggregatorStage(
        cast(StateTable, kafka),
        cast(BatchProducer, kafka),
        AggregatorConfig(publish_open=False),
        Metrics(),
        SystemClock(),
        partitions=2,
    )
    await stage.handle([run_of(0, 0, 5), run_of(1, 0, 3), run_of(0, 5, 4)])
    assert sorted(written[0] for written in kafka.writes) == ["0", "1"]
    of_first = next(written for written in kafka.writes if written[0] == "0")
    assert len(of_first) == len(set(of_first))
    assert stage._partitions[0].aggregator.fence == 8
    assert stage._partitions[1].aggregator.fence == 2

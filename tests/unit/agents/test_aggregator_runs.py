"""Runs of one partition that wait together are one batch for the aggregator."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest

from agents import aggregator
from agents.aggregator import MAX_NAMED, AggregatorStage
from agents.delivery import Run, Tick
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import SystemClock
from pipeline.errors import UnavailableError
from pipeline.metrics import Metrics
from pipeline.topics import EVENTS_CLEAN
from pipeline.windows.batch import AggregatorConfig, Changes
from tests.unit.windows.fleet import START_MS, event


class Kafka:
    """Stands in for the table and the producer."""

    def __init__(self) -> None:
        self.writes: list[list[str]] = []
        self.sent: list[str] = []

    def get(self, partition: int, key: str) -> bytes:
        raise KeyError(partition, key)

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        del prefix
        return iter(())

    async def write(self, partition: int, changes: Iterable[tuple[str, bytes | None]]) -> None:
        self.writes.append([f"{partition}", *(key for key, _ in changes)])

    def pack(self, keys: Iterable[str]) -> None:
        del keys

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


def stage_of(kafka: Kafka, metrics: Metrics) -> AggregatorStage:
    return AggregatorStage(
        cast(StateTable, kafka),
        cast(BatchProducer, kafka),
        AggregatorConfig(publish_open=False, max_awake=8),
        metrics,
        SystemClock(),
        partitions=2,
    )


def test_metrics_name_agents_whose_clocks_are_wrong_up_to_a_number() -> None:
    metrics = Metrics()
    stage = stage_of(Kafka(), metrics)
    agents = {f"agent-{number}": 1 for number in range(MAX_NAMED + 5)}
    stage._count(Changes(late=agents, early={"agent-3": 2, "agent-104": 4}))

    def value(name: str, agent: str) -> float | None:
        return metrics.registry.get_sample_value(f"{name}_total", {"agent": agent})

    assert value("sluice_late_events", "agent-3") == 1
    assert value("sluice_late_events", "other") == 5
    assert value("sluice_early_events", "agent-3") == 2
    assert value("sluice_early_events", "other") == 4


async def test_what_two_runs_touch_is_written_once() -> None:
    kafka = Kafka()
    stage = stage_of(kafka, Metrics())
    await stage.handle([run_of(0, 0, 5), run_of(1, 0, 3), run_of(0, 5, 4)])
    assert sorted(written[0] for written in kafka.writes) == ["0", "1"]
    of_first = next(written for written in kafka.writes if written[0] == "0")
    assert len(of_first) == len(set(of_first))
    assert stage._partitions[0].aggregator.fence == 8
    assert stage._partitions[1].aggregator.fence == 2


class SlowKafka(Kafka):
    """Answers after a while; counts whose changes are kept meanwhile."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting = 0
        self.most_waiting = 0

    async def write(self, partition: int, changes: Iterable[tuple[str, bytes | None]]) -> None:
        self.waiting += 1
        self.most_waiting = max(self.most_waiting, self.waiting)
        await asyncio.sleep(0.01)
        self.waiting -= 1
        await super().write(partition, changes)


@pytest.mark.parametrize(("many", "together"), [(1_000, 3), (1, 1)])
async def test_many_changes_of_several_partitions_are_not_kept_at_once(
    many: int, together: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aggregator, "MANY_CHANGES", many)
    kafka = SlowKafka()
    stage = stage_of(kafka, Metrics())
    await stage.handle([run_of(partition, 0, 3) for partition in range(3)])
    assert kafka.most_waiting == together
    assert sorted(written[0] for written in kafka.writes) == ["0", "1", "2"]


class NoKafka(Kafka):
    """Does not answer; counts who asked it."""

    async def write(self, partition: int, changes: Iterable[tuple[str, bytes | None]]) -> None:
        await super().write(partition, changes)
        raise UnavailableError("no broker")


async def test_after_a_failure_no_other_partition_waits_for_the_brokers_in_turn(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(aggregator, "MANY_CHANGES", 1)
    kafka = NoKafka()
    with pytest.raises(UnavailableError):
        await stage_of(kafka, Metrics()).handle([run_of(number, 0, 3) for number in range(3)])
    assert len(kafka.writes) == 1


async def test_the_partitions_of_a_worker_share_the_tasks_that_stay_in_memory() -> None:
    stage = stage_of(Kafka(), Metrics())
    await stage.handle([run_of(0, 0, 1)])
    # as long as the worker may have all partitions
    assert stage._partitions[0].aggregator.max_awake == 4
    for partitions, most in (({0}, 8), ({0, 1}, 4)):
        await stage.tick(Tick(1, frozenset(partitions), frozenset()))
        assert stage._partitions[0].aggregator.max_awake == most

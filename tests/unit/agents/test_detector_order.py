"""What agents and people wait for leaves the detector before everything else of its tick."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any, cast

import pytest

from agents.delivery import Run, Tick
from agents.detector import STANDS_AFTER_SECONDS, DetectorStage
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.detection.messages import Progress, Signals
from pipeline.detection.partition import PartitionDetector
from pipeline.detection.rules import default_rules
from pipeline.detection.signals import Signal
from pipeline.metrics import Metrics
from pipeline.topics import ALERTS, BACKPRESSURE, WINDOWS, WINDOWS_PARTIAL
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.pane import Counter, Pane, Resolution
from pipeline.windows.partial import Partial, PartialPane

START_MS = 1_760_000_040_000
"""A whole minute."""
PANE_MS = int(Resolution.TEN_SECONDS)


class Kafka:
    """Stands in for the table and the producer; notes what is written in which order."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def items(self, prefix: str) -> Iterator[tuple[str, bytes]]:
        del prefix
        return iter(())

    async def write(self, partition: int, changes: Iterable[tuple[str, bytes | None]]) -> None:
        del partition
        if list(changes):
            self.log.append("state")

    async def send(self, topic: str, records: list[Record]) -> None:
        if records:
            self.log.append(topic)


def messages() -> list[bytes]:
    """A pane, a find of a canary in it, and the word that a whole minute is complete."""
    pane = Pane(START_MS, Resolution.TEN_SECONDS, {Counter.EVENTS: 3})
    partial = Partial(
        Dimension(DimensionKind.ALL), 0, START_MS + PANE_MS, (PartialPane(pane, (1, 0)),)
    )
    found = Signal(START_MS / 1000 + 51, "canary:1", "canary_found")
    return [
        partial.to_bytes(),
        Signals((found,)).to_bytes(),
        Progress(0, 1, START_MS + 60_000, idle=False).to_bytes(),
    ]


def run_of(values: list[bytes]) -> Run:
    records: list[Any] = [
        SimpleNamespace(offset=offset, value=value, key=b"", timestamp=0)
        for offset, value in enumerate(values)
    ]
    return Run(WINDOWS_PARTIAL.name, 0, records, 1, None)


def stage_of(
    kafka: Kafka,
    lag: Callable[[], Mapping[str, float]] = dict,
    monotonic: Callable[[], float] = time.monotonic,
) -> DetectorStage:
    return DetectorStage(
        cast(StateTable, kafka),
        cast(BatchProducer, kafka),
        default_rules,
        Metrics(),
        lag,
        monotonic,
    )


async def test_a_pipeline_that_stands_still_is_told_by_the_wall_clock() -> None:
    kafka, now = Kafka(), 100.0
    stage = stage_of(kafka, lambda: {"sluice-aggregator": 60.0}, lambda: now)
    await stage.handle([run_of(messages()[::2])])
    kafka.log.clear()
    assigned = Tick(1, frozenset((0,)), frozenset((0,)))
    for _ in range(30):
        await stage.tick(assigned)
        now += 5.0
    # pending, then firing
    assert kafka.log.count(ALERTS.name) == 2
    kafka.log.clear()
    await stage.tick(Tick(2, frozenset(), frozenset()))
    assert not kafka.log, "another worker has the partition"


@pytest.mark.parametrize(("behind", "told"), [(60.0, 2), (0.0, 0)])
async def test_before_the_first_tick_a_group_that_is_behind_is_told_and_an_idle_one_not(
    behind: float, told: int
) -> None:
    kafka, now = Kafka(), 100.0
    stage = stage_of(kafka, lambda: {"sluice-aggregator": behind}, lambda: now)
    for _ in range(30):
        await stage.tick(Tick(1, frozenset((0,)), frozenset((0,))))
        if now < 100.0 + STANDS_AFTER_SECONDS:
            assert not kafka.log
        now += 5.0
    assert kafka.log.count(ALERTS.name) == told


async def test_event_time_that_begins_is_not_measured_by_the_wall_clock_before_it() -> None:
    """A backfill begins weeks before: looks at a pipeline that keeps up would be in its future."""
    kafka, now, behind = Kafka(), 100.0, 60.0
    stage = stage_of(kafka, lambda: {"sluice-aggregator": behind}, lambda: now)
    for _ in range(10):
        await stage.tick(Tick(1, frozenset((0,)), frozenset((0,))))
        now += 5.0
    behind = 0.0
    await stage.handle([run_of(messages()[::2])])
    kafka.log.clear()
    await stage.tick(Tick(1, frozenset((0,)), frozenset((0,))))
    assert stage._detector(1).alerts == []


async def test_a_tick_that_comes_late_does_not_stop_the_look_at_a_pipeline_that_creeps() -> None:
    """Under overload ten seconds of events take a minute: a tick in between began it all anew."""
    kafka, now = Kafka(), 100.0
    stage = stage_of(kafka, lambda: {"sluice-redactor": 60.0}, lambda: now)
    await stage.handle([run_of(messages()[::2])])
    kafka.log.clear()
    for seconds in range(0, 36, 5):
        if seconds == 25:
            await stage.handle([run_of([Progress(0, 1, START_MS + 70_000, idle=False).to_bytes()])])
        await stage.tick(Tick(1, frozenset((0,)), frozenset((0,))))
        now += 5.0
    # pending after 20 seconds, firing after ten more
    assert kafka.log.count(ALERTS.name) == 2


async def test_modes_and_alerts_go_before_windows_and_state(monkeypatch: Any) -> None:
    kafka = Kafka()
    merge = PartitionDetector._merge_due_windows

    def noted(self: PartitionDetector) -> None:
        if self._windows_due_ms is not None:
            kafka.log.append("windows are merged")
        merge(self)

    monkeypatch.setattr(PartitionDetector, "_merge_due_windows", noted)
    stage = stage_of(kafka)
    await stage.handle([run_of(messages())])
    assert kafka.log[-5:] == [
        BACKPRESSURE.name,
        ALERTS.name,
        "windows are merged",
        WINDOWS.name,
        "state",
    ]

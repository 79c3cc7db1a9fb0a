"""The aggregator: clean events to running tasks, panes by partition, and budget events."""

from __future__ import annotations

import faust
import orjson

from agents.delivery import Run, deliver
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import Clock, SystemClock
from pipeline.config import Settings
from pipeline.metrics import Metrics
from pipeline.storage.rows import Refusal, read_event
from pipeline.topics import EVENTS_CLEAN, TASKS, WINDOWS_PARTIAL
from pipeline.windows.partition import AggregatorConfig, Changes, PartitionAggregator
from pipeline.windows.partition import Record as Applied

STAGE = "aggregator"
RECORDS_PER_CALL = 5_000
TICK_SECONDS = 1.0


class AggregatorStage:
    """Keeps one `PartitionAggregator` for each partition it is assigned."""

    def __init__(
        self,
        state: StateTable,
        producer: BatchProducer,
        config: AggregatorConfig,
        metrics: Metrics,
        clock: Clock,
    ) -> None:
        self._state = state
        self._producer = producer
        self._config = config
        self._metrics = metrics
        self._clock = clock
        self._partitions: dict[int, tuple[int, PartitionAggregator]] = {}

    async def handle(self, runs: list[Run]) -> None:
        """Apply whole runs; return when state and outputs are acknowledged."""
        for run in runs:
            known = self._partitions.get(run.partition)
            if known is None or known[0] != run.assignment:
                known = (run.assignment, self._load(run.partition))
                self._partitions[run.partition] = known
            changes = known[1].apply(self._read(run))
            await self._store(run.partition, changes)
            self._metrics.records_in.labels(run.topic).inc(len(run.records))

    async def tick(self, assignment: int) -> None:
        """Let the clock close what partitions without events keep open."""
        now_ms = int(self._clock.now() * 1000)
        for partition, (loaded_under, aggregator) in list(self._partitions.items()):
            if loaded_under != assignment:
                del self._partitions[partition]
                continue
            changes = aggregator.tick(now_ms)
            # the partition's own record alone says how far the clock came: that is known again soon
            if len(changes.writes) > 1 or changes.partials or changes.tasks:
                await self._store(partition, changes)

    def _load(self, partition: int) -> PartitionAggregator:
        items = self._state.items(f"{partition}\x1f")
        return PartitionAggregator.load(partition, items, self._config)

    def _read(self, run: Run) -> list[Applied]:
        """Parse a run; what is no verified event of ours is left to the sink to refuse."""
        applied = []
        for record in run.records:
            event = read_event(record.value)
            if not isinstance(event, Refusal):
                applied.append(Applied(record.offset, record.timestamp, event))
        return applied

    async def _store(self, partition: int, changes: Changes) -> None:
        """Write state, then publish; after an error, forget what memory holds of the partition.

        What was stored but not published is published again when the partition is loaded.
        """
        try:
            await self._state.write(partition, changes.writes)
            partials = [Record(key, value) for key, value in changes.partials]
            tasks = [
                Record(task["session_id"].encode(), orjson.dumps(task)) for task in changes.tasks
            ]
            await self._producer.send(WINDOWS_PARTIAL.name, partials)
            await self._producer.send(TASKS.name, tasks)
        except BaseException:
            self._partitions.pop(partition, None)
            raise
        self._count(changes)

    def _count(self, changes: Changes) -> None:
        metrics = self._metrics
        metrics.records_out.labels(WINDOWS_PARTIAL.name).inc(len(changes.partials))
        metrics.records_out.labels(TASKS.name).inc(len(changes.tasks))
        metrics.repeated.labels("delivery").inc(changes.replayed)
        metrics.repeated.labels("production").inc(changes.repeated)
        metrics.late.inc(sum(changes.late.values()))
        metrics.overflows.inc(len(changes.overflowed))


def build(app: faust.App, settings: Settings, metrics: Metrics) -> list[BatchProducer]:
    """Register the aggregator's agent on `app`; return what has to be started before it runs."""
    producer = BatchProducer(settings.kafka)
    state = StateTable(app, "state", producer, partitions=settings.kafka.partitions)
    stage = AggregatorStage(state, producer, AggregatorConfig(), metrics, SystemClock())
    deliver(
        app,
        EVENTS_CLEAN.name,
        stage.handle,
        name=STAGE,
        max_records=RECORDS_PER_CALL,
        tick=stage.tick,
        tick_seconds=TICK_SECONDS,
    )
    return [producer]

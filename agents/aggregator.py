"""The aggregator: clean events to running tasks, panes by partition, and budget events.

Everything the detector needs goes to one partition, in this order: signals, partials, progress.
See `pipeline.detection.messages`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

import faust

from agents.dead_letter_signals import DeadLetterSignals
from agents.delivery import Run, Tick, deliver
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import Clock, SystemClock
from pipeline.config import AggregationSettings, BudgetSettings, Settings
from pipeline.detection.aggregator_messages import messages_of
from pipeline.detection.messages import NOTHING_KNOWN, Progress
from pipeline.metrics import Metrics
from pipeline.tasks.budgets import Budget, BudgetPolicy
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ, TASKS, WINDOWS_PARTIAL
from pipeline.windows.batch import AggregatorConfig, Changes, records_of
from pipeline.windows.dimension import OTHER
from pipeline.windows.pane import Resolution
from pipeline.windows.partition import PartitionAggregator
from pipeline.windows.watermark import WatermarkConfig

STAGE = "aggregator"
RECORDS_PER_CALL = 5_000
TICK_SECONDS = 1.0
PACE_SECONDS = 0.25
"""The least time between two calls. Each call touches panes and writes tasks anew, so that calls of
a few events cost several times as much for each of them; alerts can wait for that."""
MANY_CHANGES = 2_000
"""Writes and summaries of a batch that are many: as when all that had ended closes at once, since
the first events after a pause have come. No other partition begins while these are kept."""
MAX_NAMED = 100
"""Agents that metrics name; the rest is `other`."""


@dataclass(slots=True)
class _Partition:
    """A partition as it was loaded under one assignment."""

    assignment: int
    aggregator: PartitionAggregator
    told: Progress | None = None
    """The progress that was sent last."""


class AggregatorStage:
    """Keeps one `PartitionAggregator` for each partition it is assigned."""

    def __init__(
        self,
        state: StateTable,
        producer: BatchProducer,
        config: AggregatorConfig,
        metrics: Metrics,
        clock: Clock,
        *,
        partitions: int,
    ) -> None:
        """`partitions`: how many the clean topic has. `config.max_awake` is for all together."""
        self._state = state
        self._producer = producer
        self._awake = config.max_awake
        # until a tick says how many partitions share this worker's memory
        self._config = replace(config, max_awake=self._awake // partitions)
        self._metrics = metrics
        self._clock = clock
        self._count_of_partitions = partitions
        self._partitions: dict[int, _Partition] = {}
        self._named: set[str] = set()
        self._turn = asyncio.Lock()
        """Whose is it to apply events: not until another's many changes are stored."""

    async def handle(self, runs: list[Run]) -> None:
        """Apply whole runs; return when state and outputs are acknowledged."""
        by_partition: dict[int, list[Run]] = {}
        for run in runs:
            by_partition.setdefault(run.partition, []).append(run)
        failed: list[Exception] = []
        # partitions share nothing: while one waits for the brokers, the next one computes
        results = await asyncio.gather(
            *(self._handle_partition(each, failed) for each in by_partition.values()),
            return_exceptions=True,
        )
        for result in results:
            if result is not None:
                raise result

    async def _handle_partition(self, runs: list[Run], failed: list[Exception]) -> None:
        async with self._turn:
            if failed:
                # all runs of this call come again; each would wait for brokers that do not answer
                raise failed[0]
            known = self._known(runs[-1].partition, runs[-1].assignment)
            # as one batch: what they touch is written once, and the brokers are waited for once;
            # what is no verified event of ours the sink refuses
            messages = chain.from_iterable(run.records for run in runs)
            changes = known.aggregator.apply(records_of(messages))
            progress = self._progress(known, idle=False)
            many = _are_many(changes)
            if many:
                try:
                    await self._store(known, changes, progress)
                except Exception as error:
                    failed.append(error)
                    raise
        if not many:
            await self._store(known, changes, progress)
        for run in runs:
            self._metrics.records_in.labels(run.topic).inc(len(run.records))

    async def tick(self, tick: Tick) -> None:
        """Let the clock close what partitions without events keep open, and say that they idle."""
        now_ms = int(self._clock.now() * 1000)
        self._partitions = {
            number: known
            for number, known in self._partitions.items()
            if known.assignment == tick.assignment
        }
        for known in self._partitions.values():
            known.aggregator.keep_awake(self._awake // max(1, len(tick.partitions)))
        # only what was read to its end can be idle: the rest is late itself
        for number in sorted(tick.read_to_end):
            known = self._known(number, tick.assignment)
            while await self._tick_partition(known, now_ms):
                pass

    async def _tick_partition(self, known: _Partition, now_ms: int) -> bool:
        """Let the clock close so many of a partition's tasks; return whether more are to close."""
        before = known.aggregator.watermark_ms
        changes = known.aggregator.tick(now_ms)
        after = known.aggregator.watermark_ms
        never_used = after is None and known.aggregator.fence < 0
        progress = self._progress(known, idle=never_used or after != before)
        # the partition's own record alone says how far the clock came: that is known again soon
        if len(changes.writes) > 1 or changes.partials or changes.tasks:
            await self._store(known, changes, progress)
        elif progress != known.told and (progress.idle or known.told is None):
            await self._store(known, Changes(), progress)
        return changes.unfinished

    def _known(self, number: int, assignment: int) -> _Partition:
        known = self._partitions.get(number)
        if known is None or known.assignment != assignment:
            known = self._partitions[number] = _Partition(assignment, self._load(number))
        return known

    def _progress(self, known: _Partition, *, idle: bool) -> Progress:
        watermark_ms = known.aggregator.watermark_ms
        return Progress(
            partition=known.aggregator.partition,
            partitions=self._count_of_partitions,
            watermark_ms=NOTHING_KNOWN
            if watermark_ms is None
            else Resolution.TEN_SECONDS.floor(watermark_ms),
            idle=idle,
        )

    def _load(self, partition: int) -> PartitionAggregator:
        items = self._state.items(f"{partition}\x1f")
        stored = partial(self._state.get, partition)
        loaded = PartitionAggregator.load(partition, items, self._config, stored)
        self._state.pack(loaded.asleep)
        return loaded

    async def _store(self, known: _Partition, changes: Changes, progress: Progress) -> None:
        """Write state, then publish; after an error, forget what memory holds of the partition.

        What was stored but not published is published again when the partition is loaded.
        """
        partition = known.aggregator.partition
        try:
            await self._state.write(partition, changes.writes)
            self._state.pack(changes.asleep)
            tasks = [Record(*each) for each in changes.tasks]
            messages = messages_of(changes, progress, known.told, known.aggregator.fence)
            partials = [Record(*each) for each in messages]
            # at the same time: each of them waits for the brokers, and the detector for partials
            results = await asyncio.gather(
                self._producer.send(WINDOWS_PARTIAL.name, partials),
                self._producer.send(TASKS.name, tasks),
                return_exceptions=True,
            )
            for result in results:
                if result is not None:
                    raise result
        except BaseException:
            self._partitions.pop(partition, None)
            raise
        known.told = progress
        self._count(changes)

    def _count(self, changes: Changes) -> None:
        metrics = self._metrics
        metrics.records_out.labels(WINDOWS_PARTIAL.name).inc(len(changes.partials))
        metrics.records_out.labels(TASKS.name).inc(len(changes.tasks))
        metrics.repeated.labels("delivery").inc(changes.replayed)
        metrics.repeated.labels("processing").inc(changes.processed)
        metrics.repeated.labels("production").inc(changes.repeated)
        for counter, by_agent in ((metrics.late, changes.late), (metrics.early, changes.early)):
            for agent, count in by_agent.items():
                counter.labels(self._name_in_metrics(agent)).inc(count)
        metrics.overflows.inc(len(changes.overflowed))

    def _name_in_metrics(self, agent: str) -> str:
        if agent not in self._named and len(self._named) >= MAX_NAMED:
            return OTHER
        self._named.add(agent)
        return agent


def _are_many(changes: Changes) -> bool:
    return len(changes.writes) + len(changes.tasks) > MANY_CHANGES


def budget_of(settings: BudgetSettings) -> Budget:
    """Return the core's budget."""
    elapsed = settings.elapsed_seconds
    return Budget(
        tokens=settings.tokens,
        tool_calls=settings.tool_calls,
        cost_usd=settings.cost_usd,
        elapsed_ms=None if elapsed is None else round(elapsed * 1000),
    )


def config_of(settings: AggregationSettings) -> AggregatorConfig:
    """Return the core's configuration."""
    return AggregatorConfig(
        watermark=WatermarkConfig(lateness_ms=round(settings.lateness_seconds * 1000)),
        idle_ms=round(settings.task_idle_seconds * 1000),
        label_cap=settings.label_cap,
        max_awake=settings.tasks_awake,
        budgets=BudgetPolicy(
            default=budget_of(
                BudgetSettings(
                    tokens=settings.budget_tokens,
                    tool_calls=settings.budget_tool_calls,
                    cost_usd=settings.budget_cost_usd,
                    elapsed_seconds=settings.budget_elapsed_seconds,
                )
            ),
            by_workflow={n: budget_of(each) for n, each in settings.budgets_by_workflow.items()},
            by_tier={n: budget_of(each) for n, each in settings.budgets_by_tier.items()},
        ),
        # the detector reads nothing before the watermark of all partitions has passed it
        publish_open=False,
    )


def build(app: faust.App, settings: Settings, metrics: Metrics) -> list[BatchProducer]:
    """Register the aggregator's agent on `app`; return what has to be started before it runs."""
    producer = BatchProducer(settings.kafka)
    state = StateTable(
        app,
        "state",
        producer,
        partitions=settings.kafka.partitions,
        on_disk=settings.aggregation.store == "rocksdict",
    )
    stage = AggregatorStage(
        state,
        producer,
        config_of(settings.aggregation),
        metrics,
        SystemClock(),
        partitions=settings.kafka.partitions,
    )
    deliver(
        app,
        EVENTS_CLEAN.name,
        stage.handle,
        name=STAGE,
        max_records=RECORDS_PER_CALL,
        pace_seconds=PACE_SECONDS,
        tick=stage.tick,
        tick_seconds=TICK_SECONDS,
    )
    deliver(
        app,
        EVENTS_DLQ.name,
        DeadLetterSignals(producer).handle,
        name=f"{STAGE}-dead-letters",
        max_records=RECORDS_PER_CALL,
    )
    return [producer]

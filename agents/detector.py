"""The detector: partials of all source partitions to windows, alerts and modes.

It reads one partition of one topic, so one worker works and further ones stand by. A call publishes
first and stores its state then (see `pipeline.detection.partition`): after a crash it says the same
again, and nothing that it has noted as said was left unsaid.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from pathlib import Path

import faust
import orjson

from agents.delivery import Run, Tick, deliver
from agents.lag_watch import LagWatch
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import Clock, SystemClock
from pipeline.config import Settings
from pipeline.detection.lag import lag_signals
from pipeline.detection.messages import read_message
from pipeline.detection.partition import Changes, PartitionDetector
from pipeline.detection.rules import RuleSet, load_rules
from pipeline.detection.silences import Silence
from pipeline.detection.window_records import key_of, window_of
from pipeline.errors import ConfigError, InputError
from pipeline.metrics import Metrics
from pipeline.topics import ALERTS, BACKPRESSURE, CONTROL, WINDOWS, WINDOWS_PARTIAL

STAGE = "detector"
PARTITION = 0
RECORDS_PER_CALL = 5_000
TICKS_AT_ONCE = 6
"""Ticks of detection between two looks at the event loop."""
RULES_SECONDS = 2.0
JUST_NOW = 0.001
SILENCE_PREFIX = "silence:"

logger = logging.getLogger(__name__)


class DetectorStage:
    """Keeps one `PartitionDetector`, loaded anew whenever the partition is taken over."""

    def __init__(
        self,
        state: StateTable,
        producer: BatchProducer,
        rules: Callable[[], RuleSet],
        metrics: Metrics,
        clock: Clock,
        lag: Callable[[], Mapping[str, float]] = dict,
    ) -> None:
        """`rules` returns the rules in force now, `lag` the seconds that groups are behind."""
        self._state = state
        self._producer = producer
        self._rules = rules
        self._metrics = metrics
        self._clock = clock
        self._lag = lag
        self._loaded: tuple[int, PartitionDetector] | None = None
        self._one_at_a_time = asyncio.Lock()

    async def handle(self, runs: list[Run]) -> None:
        """Take in partials, signals and progress; run the ticks that are due; publish; store."""
        async with self._one_at_a_time:
            detector = self._detector(runs[-1].assignment)
            try:
                for run in runs:
                    for record in run.records:
                        await self._apply(detector, record.value or b"")
                await self._publish(detector.take_changes())
            except BaseException:
                self._loaded = None
                raise
        for run in runs:
            self._metrics.records_in.labels(run.topic).inc(len(run.records))

    async def control(self, runs: list[Run]) -> None:
        """Take in silences."""
        async with self._one_at_a_time:
            detector = self._detector(runs[-1].assignment)
            try:
                for run in runs:
                    for record in run.records:
                        self._apply_control(detector, record.key or b"", record.value)
                await self._publish(detector.take_changes())
            except BaseException:
                self._loaded = None
                raise

    async def tick(self, tick: Tick) -> None:
        """Take up rules that have changed, and note how far the groups are behind."""
        async with self._one_at_a_time:
            if PARTITION not in tick.partitions:
                return
            detector = self._detector(tick.assignment)
            detector.use(self._rules())
            behind = self._lag()
            if not behind:
                return
            now = self._clock.now()
            try:
                # a window does not reach its own end: just after the look, it has it
                detector.watch_pipeline(lag_signals(behind, now - JUST_NOW), now)
                await self._publish(detector.take_changes())
            except BaseException:
                self._loaded = None
                raise

    def _detector(self, assignment: int) -> PartitionDetector:
        if self._loaded is None or self._loaded[0] != assignment:
            items = self._state.items("")
            self._loaded = (assignment, PartitionDetector.load(items, self._rules()))
        return self._loaded[1]

    async def _apply(self, detector: PartitionDetector, value: bytes) -> None:
        try:
            detector.apply(read_message(value))
        except InputError:
            # only our own aggregator may write there; what someone else did must not stop it
            self._metrics.dead_letters.labels("not_for_the_detector").inc()
            return
        while detector.is_behind():
            detector.step(TICKS_AT_ONCE)
            await asyncio.sleep(0)

    def _apply_control(self, detector: PartitionDetector, key: bytes, value: bytes | None) -> None:
        name = key.decode(errors="replace")
        if not name.startswith(SILENCE_PREFIX):
            return
        if value is None:
            detector.end_silence(name.removeprefix(SILENCE_PREFIX))
            return
        try:
            detector.silence(Silence.from_record(orjson.loads(value)))
        except (AttributeError, orjson.JSONDecodeError, InputError):
            self._metrics.dead_letters.labels("not_a_silence").inc()

    async def _publish(self, changes: Changes) -> None:
        # with nothing to write it only asks whether the partition is still ours
        await self._state.write(PARTITION, ())
        windows = [
            Record(key_of(stats), stats.to_bytes(window_of(stats).label))
            for stats in changes.windows
        ]
        alerts = [
            Record(alert.fingerprint.encode(), orjson.dumps(alert.to_record()))
            for alert in changes.alerts
        ]
        modes = [
            Record(notice.scope.key.encode(), orjson.dumps(notice.to_record()))
            for notice in changes.modes
        ]
        # what agents wait for goes first
        for topic, records in ((BACKPRESSURE, modes), (ALERTS, alerts), (WINDOWS, windows)):
            await self._producer.send(topic.name, records)
            self._metrics.records_out.labels(topic.name).inc(len(records))
        await self._state.write(PARTITION, changes.writes)


class RulesFile:
    """The rules of a file, read again when it changes; with a mistake in it, the old ones stay."""

    def __init__(self, path: Path | None) -> None:
        """Raise `ConfigError` when the rules cannot be used: there are no old ones yet."""
        self._path = path
        self._rules = load_rules(path)
        self._seen = self._stamp()

    def __call__(self) -> RuleSet:
        """Return the rules in force."""
        stamp = self._stamp()
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._rules = load_rules(self._path)
                logger.info("rules were read again from %s", self._path)
            except ConfigError as error:
                logger.warning("the rules in use stay: %s", error)
        return self._rules

    def _stamp(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size


def build(app: faust.App, settings: Settings, metrics: Metrics) -> list[BatchProducer | LagWatch]:
    """Register the detector's agents on `app`; return what has to be started before they run."""
    producer = BatchProducer(settings.kafka)
    state = StateTable(app, "state", producer, partitions=1)
    rules = RulesFile(settings.detection.rules_file)
    lag = LagWatch(settings.kafka)
    stage = DetectorStage(state, producer, rules, metrics, SystemClock(), lag.take)
    deliver(
        app,
        WINDOWS_PARTIAL.name,
        stage.handle,
        name=STAGE,
        max_records=RECORDS_PER_CALL,
        tick=stage.tick,
        tick_seconds=RULES_SECONDS,
    )
    deliver(app, CONTROL.name, stage.control, name=f"{STAGE}-control", max_records=1_000)
    return [producer, lag]

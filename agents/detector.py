"""The detector: partials of all source partitions to windows, alerts and modes.

It reads one partition of one topic, so one worker works and further ones stand by. Alerts and modes
are published as soon as their tick has run, windows and then the state at the end of a call (see
`pipeline.detection.partition`): after a crash it says the same again, and nothing that it has noted
as said was left unsaid.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import faust
import orjson

from agents.delivery import Run, Tick, deliver
from agents.lag_watch import LagWatch
from agents.state import StateTable
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.config import Settings
from pipeline.detection.alert import Alert
from pipeline.detection.detector import TICK_SECONDS
from pipeline.detection.lag import lag_signals
from pipeline.detection.messages import Signals, read_message
from pipeline.detection.modes import ModeNotice
from pipeline.detection.partition import Changes, PartitionDetector
from pipeline.detection.rules import RuleSet, load_rules
from pipeline.detection.silences import Silence
from pipeline.detection.spans import floor_to
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
PACE_SECONDS = 0.2
"""The least time between two calls. All partitions close the same ten seconds within a moment, and
each call stores an entry for every history that it touched: one by one that would be eight for
eight, and the last of them, which the tick waits for, would stand behind the others."""
STANDS_AFTER_SECONDS = 20.0
"""Where event time is further behind the wall clock than it was, the latter takes over for the
rules on the pipeline itself."""
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
        lag: Callable[[], Mapping[str, float]] = dict,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        """`rules` returns the rules in force now, `lag` the seconds that groups are behind."""
        self._state = state
        self._producer = producer
        self._rules = rules
        self._metrics = metrics
        self._lag = lag
        self._monotonic = monotonic
        # when this began by both clocks: where event time begins in thought before the first tick
        self._began = floor_to(wall(), TICK_SECONDS), monotonic()
        # the last tick that came less than a tick late, and when it was first seen
        self._in_time: tuple[float, float] | None = None
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
        """Take up rules that have changed, and note how far the groups are behind.

        While event time stands (the aggregator may), has not begun (it never came up), or is too
        slow (under overload a minute of events takes many), the rules on that are judged here.
        """
        async with self._one_at_a_time:
            if PARTITION not in tick.partitions:
                return
            # after a restart perhaps nothing comes to read: what stands still is told even then
            detector = self._detector(tick.assignment)
            detector.use(self._rules())
            last_tick, behind = detector.last_tick, self._lag()
            since = None
            if last_tick is None:
                since, began = self._began
                late = self._monotonic() - began
            else:
                late = self._late(last_tick)
            if not behind:
                return
            if late >= STANDS_AFTER_SECONDS:
                detector.stand_still(behind, late, since)
            elif last_tick is not None:
                detector.apply(Signals(tuple(lag_signals(behind, last_tick))))
            try:
                await self._publish(detector.take_changes())
            except BaseException:
                self._loaded = None
                raise

    def _late(self, last_tick: float) -> float:
        """Return for how long the next tick would have run, had event time kept the wall's pace.

        A tick that comes late is no new beginning: it would stop the look at a pipeline that still
        creeps, each time for as long as event time was ahead of it in thought.
        """
        now = self._monotonic()
        if self._in_time is None:
            self._in_time = last_tick, now
        tick, seen = self._in_time
        late = tick + now - seen - last_tick
        if last_tick != tick and late < TICK_SECONDS:
            self._in_time, late = (last_tick, now), 0.0
        return late

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
            await self._publish_urgent(*detector.take_urgent())
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

    async def _publish_urgent(self, modes: Sequence[ModeNotice], alerts: Sequence[Alert]) -> None:
        """Publish what agents and people wait for, before windows are merged and state is packed.

        The state that says so comes later, as always: a crash in between says the same again.
        """
        if not modes and not alerts:
            return
        # with nothing to write it only asks whether the partition is still ours
        await self._state.write(PARTITION, ())
        told = [Record(each.scope.key.encode(), orjson.dumps(each.to_record())) for each in modes]
        # agents' modes go first
        await self._send(BACKPRESSURE.name, told)
        told = [
            Record(each.fingerprint.encode(), orjson.dumps(each.to_record())) for each in alerts
        ]
        await self._send(ALERTS.name, told)

    async def _publish(self, changes: Changes) -> None:
        await self._publish_urgent(changes.modes, changes.alerts)
        windows = [
            Record(key_of(stats), stats.to_bytes(window_of(stats).label))
            for stats in changes.windows
        ]
        if windows:
            await self._state.write(PARTITION, ())
            await self._send(WINDOWS.name, windows)
        await self._state.write(PARTITION, changes.writes)

    async def _send(self, topic: str, records: list[Record]) -> None:
        await self._producer.send(topic, records)
        self._metrics.records_out.labels(topic).inc(len(records))


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
    stage = DetectorStage(state, producer, rules, metrics, lag.take)
    deliver(
        app,
        WINDOWS_PARTIAL.name,
        stage.handle,
        name=STAGE,
        max_records=RECORDS_PER_CALL,
        pace_seconds=PACE_SECONDS,
        tick=stage.tick,
        tick_seconds=RULES_SECONDS,
    )
    deliver(app, CONTROL.name, stage.control, name=f"{STAGE}-control", max_records=1_000)
    return [producer, lag]

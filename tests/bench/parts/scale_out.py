"""More workers of a role: how much faster, and what a rebalance under load costs.

Redactors alone, on all cores, work on a backlog that never ends; one joins, then two
more, and three leave. What arrives on the clean topic is counted by its offsets; at the end every
message of the input must be there.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition

from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.options import client_options
from pipeline.cli.figures import Report
from pipeline.config import Settings
from pipeline.local.stack import LocalStack
from pipeline.storage.rows import Refusal, read_event
from pipeline.topics import EVENTS_CLEAN
from tests.bench.parts import drain
from tests.bench.parts.cores import Cores, pin
from tests.bench.parts.load import Load
from tests.services import Workers

COUNTS = (1, 2, 4)
LOOK_SECONDS = 0.2
SETTLE_SECONDS = 2.0
"""After a worker has its partitions, before its rate counts."""
JOIN_SECONDS = 60.0
AHEAD_SECONDS = 6.0
LABEL = "scale"


@dataclass(frozen=True)
class _Phase:
    rate: float
    busy: float
    """Share of the machine's CPU time that was spent, by whomever."""


def run(
    report: Report, stack: LocalStack, cores: Cores, load: Load, *, quick: bool, rate: float
) -> None:
    """Work on a backlog with 1, 2 and 4 redactors; `rate`: what one of them does, about."""
    seconds = 5.0 if quick else 15.0
    settings = stack.settings
    before = asyncio.run(_ends(settings))
    phases: list[_Phase] = []
    pauses: list[float] = []
    with Workers(stack) as workers, _Output(settings) as output:
        ahead = int(rate * min(max(COUNTS), len(cores.everything)) * AHEAD_SECONDS)
        with (
            _Backlog(settings, load, output, ahead) as backlog,
            report.progress("redactors: 1, 2, 4, 1", len(COUNTS) + 1) as step,
        ):
            for count in COUNTS:
                output.pause = 0.0
                _join(workers, cores, count, output)
                pauses.append(output.pause)
                phase = _phase(output, seconds)
                phases.append(phase)
                report.figure(f"redactors: {count}", phase.rate, "events/s")
                name = f"redactors: {count}, CPU of the machine in use"
                report.figure(name, phase.busy, "%")
                step(1)
            # its caches are warm now: the better of its two rates is what the others must beat
            for number in range(2, len(workers.statuses) + 1):
                workers.end(f"redactor-{number}")
            output.wait_for_more()
            time.sleep(SETTLE_SECONDS)
            again = _phase(output, seconds)
            report.figure("redactors: 1 again", again.rate, "events/s")
            step(1)
        with report.progress("redactors: the rest of the backlog"):
            asyncio.run(_drained(settings))
    one = max(phases[0].rate, again.rate)
    report.figure("two redactors against one", phases[1].rate / one, "×", at_least=1.8)
    report.figure("four redactors against one", phases[2].rate / one, "×")
    report.figure("longest pause of the output while redactors join", max(pauses[1:]), "s")
    with report.progress("looking for every event", backlog.published) as step:
        lost = asyncio.run(_missing(settings, before, backlog.published, step))
    report.figure("events lost in the rebalances under load", lost, at_most=0)
    report.note(
        f"{psutil.cpu_count()} cores: more workers than cores that the broker leaves free cannot "
        "be faster"
    )


class _Backlog:
    """Publishes ahead of the redactors, in a thread, so that they always have enough to do."""

    def __init__(self, settings: Settings, load: Load, output: _Output, ahead: int) -> None:
        """`ahead`: how many events wait for them at least."""
        self._settings = settings
        self._load = load
        self._output = output
        self._ahead = ahead
        self._begin = output.count
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._publish, name="backlog", daemon=True)
        self.published = 0

    def __enter__(self) -> _Backlog:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _publish(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            waiting = self._begin + self.published - self._output.count
            if waiting < self._ahead:
                count = self._ahead // 2
                records = self._load.records(
                    count, start=time.time(), rate=100_000.0, first=self.published, label=LABEL
                )
                asyncio.run(drain.publish(self._settings, records))
                self.published += count


class _Output:
    """Looks at the clean topic's ends all the time, in a thread of its own."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="output", daemon=True)
        self._moved = time.monotonic()
        self.count = sum(asyncio.run(_ends(settings)).values())
        """Records on the topic at the last look."""
        self.pause = 0.0
        """The longest time without a new record since this was set to 0."""

    def __enter__(self) -> _Output:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def wait_for_more(self) -> None:
        """Return when the topic has grown."""
        last, end = self.count, time.monotonic() + JOIN_SECONDS
        while self.count == last:
            if time.monotonic() > end:
                raise TimeoutError("the clean topic does not grow")
            time.sleep(LOOK_SECONDS)

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            count = sum(asyncio.run(_ends(self._settings)).values())
            now = time.monotonic()
            self.pause = max(self.pause, now - self._moved)
            if count != self.count:
                self.count, self._moved = count, now


def _join(workers: Workers, cores: Cores, count: int, output: _Output) -> None:
    """Start redactors until there are `count`, and wait until they work."""
    for number in range(len(workers.statuses), count):
        status = workers.start("redactor", name=f"redactor-{number + 1}")
        assert status.pid is not None
        pin(status.pid, cores.everything)
    output.wait_for_more()
    time.sleep(SETTLE_SECONDS)


def _phase(output: _Output, seconds: float) -> _Phase:
    psutil.cpu_percent()
    began, before = time.monotonic(), output.count
    time.sleep(seconds)
    after, took = output.count, time.monotonic() - began
    return _Phase((after - before) / took, psutil.cpu_percent())


async def _ends(settings: Settings) -> dict[int, int]:
    [state] = await topic_states(settings.kafka, {EVENTS_CLEAN.name})
    return dict(state.end_offsets)


async def _drained(settings: Settings) -> None:
    """Wait until the clean topic has not grown for some seconds."""
    last, since = await _ends(settings), time.monotonic()
    while time.monotonic() - since < 3 * SETTLE_SECONDS:
        await asyncio.sleep(LOOK_SECONDS)
        ends = await _ends(settings)
        if ends != last:
            last, since = ends, time.monotonic()


async def _missing(
    settings: Settings, before: dict[int, int], backlog: int, step: Callable[[int], None]
) -> int:
    """Return how many of the backlog's events the clean topic does not have behind `before`."""
    consumer = AIOKafkaConsumer(**client_options(settings.kafka))
    await consumer.start()
    ends = await _ends(settings)
    places = {number: TopicPartition(EVENTS_CLEAN.name, number) for number in ends}
    consumer.assign(list(places.values()))
    for number, offset in before.items():
        consumer.seek(places[number], offset)
    seen: set[str] = set()
    left = {number for number, end in ends.items() if end > before[number]}
    while left:
        for place, records in (await consumer.getmany(timeout_ms=500)).items():
            for record in records:
                event = read_event(record.value)
                if not isinstance(event, Refusal) and event["event_id"].startswith(LABEL):
                    seen.add(event["event_id"])
            step(len(records))
            if records[-1].offset + 1 >= ends[place.partition]:
                left.discard(place.partition)
    await consumer.stop()
    return backlog - len(seen)

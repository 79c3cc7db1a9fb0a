"""What a backlog costs beside the workers, and the figures that docs/capacity.md reckons with."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from pipeline.cli.downstream import records
from pipeline.cli.figures import Report
from pipeline.config import Settings
from pipeline.local.stack import BROKER, ENGINE, LocalStack
from pipeline.topics import AGGREGATOR_STATE, EVENTS_CLEAN, EVENTS_RAW, WINDOWS_PARTIAL
from tests.bench.parts.worker_figures import cpu_seconds, records_in
from tests.services import Workers

TOPICS = (EVENTS_RAW, EVENTS_CLEAN, AGGREGATOR_STATE, WINDOWS_PARTIAL)


@dataclass(frozen=True)
class _Stand:
    services: dict[str, float]
    detector: float
    messages: int
    bytes: dict[str, int]


@dataclass(frozen=True)
class Costs:
    """By event: CPU (µs) of broker and engine, bytes on the broker's disk by topic."""

    broker_us: float
    engine_us: float
    topic_bytes: dict[str, float]


@dataclass(frozen=True)
class Detection:
    """What the detector has to do."""

    messages_per_partition: float
    """In a second."""
    message_us: float
    """CPU for one."""


class Footprint:
    """Looks before and after; `report` says what lies between, by event."""

    def __init__(self, stack: LocalStack, workers: Workers) -> None:
        self._stack = stack
        self._workers = workers
        self._apart = dict.fromkeys((BROKER, ENGINE), 0.0)
        self._before = self._stand()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Do not count what broker and engine do meanwhile: it is for somebody else."""
        before = self._services()
        yield
        after = self._services()
        for name, spent in self._apart.items():
            self._apart[name] = spent + after[name] - before[name]

    def report(self, report: Report, events: int) -> Costs:
        """Report CPU of broker and engine, bytes on the broker's disk, the aggregator's state."""
        before, after = self._before, self._stand()
        services = {
            name: (after.services[name] - before.services[name] - apart) / events * 1e6
            for name, apart in self._apart.items()
        }
        for name, spent in services.items():
            report.figure(f"CPU of {name}", spent, "µs/event")
        grown = {
            topic.name: (after.bytes[topic.name] - before.bytes[topic.name]) / events
            for topic in TOPICS
        }
        for name, size in grown.items():
            report.figure(f"on the broker's disk, {name}", size, "bytes/event")
        for kind, (count, size) in asyncio.run(_state(self._stack.settings)).items():
            report.figure(f"aggregator's state, {kind}", count, "keys")
            report.figure(f"aggregator's state, {kind}, size of one", size / count, "bytes")
        return Costs(services[BROKER], services[ENGINE], grown)

    def report_detection(self, report: Report, seconds: float) -> Detection:
        """Report what the detector was sent in `seconds`, and what that cost it."""
        before, after = self._before, self._stand()
        messages = after.messages - before.messages
        found = Detection(
            messages / seconds / self._stack.settings.kafka.partitions,
            (after.detector - before.detector) / max(1, messages) * 1e6,
        )
        name = "messages to the detector, from each partition"
        report.figure(name, found.messages_per_partition, "1/s")
        report.figure("CPU of the detector for a message", found.message_us, "µs")
        return found

    def _services(self) -> dict[str, float]:
        pids = {process.name: process.pid for process in self._stack.processes}
        return {name: _cpu_with_children(pids[name]) for name in (BROKER, ENGINE)}

    def _stand(self) -> _Stand:
        return _Stand(
            services=self._services(),
            detector=cpu_seconds(self._workers, "detector"),
            messages=records_in(self._workers, "detector", WINDOWS_PARTIAL.name),
            bytes={topic.name: _on_disk(self._stack.settings, topic.name) for topic in TOPICS},
        )


def _cpu_with_children(pid: int | None) -> float:
    process = psutil.Process(pid)
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def _on_disk(settings: Settings, topic: str) -> int:
    """Return the bytes of a topic's segments; compaction may have made them fewer."""
    folder = settings.local.data_dir / "kafka"
    return sum(path.stat().st_size for path in folder.rglob(f"{topic}-*/*.log"))


async def _state(settings: Settings) -> dict[str, tuple[int, int]]:
    """Return number and bytes of what the aggregator's table holds, by kind."""
    held: dict[bytes, int] = {}
    async for record in records(settings.kafka, AGGREGATOR_STATE.name):
        if record.value is None:
            held.pop(record.key, None)
        else:
            held[record.key] = len(record.key) + len(record.value)
    found: dict[str, list[int]] = defaultdict(list)
    for key, size in held.items():
        found[key.decode().split("\x1f")[1]].append(size)
    return {kind: (len(sizes), sum(sizes)) for kind, sizes in sorted(found.items())}

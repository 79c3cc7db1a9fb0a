"""Latency and memory at a steady load, all roles on one core."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline.cli.figures import Report
from pipeline.config import Settings
from pipeline.local.roles import ROLES
from pipeline.local.stack import LocalStack
from pipeline.topics import ALERTS, BACKPRESSURE
from tests.bench.parts import alert_latency, drain
from tests.bench.parts.alert_latency import Sample
from tests.bench.parts.cores import Cores
from tests.bench.parts.footprint import Detection, Footprint
from tests.bench.parts.live_load import LiveLoad
from tests.bench.parts.load import Load
from tests.bench.parts.observers import CleanWatch, MemoryWatch, watch_rows
from tests.services import Workers

RATE = 1_000.0
READY_EVENTS = 2_000
"""What has to be stored before the load begins."""
SETTLE_SECONDS = 20.0
FLAT_MIB = 20.0
"""Growth of a worker within a third of the run that still counts as flat."""


@dataclass(frozen=True)
class _Seen:
    clean: list[float]
    rows: list[float]
    samples: list[Sample]


def run(report: Report, stack: LocalStack, cores: Cores, load: Load, *, quick: bool) -> Detection:
    """Send `RATE` events a second for a while and report what each way took."""
    seconds = 80.0 if quick else 130.0
    with Workers(stack) as workers:
        with report.progress("starting workers"):
            drain.start_workers(workers, cores.subject)
        # to join the groups and to read the aggregator's state takes seconds, and memory
        start = time.time() - READY_EVENTS / RATE
        first = list(load.records(READY_EVENTS, start=start, rate=RATE, label="ready"))
        with report.progress("until the workers are ready", READY_EVENTS) as step:
            drain.run(stack.settings, workers, first, step)
        memory = MemoryWatch(workers)
        footprint = Footprint(stack, workers)
        with report.progress(f"{RATE:.0f} events/s", int(seconds)) as step:
            seen = asyncio.run(_seen(stack.settings, load, seconds, memory, step))
        detection = footprint.report_detection(report, seconds)
    at = f"at {RATE:.0f} events/s"
    _quantiles(report, f"publish to clean topic {at}", seen.clean, {})
    _quantiles(report, f"publish to queryable row {at}", seen.rows, {"p50": 0.7, "p99": 2.0})
    by_topic = {
        topic: [sample.after_due for sample in seen.samples if sample.topic == topic]
        for topic in (BACKPRESSURE.name, ALERTS.name)
    }
    modes, alerts = by_topic[BACKPRESSURE.name], by_topic[ALERTS.name]
    _quantiles(report, f"publish to backpressure mode on its topic {at}", modes, {"p99": 1.5})
    _quantiles(report, f"publish to alert on its topic {at}", alerts, {})
    report.figure("modes and alerts measured", len(seen.samples), at_least=24)
    for role in ROLES:
        report.figure(f"memory of the {role.name} {at}", memory.peak(role.name), "MiB", at_most=350)
        report.figure(
            f"growth of the {role.name}, last third against the second",
            memory.growth(role.name),
            "MiB",
            at_most=FLAT_MIB,
        )
    report.note(
        f"the steady load begins when the workers, started before it, have handled "
        f"{READY_EVENTS:,} events; its first second counts like any other"
    )
    report.note(
        "to mode and alert: from the event that lets a tick of detection fall due, which is later "
        "by the lateness than the window that the tick judges"
    )
    return detection


async def _seen(
    settings: Settings, load: Load, seconds: float, memory: MemoryWatch, step: Callable[[int], None]
) -> _Seen:
    live = LiveLoad(settings, load, RATE, seconds, "steady")
    clean = CleanWatch(settings, live.sent)
    await clean.start()
    memory.start()
    rows = asyncio.create_task(watch_rows(settings, live.sent, settle=SETTLE_SECONDS))
    await live.run(step)
    row_seconds = await rows
    await memory.stop()
    await clean.stop()
    samples = await alert_latency.samples(settings, live.sent.arrivals, live.sent.tools)
    return _Seen(clean.seconds, row_seconds, samples)


def _quantiles(
    report: Report, name: str, values: Sequence[float], targets: dict[str, float]
) -> None:
    ordered = sorted(values)
    for label, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        value = ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else None
        report.figure(f"{name}, {label}", value, "s", at_most=targets.get(label))

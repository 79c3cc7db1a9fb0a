"""End to end on the real broker and engine: events a second, time from publish to row, memory.

All figures of one run come from the same machine in the same minutes: read them as ratios. Broker,
engine and workers share its cores.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from pipeline.cli.figures import Report
from pipeline.local.roles import ROLES
from pipeline.local.stack import LocalStack
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate
from tests.bench.parts import bare_loop, drain, steady_load
from tests.services import Workers, stack_settings

SEED = 20_261
STEADY_RATE = 500.0
"""Events a second for the latency figures."""


def run(report: Report, *, quick: bool) -> None:
    """Fill `report`: the bare loop for scale, a backlog drained, a steady load."""
    count, seconds = (8_000, 10.0) if quick else (60_000, 40.0)
    with report.progress("preparing events"):
        fleet = simulate(FleetConfig(start=time.time() - 86_400, seed=SEED, max_events=count))
        messages = [(event.key, event.value) for event in fleet]
    size = sum(len(value) for _, value in messages) / len(messages)
    report.figure("size of an event", size, "bytes")

    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        settings = stack_settings(Path(folder), partitions=8, kafka_heap_mb=512)
        stack = LocalStack(settings, roles=())
        with report.progress("starting Kafka and ClickHouse"):
            stack.start()
        try:
            _measure(report, stack, messages, seconds)
        finally:
            stack.stop()
    report.note(
        f"{count:,} simulated events, seed {SEED}; {STEADY_RATE:.0f} events/s for {seconds:.0f} s"
    )


def _measure(
    report: Report, stack: LocalStack, messages: list[tuple[bytes, bytes]], seconds: float
) -> None:
    count = len(messages)
    with report.progress("bare loop: aiokafka, orjson, column insert", count) as step:
        bare = asyncio.run(bare_loop.run(stack.settings, messages, step))
    report.figure("bare loop, no redaction", bare.events_per_second, "events/s")
    report.figure("bare loop, one core", bare.events_per_cpu_second, "events/s")

    with Workers(stack) as workers:
        with report.progress("a backlog through all workers", count) as step:
            drained = drain.run(stack, workers, messages, step)
        one_core = drained.events_per_cpu_second
        report.figure("end to end, backlog", drained.events_per_second, "events/s")
        report.figure("end to end, one core for all roles", one_core, "events/s")
        ratio = one_core / bare.events_per_cpu_second
        report.figure("end to end against the bare loop, CPU", ratio, "ratio")
        for role in ROLES:
            spent = drained.cpu_microseconds[role.name]
            report.figure(f"CPU of the {role.name}", spent, "µs/event")
        report.figure("bytes on disk", drained.bytes_per_event, "bytes/event")

        with report.progress(f"{STEADY_RATE:.0f} events/s", int(seconds)) as step:
            steady = asyncio.run(
                steady_load.run(stack.settings, messages, STEADY_RATE, seconds, step)
            )
        report.figure("publish to queryable row, p50", steady.p50, "s")
        report.figure("publish to queryable row, p95", steady.p95, "s")
        report.figure("publish to queryable row, p99", steady.p99, "s", at_most=3.0)
        for role in ROLES:
            report.figure(f"memory of the {role.name}", drain.memory_mib(workers, role), "MiB")

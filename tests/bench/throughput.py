"""As fast as the machine allows: one core against others, latency, memory, scale-out, overload.

One command on the real broker and engine, always the same events. All figures of one run come from
the same machine in the same minutes: read them as ratios. What is measured has one core to itself,
broker, engine and sender have the others.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from pipeline.cli.figures import Report
from pipeline.local.stack import LocalStack
from tests.bench.parts import capacity, flow_control, one_core, scale_out, steady_load
from tests.bench.parts.cores import divide
from tests.bench.parts.load import Load
from tests.compiled import require_compiled
from tests.services import stack_settings

SEED = 20_261
PARTITIONS = 8


def run(report: Report, *, quick: bool) -> None:
    """Fill `report`, part by part."""
    require_compiled()
    events = 30_000 if quick else 300_000
    cores = divide()
    with report.progress("preparing events"):
        load = Load(events, SEED)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        settings = stack_settings(Path(folder), partitions=PARTITIONS, kafka_heap_mb=512)
        stack = LocalStack(settings, roles=())
        # broker and engine inherit it: whatever starts from here on stays off the measured core
        os.sched_setaffinity(0, cores.services)
        try:
            with report.progress("starting Kafka and ClickHouse"):
                stack.start()
            result = one_core.run(report, stack, cores, load, quick=quick)
            detection = steady_load.run(report, stack, cores, load, quick=quick)
            # last: what it leaves on the clean topic has no other reader
            redactor = 1e6 / result.drained.cpu_microseconds["redactor"]
            rate = result.drained.events_per_second
            flow_control.run(report, stack, cores, load, quick=quick, sustainable=rate)
            scale_out.run(report, stack, cores, load, quick=quick, rate=redactor)
            capacity.report(report, capacity.measured(result, detection))
        finally:
            stack.stop()
            os.sched_setaffinity(0, cores.everything)
    report.note(
        f"{events:,} simulated events, seed {SEED}, {PARTITIONS} partitions; ratios by CPU time; "
        f"measured on core {min(cores.subject)}, broker and engine on {sorted(cores.services)}"
    )

"""What Faust itself costs in bulk delivery: our app, and a handler that does nothing.

The first records are fetched before the clock begins. So they do not count, and the others do with
their fetch: give it far more than `NOT_COUNTED`.
"""

from __future__ import annotations

import uvloop

from agents import garbage
from agents.app import build_app
from agents.delivery import Run, deliver
from pipeline.config import Settings
from pipeline.topics import EVENTS_RAW
from tests.bench.parts.candidates.meter import Meter

NOT_COUNTED = 10_000
"""One round of fetching, 1 MiB of each of 8 partitions."""


def main(settings: Settings, meter: Meter) -> None:
    """Be given runs, as any role is, until the meter has enough."""
    garbage.settle()
    uvloop.run(_run(settings, meter))


async def _run(settings: Settings, meter: Meter) -> None:
    app = build_app("bench-delivery", settings)

    passed = 0

    async def nothing(runs: list[Run]) -> None:
        nonlocal passed
        records = sum(len(run.records) for run in runs)
        if passed < NOT_COUNTED:
            passed += records
            return
        meter.take()
        meter.finish(min(meter.left, records))

    deliver(app, EVENTS_RAW.name, nothing, name="nothing", max_records=5_000)
    await app.start()
    await app.wait_until_stopped()

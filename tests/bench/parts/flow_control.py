"""Ten times what Sluice can sustain, for a while: nothing fails, and what must not wait does not.

All roles share one core, as where the sustainable load was measured. The lag grows, since the input
topic is the buffer; memory does not, since a worker fetches no more than it handles; detection,
whose groups read behind the redactor, keeps its time from the clean topic to the alert; the
pipeline tells that it is behind; and after the load the lag drains.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from pipeline.adapters.clickhouse import connect
from pipeline.cli.downstream import records
from pipeline.cli.figures import Report
from pipeline.config import Settings
from pipeline.local.roles import ROLES
from pipeline.local.stack import LocalStack
from pipeline.topics import ALERTS
from tests.bench.parts import alert_latency, drain
from tests.bench.parts.alert_latency import FailingTools
from tests.bench.parts.backlog import LAG_SECONDS, until_read
from tests.bench.parts.cores import Cores
from tests.bench.parts.live_load import LiveLoad
from tests.bench.parts.load import Load
from tests.bench.parts.observers import CleanWatch, MemoryWatch
from tests.services import Workers

TIMES = 10
QUIET_SECONDS = 70.0
"""At a load that can be sustained, before: the tools have to be known, and memory to settle."""
FIRST_FAILURE_SECONDS = 3.0
"""From the beginning of the overload: its minute has to be enough for alerts."""
RULE = "pipeline-lag"
FLAT_MIB = 60.0
"""Growth under overload that still counts as none: full fetch buffers instead of empty ones."""


@dataclass
class _Seen:
    achieved: float = 0.0
    peak_lag: int = 0
    drain_seconds: float = 0.0
    memory_before: dict[str, float] = field(default_factory=dict)
    told_after: float | None = None
    """Seconds from the beginning of the overload to the pipeline's own alert."""
    lost: int = 0
    samples: list[float] = field(default_factory=list)


def run(
    report: Report,
    stack: LocalStack,
    cores: Cores,
    load: Load,
    *,
    quick: bool,
    sustainable: float,
) -> None:
    """Hold `sustainable` (events a second) for a while, then `TIMES` of it; report what happens."""
    seconds = 12.0 if quick else 60.0
    with Workers(stack) as workers:
        with report.progress("starting workers"):
            drain.start_workers(workers, cores.subject)
        memory = MemoryWatch(workers)
        seen = asyncio.run(_overload(report, stack.settings, load, memory, sustainable, seconds))
        restarts = sum(status.restarts for status in workers.statuses)
    report.figure("overload: sustainable load before", sustainable, "events/s")
    report.figure("overload: load, times the sustainable", seen.achieved / sustainable, "×")
    report.figure("overload: workers that ended", restarts, at_most=0)
    report.figure("overload: events lost", seen.lost, at_most=0)
    report.figure("overload: largest lag of the redactor", seen.peak_lag, "events")
    for role in ROLES:
        growth = memory.peak(role.name) - seen.memory_before[role.name]
        report.figure(f"overload: growth of the {role.name}", growth, "MiB", at_most=FLAT_MIB)
        report.figure(
            f"overload: memory of the {role.name}", memory.peak(role.name), "MiB", at_most=350
        )
    ordered = sorted(seen.samples)
    if ordered or not quick:
        p99 = ordered[int(len(ordered) * 0.99)] if ordered else None
        report.figure("overload: clean topic to alert or mode, p99", p99, "s", at_most=1.5)
    else:
        report.note("alerts under overload need more event time than --quick gives them")
    report.figure("overload: alerts and modes measured", len(ordered))
    name = "overload: from its beginning to the pipeline's own alert"
    report.figure(name, seen.told_after, "s", at_most=60)
    report.figure("overload: time until the lag is gone", seen.drain_seconds, "s")


async def _overload(
    report: Report,
    settings: Settings,
    load: Load,
    memory: MemoryWatch,
    sustainable: float,
    seconds: float,
) -> _Seen:
    seen = _Seen()
    rate = sustainable / 2
    with report.progress(f"{rate:,.0f} events/s", int(QUIET_SECONDS)) as step:
        quiet = LiveLoad(settings, load, rate, QUIET_SECONDS, "quiet", keep_ids=False)
        await quiet.run(step)
        await _drained(settings, seen, lambda _: None)
    memory.start()
    await asyncio.sleep(2 * LAG_SECONDS)
    seen.memory_before = {role.name: memory.peak(role.name) for role in ROLES}

    client = connect(settings.clickhouse)
    before = int(client.query_value("SELECT count() FROM events"))
    began = time.time()
    tools = FailingTools(began + FIRST_FAILURE_SECONDS, seconds / 3, "flood")
    rate = TIMES * sustainable
    flood = LiveLoad(settings, load, rate, seconds, "flood", tools=tools, keep_ids=False)
    clean = CleanWatch(settings, flood.sent)
    await clean.start()
    with report.progress(f"{rate:,.0f} events/s", int(seconds)) as step:
        await flood.run(step)
    seen.achieved = flood.sent.rate
    with report.progress("until the lag is gone", flood.sent.count) as step:
        await _drained(settings, seen, step)
    seen.drain_seconds = time.time() - began - flood.sent.seconds
    await clean.stop()
    await memory.stop()
    seen.lost = flood.sent.count + before - int(client.query_value("SELECT count() FROM events"))
    client.close()
    seen.told_after = await _told_after(settings, began)
    found = await alert_latency.samples(settings, clean.arrivals, tools)
    seen.samples = [sample.after_due for sample in found]
    return seen


async def _drained(settings: Settings, seen: _Seen, step: Callable[[int], None]) -> None:
    """Wait until all groups have read everything; note the largest lag of the redactor."""
    left = None

    def look(lags: dict[str, int]) -> None:
        nonlocal left
        seen.peak_lag = max(seen.peak_lag, lags["redactor"])
        now_left = max(lags.values())
        step((now_left if left is None else left) - now_left)
        left = now_left

    await until_read(settings, look)


async def _told_after(settings: Settings, began: float) -> float | None:
    """Return after how many seconds the first alert fired about a group that is behind."""
    async for record in records(settings.kafka, ALERTS.name):
        value = orjson.loads(record.value or b"{}")
        at = record.timestamp / 1000
        if value.get("rule") == RULE and value["status"] == "firing" and at > began:
            return float(at - began)
    return None

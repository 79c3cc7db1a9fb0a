"""What one core does: Sluice, the ceiling, and what others would write, on the same events."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from pipeline.cli.figures import Report
from pipeline.local.roles import ROLES
from pipeline.local.stack import LocalStack
from tests.bench.parts import drain
from tests.bench.parts.candidates.faust_delivery import NOT_COUNTED
from tests.bench.parts.candidates.run import Spent, measure
from tests.bench.parts.cores import Cores
from tests.bench.parts.drain import Drained
from tests.bench.parts.footprint import Costs, Footprint
from tests.bench.parts.load import Load
from tests.services import Workers

DENSITY = 8_000.0
"""Events a second, in event time: what one core is to do. What windows and detection cost goes by
event time, so that events less dense would have the core do several seconds of it in each."""
WARM_UP = 1_000
UNREDACTED = "tests.bench.parts.unredacted"
QUIX = {
    "redacted": "Quix Streams, the same redaction code, its windows and sink",
    "redacted-lean": "Quix Streams, the same redaction code, windows by message key alone",
    "plain": "Quix Streams without redaction",
    "plain-lean": "Quix Streams without redaction, windows by message key alone",
}


@dataclass(frozen=True)
class Baselines:
    """What the candidates needed."""

    bare: Spent
    plain: Spent
    quix: dict[str, Spent]


@dataclass(frozen=True)
class Result:
    """Sluice's own figures."""

    drained: Drained
    costs: Costs
    stored_bytes: float


def run(report: Report, stack: LocalStack, cores: Cores, load: Load, *, quick: bool) -> Result:
    """Measure all, one after the other, and report figures and ratios."""
    events = len(load)
    sluice, footprint = _sluice(report, stack, cores, load, "agents", "all roles")
    stored = drain.stored_bytes_per_event(stack.settings)
    report.figure("stored bytes of an event", stored, "bytes", at_most=250)
    baselines = _baselines(report, stack, cores, events, 300 if quick else 2_000)
    what = "all roles, no redaction"
    unredacted, _ = _sluice(report, stack, cores, load, UNREDACTED, what, "u")
    delivery = _delivery(report, stack, cores, load)
    _report_absolute(report, load, sluice, unredacted, baselines, delivery)
    _report_ratios(report, sluice, unredacted, baselines)
    return Result(sluice, footprint, stored)


def _sluice(
    report: Report,
    stack: LocalStack,
    cores: Cores,
    load: Load,
    package: str,
    what: str,
    label: str = "",
) -> tuple[Drained, Costs]:
    """Return what a backlog took, and what it cost beside the workers."""
    events = len(load)
    with Workers(stack) as workers:
        with report.progress(f"starting workers: {what}"):
            drain.start_workers(workers, cores.subject, package)
        # the first rows ask what the table holds, connect and compile: that is not for each event
        start = time.time() - (events + WARM_UP) / DENSITY
        warm = load.records(WARM_UP, start=start, rate=DENSITY, label=f"warm{label}")
        records = load.records(events, start=start + WARM_UP / DENSITY, rate=DENSITY, label=label)
        with report.progress(f"{what}: warm-up", WARM_UP) as step:
            drain.run(stack.settings, workers, list(warm), step)
        footprint = Footprint(stack, workers)
        with report.progress(f"{what}: a backlog", events) as step:
            drained = drain.run(stack.settings, workers, list(records), step)
        # figures of what nobody runs would only be taken for Sluice's
        return drained, footprint.report(Report() if label else report, events)


def _baselines(
    report: Report, stack: LocalStack, cores: Cores, events: int, plain_events: int
) -> Baselines:
    def one(name: str, count: int, what: str) -> Spent:
        with report.progress(what, count) as step:
            return measure(name, count, min(cores.subject), stack.environment, step)

    return Baselines(
        bare=one("bare_loop", events, "bare loop: aiokafka, orjson, column insert"),
        plain=one("plain_faust", plain_events, "a plain Faust agent with Presidio"),
        quix={
            variant: one(f"quix:{variant}", events + WARM_UP, what)
            for variant, what in QUIX.items()
        },
    )


def _delivery(report: Report, stack: LocalStack, cores: Cores, load: Load) -> Spent:
    # all that was published until now is read once more, and enough for what is not counted
    start = time.time() - 3 * NOT_COUNTED / DENSITY
    more = load.records(3 * NOT_COUNTED, start=start, rate=DENSITY, label="more")
    asyncio.run(drain.publish(stack.settings, more))
    count = 2 * len(load)
    with report.progress("Faust's bulk delivery, nothing done", count) as step:
        return measure("faust_delivery", count, min(cores.subject), stack.environment, step)


def _report_absolute(
    report: Report,
    load: Load,
    sluice: Drained,
    unredacted: Drained,
    baselines: Baselines,
    delivery: Spent,
) -> None:
    core = "events/s"
    report.figure("size of an event", load.mean_bytes, "bytes")
    rate = sluice.events_per_second
    report.figure("end to end, one core for all roles", rate, core, at_least=8_000)
    report.figure("end to end, one core for all roles, size", rate * load.mean_bytes / 1e6, "MB/s")
    report.figure("end to end, by CPU time", sluice.events_per_cpu_second, core)
    for role in ROLES:
        report.figure(f"CPU of the {role.name}", sluice.cpu_microseconds[role.name], "µs/event")
    report.figure("CPU of all roles", sluice.total_microseconds, "µs/event")
    report.figure(
        "CPU of all roles but the redactor",
        sluice.total_microseconds - sluice.cpu_microseconds["redactor"],
        "µs/event",
        at_most=40,
    )
    report.figure("CPU of all roles, no redaction", unredacted.total_microseconds, "µs/event")
    report.figure(
        "CPU of Faust's bulk delivery, fetch included",
        delivery.cpu_microseconds,
        "µs/event",
        at_most=6,
    )
    rows: list[tuple[str, float, float, float, float | None]] = [
        ("Sluice, all roles", rate, rate * load.mean_bytes / 1e6, sluice.total_microseconds, None)
    ]
    named = {
        "(a) bare loop, no redaction": baselines.bare,
        "(b) plain Faust, Presidio": baselines.plain,
        **{f"(c) {what}": baselines.quix[variant] for variant, what in QUIX.items()},
        "Faust's bulk delivery alone": delivery,
    }
    for name, spent in named.items():
        report.figure(f"{name}, by CPU time", spent.events_per_cpu_second, core)
        by_clock = spent.events_per_second
        size = by_clock * load.mean_bytes / 1e6
        rows.append((name, by_clock, size, spent.cpu_microseconds, spent.memory_mib))
    report.table(
        "One core, the same events",
        ["what", "events/s", "MB/s", "CPU µs/event", "memory MiB"],
        rows,
    )


def _report_ratios(
    report: Report, sluice: Drained, unredacted: Drained, baselines: Baselines
) -> None:
    """All by CPU time, which another process on the core does not change."""

    def against(spent: Spent, measured: Drained = sluice) -> float:
        return measured.events_per_cpu_second / spent.events_per_cpu_second

    quix = baselines.quix
    report.figure("against (a), the bare loop", against(baselines.bare), "×", at_least=0.15)
    report.figure(
        "against (b), plain Faust and Presidio", against(baselines.plain), "×", at_least=25
    )
    name = "against (c), Quix Streams with the same redaction code"
    report.figure(name, against(quix["redacted"]), "×", at_least=1.2)
    report.figure(f"{name}, lean windows", against(quix["redacted-lean"]), "×")
    name = "against (c), without redaction in either"
    report.figure(name, against(quix["plain"], unredacted), "×", at_least=1.5)
    report.figure(f"{name}, lean windows", against(quix["plain-lean"], unredacted), "×")

"""What one core does: Sluice, the ceiling, and what others would write, on the same events."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

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
BACKLOGS = 4
WARM_UP = 0.2
"""Share of the events that go before those that count, and that candidates are given: what workers
remember fills up, and the bare loop has something to read."""
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
    """Before Sluice, after it and between its backlogs, together: a run takes a second, and the
    machine's speed changes by a third from one second to another."""
    plain: Spent
    quix: dict[str, Spent]


@dataclass(frozen=True)
class Result:
    """Sluice's own figures."""

    drained: Drained
    costs: Costs
    stored_bytes: float


class _Part:
    """What the measurements have in common."""

    def __init__(self, report: Report, stack: LocalStack, cores: Cores, load: Load) -> None:
        self.report = report
        self.stack = stack
        self.cores = cores
        self.load = load
        self.warm_up = int(len(load) * WARM_UP)
        self.events = len(load) - self.warm_up

    def candidate(self, name: str, count: int, what: str) -> Spent:
        """Return what a candidate needs for `count` events, and show how far it is."""
        with self.report.progress(what, count) as step:
            return measure(name, count, min(self.cores.subject), self.stack.environment, step)


def run(report: Report, stack: LocalStack, cores: Cores, load: Load, *, quick: bool) -> Result:
    """Measure all, one after the other, and report figures and ratios."""
    part = _Part(report, stack, cores, load)
    what = "bare loop: aiokafka, orjson, column insert"
    with Workers(part.stack) as workers:
        _begin(part, workers, "agents", "all roles")
        # Quix is measured to the end of what there is to read: the events that do not count for us
        quix = {
            variant: part.candidate(f"quix:{variant}", part.warm_up, title)
            for variant, title in QUIX.items()
        }
        plain_events = 300 if quick else 2_000
        plain = part.candidate("plain_faust", plain_events, "a plain Faust agent with Presidio")
        bare = part.candidate("bare_loop:first", part.warm_up, what)
        footprint = Footprint(part.stack, workers)
        each: list[Drained] = []
        for number in range(BACKLOGS):
            each.append(_backlog(part, workers, number, "all roles"))
            with footprint.apart():
                bare = bare.with_another(part.candidate(f"bare_loop:{number}", part.warm_up, what))
        sluice = _mean(each)
        costs = footprint.report(report, part.events)
    stored = drain.stored_bytes_per_event(stack.settings)
    report.figure("stored bytes of an event", stored, "bytes", at_most=250)
    unredacted = _unredacted(part)
    # all that was published until now is read once more
    count = 2 * len(load) - 3 * NOT_COUNTED
    delivery = part.candidate("faust_delivery", count, "Faust's bulk delivery, nothing done")
    baselines = Baselines(bare, plain, quix)
    _report_absolute(report, load, sluice, unredacted, baselines, delivery)
    _report_ratios(report, sluice, unredacted, baselines)
    return Result(sluice, costs, stored)


def _unredacted(part: _Part) -> Drained:
    """Return what a backlog takes without redaction."""
    what = "all roles, no redaction"
    with Workers(part.stack) as workers:
        _begin(part, workers, UNREDACTED, what, "u")
        return _mean([_backlog(part, workers, n, what, "u") for n in range(BACKLOGS)])


def _begin(part: _Part, workers: Workers, package: str, what: str, label: str = "") -> None:
    """Start workers and give them the first events, which do not count."""
    with part.report.progress(f"starting workers: {what}"):
        drain.start_workers(workers, part.cores.subject, package)
    start = time.time() - part.warm_up / DENSITY
    records = part.load.records(part.warm_up, start=start, rate=DENSITY, label=label)
    with part.report.progress(f"{what}: warm-up", part.warm_up) as step:
        drain.run(part.stack.settings, workers, list(records), step)


def _backlog(part: _Part, workers: Workers, number: int, what: str, label: str = "") -> Drained:
    """Return what a backlog took, one of several, none so long that workers count as behind.

    The pipeline's own alert would go on for twenty minutes, and be no new one under overload.
    """
    size = part.events // BACKLOGS
    start = time.time() - size / DENSITY
    first = part.warm_up + number * size
    records = part.load.records(size, start=start, rate=DENSITY, first=first, label=label)
    with part.report.progress(f"{what}: backlog {number + 1} of {BACKLOGS}", size) as step:
        return drain.run(part.stack.settings, workers, list(records), step)


def _mean(each: Sequence[Drained]) -> Drained:
    """Return backlogs of one size as one."""
    return Drained(
        events_per_second=fmean(one.events_per_second for one in each),
        cpu_microseconds={
            role.name: fmean(one.cpu_microseconds[role.name] for one in each) for role in ROLES
        },
    )


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

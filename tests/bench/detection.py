"""Windows, alerts and modes against their targets: exact, quick, quiet, and small enough."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from pipeline.cli.figures import Report
from pipeline.detection.alert import Status
from pipeline.detection.detector import Detector
from pipeline.local.stack import LocalStack
from tests.bench.parts import (
    aggregation_cost,
    alert_latency,
    history_state,
    merge_ranks,
    same_alerts,
    simulated_weeks,
)
from tests.bench.parts.episodes import Expected, Matched, episodes_of, matched
from tests.compiled import require_compiled
from tests.services import Workers, stack_settings
from tests.unit.detection import test_long_run as long_run
from tests.unit.detection import test_time_to_firing as time_to_firing
from tests.unit.detection.scripted import limit_rules
from tests.unit.detection.scripted import run as run_script
from tests.unit.detection.synthetic import HOUR, MONDAY, Fleet, incidents_of

RATE = 500.0


def run(report: Report, *, quick: bool) -> None:
    """Fill `report`; the wall-clock part needs the real broker."""
    require_compiled()
    _same_alerts(report, 200 if quick else 600)
    _merges(report, 2 if quick else 8)
    _cost(report, 20 if quick else 120)
    _state(report, 3 if quick else 12)
    _oscillation(report)
    _time_to_firing(report, quick=quick)
    _wall_clock(report, 90.0 if quick else 180.0)
    if quick:
        report.note("false alerts and injected incidents take three weeks of event time: not quick")
    else:
        _long_run(report)
        _simulated(report)


def _same_alerts(report: Report, count: int) -> None:
    with report.progress("the same events in four ways", 4) as step:
        found = same_alerts.run(count, step)
    report.figure("windows compared with a recomputation", found.windows)
    report.figure("windows with other counts or sums", found.wrong_windows, at_most=0)
    report.figure("rank error of p50, p95, p99 of windows", found.rank_error, at_most=0.005)
    report.figure("alerts that fired", found.alerts, at_least=1)
    for way, differences in found.differing.items():
        report.figure(f"windows and alerts that differ, {way}", differences, at_most=0)


def _merges(report: Report, days: int) -> None:
    with report.progress("ten seconds merged up to seven days") as step:
        found = merge_ranks.run(days, step)
    for window, error in found.items():
        name = f"rank error of p50, p95, p99 after every merge, {window}"
        report.figure(name, error, at_most=0.005)


def _cost(report: Report, seconds_of_load: int) -> None:
    with report.progress("aggregation"):
        found = aggregation_cost.measured(seconds_of_load)
    for size, micros in found.items():
        limit = 15 if size == aggregation_cost.EVENTS_PER_BATCH else None
        name = f"aggregation of an event, {size:,} in a batch"
        report.figure(name, micros, "µs of a core", at_most=limit)


def _state(report: Report, sample: int) -> None:
    with report.progress("fifteen days of history"):
        found = history_state.run(sample)
    report.figure(
        "state, 10,000 tools × 15 days, 80 calls an hour each", found.megabytes, "MB", at_most=500
    )
    report.figure("records of its changelog", found.records)
    report.figure("its recovery", found.recovery_seconds, "s", at_most=60)
    report.note(f"state and recovery are measured with {sample} dimensions and multiplied")


def _oscillation(report: Report) -> None:
    def swinging(at: float) -> float:
        return 150.0 if at < HOUR and at % 600 < 300 else 50.0

    outcome = run_script(Detector(limit_rules(keep="20m")), swinging, 6 * HOUR)
    counts = [
        len({alert.episode for alert in outcome.alerts if alert.status is status})
        for status in (Status.FIRING, Status.RESOLVED)
    ]
    report.figure("firings of a metric that swings for an hour", counts[0], at_most=1)
    report.figure("its resolutions", counts[1], at_most=1)


def _time_to_firing(report: Report, *, quick: bool) -> None:
    """Ask the tests that say when each rule's own window allows its alert."""
    kinds: dict[str, list[Callable[[], float]]] = {
        "latency": [
            partial(time_to_firing.latency_delay, tool, size)
            for tool, size in (("search", 4.0), ("crm", 8.0), ("search", 12.0))
        ],
        "success": [
            partial(time_to_firing.success_delay, tool, share)
            for tool, share in (("search", 1.0), ("search", 0.3), ("crm", 0.6))
        ],
        "runaway budget": [time_to_firing.budget_delay],
    }
    for kind, cases in kinds.items():
        chosen = cases[:1] if quick else cases
        with report.progress(f"from incident to firing, {kind}", len(chosen)) as step:
            worst = 0.0
            for case in chosen:
                worst = max(worst, case())
                step(1)
        name = f"incident to firing after its rule allows it, {kind}, event time"
        report.figure(name, worst, "s", at_most=time_to_firing.ALLOWED)


def _wall_clock(report: Report, seconds: float) -> None:
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder:
        settings = stack_settings(Path(folder), partitions=8, kafka_heap_mb=512)
        stack = LocalStack(settings, roles=())
        stack.start()
        try:
            with Workers(stack) as workers:
                for role in ("redactor", "aggregator", "detector"):
                    workers.start(role)
                with report.progress("alerts at 500 events/s", int(seconds)) as step:
                    samples = asyncio.run(alert_latency.run(settings, RATE, seconds, step))
        finally:
            stack.stop()
    name = f"event published to alert or mode on its topic, p99 at {RATE:.0f} events/s"
    after_due = sorted(sample.after_due for sample in samples)
    report.figure(name, _quantile(after_due, 0.99), "s", at_most=2)
    report.figure("the same, p50", _quantile(after_due, 0.5), "s")
    whole = sorted(sample.after_failure for sample in samples)
    report.figure("first failing call to alert or mode, p50", _quantile(whole, 0.5), "s")
    report.figure("alerts and modes measured", len(samples))
    report.note(
        "the published event is the one that allows the alert: a tick of detection is due when "
        "every partition has had an event 15 s (the lateness) later than it, and the last of "
        "those starts the clock"
    )


def _quantile(values: list[float], q: float) -> float | None:
    return values[min(len(values) - 1, int(q * len(values)))] if values else None


def _long_run(report: Report) -> None:
    with report.progress("21 days without incidents"):
        quiet = long_run.alerts_of(Fleet(1))
    fired = {alert.episode for alert in quiet if alert.status is Status.FIRING}
    report.figure("false alerts in 21 days, samples", len(fired), at_most=0)
    incidents = incidents_of(MONDAY)
    with report.progress("22 days with incidents"):
        alerts = long_run.alerts_of(Fleet(1, days=22, incidents=incidents))
    expected = [
        Expected(f"{each.kind} {each.start}", each.rule, each.scope, each.start, each.end)
        for each in incidents
    ]
    _report_incidents(report, matched(expected, episodes_of(alerts)), "samples")


def _simulated(report: Report) -> None:
    """Do the same with what `sluice simulate` publishes, through aggregator and detector."""
    days = simulated_weeks.DAYS
    with report.progress("21 simulated days, without and with incidents", 2 * days) as step:
        found = simulated_weeks.run(step)
    report.figure("simulated events in 21 days", found.events)
    report.figure("false alerts in 21 days, simulated events", len(found.false), at_most=0)
    _report_incidents(report, found.incidents, "simulated events")
    unexpected = [
        *(f"false: {episode}" for episode in found.false),
        *(f"missed: {what}" for what in found.incidents.missed),
        *(f"further: {episode}" for episode in found.incidents.further),
    ]
    for line in unexpected:
        report.note(line)
    report.table(
        "From an incident's start to its alert, event time",
        ["incident", "minutes"],
        [(name, delay / 60) for name, delay in found.incidents.delays.items()],
    )


def _report_incidents(report: Report, found: Matched, of: str) -> None:
    name = f"incidents found once, in the right scope, of 24, {of}"
    report.figure(name, len(found.delays), at_least=24)
    report.figure(f"further episodes, {of}", len(found.further), at_most=0)

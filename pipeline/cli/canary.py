"""`sluice canary`: send known personal data through everything, and look for it everywhere."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from pipeline.adapters.clickhouse import connect
from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.batches import Record
from pipeline.cli.canary_search import (
    Findings,
    Needles,
    hits_by_place,
    search_logs,
    search_metrics,
    search_tables,
    search_topics,
)
from pipeline.cli.console import err, out
from pipeline.cli.downstream import records
from pipeline.cli.sending import connected
from pipeline.cli.telling import tell_detector
from pipeline.config import Settings, load_settings
from pipeline.detection.alert import Alert, Status, episode_of, fingerprint_of
from pipeline.detection.signals import Signal
from pipeline.errors import SluiceError
from pipeline.events.contract import SCHEMA_DIR, event_types, fields_of, trusted_fields
from pipeline.local.ledger import Ledger
from pipeline.redaction.canary import SESSION_PREFIX, Message, make_values, plant, spellings
from pipeline.topics import EVENTS_RAW

INPUT_TOPICS = (EVENTS_RAW.name,)
"""The topics that may hold raw text: everything else must not."""
ALERTS_TOPIC = "agent.alerts"
RULE = "redaction-canary"
LABELS: Mapping[str, str] = {"component": "redactor"}
ARRIVAL_SECONDS = 60.0
SETTLE_SECONDS = 3.0
"""Between the last row and the search: logs, metrics and what follows from rows come later."""


@dataclass
class Report:
    """One run: how many events and broken messages went in, what arrived, what was found."""

    run: str
    started_at: float
    events: int
    broken: int
    rows: int = 0
    dead_letters: int = 0
    findings: Findings = field(default_factory=Findings)

    @property
    def arrived(self) -> bool:
        """Whether every event has become a row and every broken message a dead letter."""
        return self.rows == self.events and self.dead_letters >= self.broken

    @property
    def passed(self) -> bool:
        """Whether nothing was found of what arrived in full."""
        return self.arrived and not self.findings.hits

    def to_json(self) -> dict[str, Any]:
        """Return the report without any value, only places, entities and counts."""
        return {
            "run": self.run,
            "started_at": self.started_at,
            "passed": self.passed,
            "events": self.events,
            "rows": self.rows,
            "broken": self.broken,
            "dead_letters": self.dead_letters,
            "searched": self.findings.searched,
            "not_searched": self.findings.skipped,
            "found": [
                {"place": place, "entity_type": entity, "count": count}
                for place, entity, count in hits_by_place(self.findings)
            ],
        }


@click.command("canary")
@click.option("--every", type=click.FloatRange(min=10), help="Run again every so many seconds.")
@click.option("--timeout", default=ARRIVAL_SECONDS, show_default=True, help="Seconds to arrive.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write the report.")
@click.option("--logs", multiple=True, type=click.Path(path_type=Path), help="More log folders.")
@click.option("--metrics", multiple=True, help="More metrics addresses (http://host:port/metrics).")
@click.pass_context
def command(
    context: click.Context,
    every: float | None,
    timeout: float,
    json_file: Path | None,
    logs: Sequence[Path],
    metrics: Sequence[str],
) -> None:
    """Send values that are known through every field and disguise, then look for them.

    Searched: all tables of ClickHouse with its system tables, all topics but the input, dead
    letters, changelogs, logs and metrics. A find, or an event that does not arrive, gives exit
    code 1 and an alert on agent.alerts.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = load_settings()
    while True:
        begun = time.monotonic()
        report = asyncio.run(_run(settings, timeout, logs, metrics))
        _show(report)
        if json_file is not None:
            json_file.write_bytes(orjson.dumps(report.to_json(), option=orjson.OPT_INDENT_2))
        if every is None:
            context.exit(0 if report.passed else 1)
        time.sleep(max(0.0, every - (time.monotonic() - begun)))


async def _run(
    settings: Settings, timeout: float, logs: Sequence[Path], metrics: Sequence[str]
) -> Report:
    now = time.time()
    seed = secrets.randbits(48)
    run = f"{seed:012x}"
    values = make_values(seed)
    messages = list(
        plant(
            values,
            run=run,
            ts=datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds"),
            examples=example_events(),
            fields=open_fields(),
        )
    )
    report = Report(
        run,
        now,
        events=sum(message.events for message in messages),
        broken=sum(message.events == 0 for message in messages),
    )
    client = connect(settings.clickhouse)
    try:
        before = _dead_letters(client)
        async with connected(settings.kafka) as producer:
            await producer.send(EVENTS_RAW.name, [_record(message) for message in messages])
            await _arrive(client, report, before, timeout)
            needles = Needles(spellings(values))
            await asyncio.to_thread(search_tables, client, needles, report.findings)
            await search_topics(settings.kafka, INPUT_TOPICS, needles, report.findings)
            data_dir = settings.local.data_dir
            search_logs([data_dir / "logs", *logs], needles, report.findings)
            search_metrics([*_metrics_urls(data_dir), *metrics], needles, report.findings)
            await _tell(settings, producer, report)
    finally:
        client.close()
    return report


def _record(message: Message) -> Record:
    return Record(message.key.encode(), message.value)


async def _arrive(client: Any, report: Report, before: int, timeout: float) -> None:
    """Wait until everything has become rows and dead letters, or the time is over."""
    ends = time.monotonic() + timeout
    trace = {"trace": SESSION_PREFIX + report.run}
    while True:
        report.rows = client.query_value(
            "SELECT count() FROM events WHERE trace_id = {trace:String}", trace
        )
        report.dead_letters = _dead_letters(client) - before
        if report.arrived or time.monotonic() > ends:
            break
        await asyncio.sleep(0.5)
    await asyncio.sleep(SETTLE_SECONDS)


def _dead_letters(client: Any) -> int:
    """Return how many dead letters there are; those of other producers count as well."""
    return int(client.query_value("SELECT count() FROM dead_letters") or 0)


def _metrics_urls(data_dir: Path) -> list[str]:
    """Return the metrics addresses of the local stack's workers."""
    record = Ledger(data_dir).read()
    entries = () if record is None else record.entries
    return [
        f"http://127.0.0.1:{entry.port}/metrics"
        for entry in entries
        if entry.name not in ("kafka", "clickhouse")
    ]


async def _tell(settings: Settings, producer: Any, report: Report) -> None:
    """Put a failure on the topic of alerts, where there is one, and the end of an earlier one.

    A find is a signal for the rule `canary-found` besides: it has modes, silences and an end of
    its own. The alert needs no detector.
    """
    found = sum(report.findings.hits.values())
    if found:
        signal = Signal(time.time(), f"canary:{report.run}", "canary_found", value=float(found))
        await tell_detector(settings.kafka, [signal])
    if not await topic_states(settings.kafka, [ALERTS_TOPIC]):
        return
    earlier = await _open_alert(settings)
    if report.passed and earlier is None:
        return
    alert = alert_of(report, earlier)
    record = Record(alert.fingerprint.encode(), orjson.dumps(alert.to_record()))
    try:
        await producer.send(ALERTS_TOPIC, [record])
    except SluiceError as error:
        err.print(f"[yellow]the alert could not be sent: {error}[/]")


async def _open_alert(settings: Settings) -> Alert | None:
    """Return the alert of an earlier run that still fires, if there is one."""
    latest: Alert | None = None
    fingerprint = fingerprint_of(RULE, LABELS).encode()
    async for record in records(settings.kafka, ALERTS_TOPIC):
        if record.key == fingerprint and record.value:
            latest = Alert.from_record(orjson.loads(record.value))
    return latest if latest is not None and latest.status is Status.FIRING else None


def alert_of(report: Report, earlier: Alert | None = None) -> Alert:
    """Return the alert of a report; it goes on with, or resolves, the episode of `earlier`."""
    fingerprint = fingerprint_of(RULE, LABELS)
    since = report.started_at if earlier is None else earlier.active_since
    found = sum(report.findings.hits.values())
    missing = report.events - report.rows
    entities = sorted({entity for _, entity in report.findings.hits})
    summary = "canaries were not found anywhere"
    if found:
        summary = f"personal data of a canary was found {found} times: {', '.join(entities)}"
    elif missing:
        summary = f"{missing} of {report.events} canary events did not arrive"
    return Alert(
        rule=RULE,
        labels=LABELS,
        fingerprint=fingerprint,
        episode=episode_of(fingerprint, since),
        status=Status.RESOLVED if report.passed else Status.FIRING,
        severity="critical",
        summary=summary,
        active_since=since,
        fired_at=since,
        resolved_at=report.started_at if report.passed else None,
        last_active=report.started_at,
        last_sent=report.started_at,
        updated_at=report.started_at,
        value=float(found or missing),
        threshold=0.0,
        baseline=None,
        window_start=report.started_at,
        window_end=report.started_at,
        sample_size=report.events,
        ratio=0.0 if report.passed else 1.0,
        hot_at=None if report.passed else report.started_at,
        examples=(SESSION_PREFIX + report.run,),
    )


@cache
def example_events() -> Mapping[str, Mapping[str, Any]]:
    """Return the smallest valid event of each type, from the contract's examples."""
    folder = SCHEMA_DIR / "events" / "examples"
    return {
        name: orjson.loads((folder / f"{name}.minimal.json").read_bytes()) for name in event_types()
    }


@cache
def open_fields() -> Mapping[str, Sequence[str]]:
    """Return, by event type, the names of the fields that redaction reads."""
    return {
        name: sorted(set(fields_of(name)) - trusted_fields() - {"schema_version"})
        for name in event_types()
    }


def _show(report: Report) -> None:
    verdict = "[bold green]nothing was found[/]" if report.passed else "[bold red]canary failed[/]"
    out.print(f"{verdict}  [dim]run {report.run}[/]")
    out.print(
        f"  {report.rows:,} of {report.events:,} events became rows, "
        f"{report.dead_letters:,} dead letters for {report.broken:,} broken messages"
    )
    where = ", ".join(f"{count} {kind}" for kind, count in report.findings.searched.items())
    out.print(f"  searched: {where}")
    if report.findings.skipped:
        out.print(f"  [yellow]not searched: {', '.join(report.findings.skipped)}[/]")
    if report.findings.hits:
        table = Table(box=None, header_style="dim", padding=(0, 2))
        for heading in ("place", "entity", "count"):
            table.add_column(heading)
        for place, entity, count in hits_by_place(report.findings):
            table.add_row(place, entity, str(count))
        out.print(table)

"""`sluice canary`: send known personal data through everything, and look for it everywhere."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import click
import orjson
from rich.table import Table

from pipeline.adapters.clickhouse import connect
from pipeline.adapters.kafka.batches import Record
from pipeline.cli.canary_alert import tell
from pipeline.cli.canary_report import Report
from pipeline.cli.canary_search import (
    Needles,
    hits_by_place,
    search_logs,
    search_metrics,
    search_tables,
    search_topics,
)
from pipeline.cli.console import out
from pipeline.cli.sending import connected
from pipeline.config import Settings, load_settings
from pipeline.events.contract import SCHEMA_DIR, event_types, fields_of, trusted_fields
from pipeline.local.ledger import Ledger
from pipeline.redaction.canary import SESSION_PREFIX, Message, make_values, plant, spellings
from pipeline.topics import EVENTS_RAW

INPUT_TOPICS = (EVENTS_RAW.name,)
"""The topics that may hold raw text: everything else must not."""
ARRIVAL_SECONDS = 60.0
SETTLE_SECONDS = 3.0
"""Between the last row and the search: logs, metrics and what follows from rows come later."""


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
            await tell(settings, producer, report)
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

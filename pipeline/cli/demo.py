"""`sluice demo`: the whole system with a simulated fleet, and what came out of it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import click
from rich.markup import escape

from pipeline.adapters.clickhouse import Client, connect
from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.batches import Record
from pipeline.cli.console import err, out, progress
from pipeline.cli.demo_report import Summary, print_next_steps, print_summary
from pipeline.cli.downstream import KnownValues, find_downstream, records
from pipeline.cli.sending import connected
from pipeline.cli.up import ChangeReporter, one_interrupt, process_table
from pipeline.config import Settings, load_settings
from pipeline.errors import SluiceError
from pipeline.local.secret import with_local_key
from pipeline.local.stack import LocalStack
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate
from pipeline.simulate.truth import SimulatedEvent
from pipeline.topics import EVENTS_RAW

SUMMARY_FILE = "demo.json"
SLICE_SECONDS = 0.1
ARRIVAL_SECONDS = 90.0
"""How long rows may take before the demo gives up."""
BROKEN = (b"{not json", b'{"event_type":"dance"}', b"")
"""Sent along, to show what becomes of bad input."""


@dataclass(frozen=True)
class Published:
    """What the demo sent: how many messages, and from which offset on in each partition."""

    count: int
    begin: dict[int, int]

    @property
    def condition(self) -> str:
        """SQL that is true for rows and dead letters of these messages."""
        ranges = " OR ".join(
            f"(source_partition = {number} AND source_offset >= {offset})"
            for number, offset in self.begin.items()
        )
        return f"source_topic = '{EVENTS_RAW.name}' AND ({ranges})"


@click.command()
@click.option("--events", default=4_000, show_default=True, help="Events of the fleet.")
@click.option("--rate", default=500.0, show_default=True, help="Events a second.")
@click.option("--seed", type=int, default=None, help="Same seed, same fleet; by default a new one.")
def command(events: int, rate: float, seed: int | None) -> None:
    """Start everything, stream a simulated fleet through it, and show what came out."""
    settings = with_local_key(load_settings())
    with one_interrupt():
        stack = LocalStack(
            settings,
            progress=lambda line: err.print(f"[dim]·[/] {escape(line)}"),
            on_change=ChangeReporter(err),
        )
        try:
            with err.status("starting Kafka, ClickHouse and the workers"):
                stack.start()
            err.print(process_table(stack.processes))
            _show(settings, events, rate, int(time.time()) if seed is None else seed)
            if sys.stdout.isatty():
                err.print("\n[dim]The system stays up; Ctrl-C stops it.[/]")
                stack.wait()
                raise SluiceError("the supervisor ended unasked")
        except KeyboardInterrupt:
            err.print("[dim]·[/] stopping; workers finish what they hold")
        finally:
            stack.stop()


def _show(settings: Settings, events: int, rate: float, seed: int) -> None:
    """Stream, wait, look, and print."""
    began = time.monotonic()
    data_dir = settings.local.data_dir.expanduser()
    # the fleet's clock ends about now: events from the future would be refused
    sessions_per_minute = 60.0
    start = time.time() - 60.0 * max(15.0, events / 10.0 / sessions_per_minute)
    fleet = simulate(
        FleetConfig(
            start=start,
            seed=seed,
            sessions_per_minute=sessions_per_minute,
            max_events=events,
            rhythm=False,
        )
    )
    planted: set[str] = set()
    published = asyncio.run(_publish(settings, _noted(fleet, planted), events, rate))
    client = connect(settings.clickhouse)
    try:
        rows, letters = _await_rows(client, published)
        with err.status("looking for planted values in every table, topic and log"):
            values = KnownValues(planted)
            found = asyncio.run(
                find_downstream(
                    values, client, settings.clickhouse.database, settings.kafka, data_dir
                )
            )
        summary = Summary(
            events_in=published.count,
            rows_out=rows,
            dead_letters=letters,
            planted_pii=len(values),
            planted_pii_found=len(set().union(*found.values())),
            entities_by_type=_entities(client, published),
            publish_to_row_seconds=asyncio.run(_latencies(settings, client, published)),
            seconds=round(time.monotonic() - began, 1),
        )
        trace = _example_trace(client, published)
    finally:
        client.close()
    target = data_dir / SUMMARY_FILE
    target.write_bytes(summary.as_json())
    print_summary(out, summary, list(found), trace)
    out.print(f"[dim]These figures as JSON: {escape(str(target))}[/]\n")
    url = f"http://{settings.clickhouse.host}:{settings.clickhouse.port}/"
    print_next_steps(out, url)


def _noted(fleet: Iterable[SimulatedEvent], planted: set[str]) -> Iterable[Record]:
    """Pass the fleet's messages on, keeping the values that are planted in them."""
    for event in fleet:
        planted.update(item.value for item in event.planted if item.distinctive)
        yield Record(event.key, event.value)
    for value in BROKEN:
        yield Record(b"broken", value)


async def _publish(
    settings: Settings, messages: Iterable[Record], events: int, rate: float
) -> Published:
    """Send `messages` at `rate` a second."""
    [state] = await topic_states(settings.kafka, [EVENTS_RAW.name])
    sent = 0
    async with connected(settings.kafka) as producer:
        with progress() as display:
            task = display.add_task("agents at work", total=events + len(BROKEN))
            began = time.monotonic()
            waiting: list[Record] = []
            for message in messages:
                waiting.append(message)
                if len(waiting) >= rate * SLICE_SECONDS:
                    await producer.send(EVENTS_RAW.name, waiting)
                    sent += len(waiting)
                    waiting = []
                    display.update(task, completed=sent)
                    await asyncio.sleep(max(0.0, began + sent / rate - time.monotonic()))
            await producer.send(EVENTS_RAW.name, waiting)
            sent += len(waiting)
            display.update(task, completed=sent)
    return Published(sent, dict(state.end_offsets))


def _await_rows(client: Client, published: Published) -> tuple[int, int]:
    """Wait until rows and dead letters add up to what was published; return both."""
    with progress() as display:
        task = display.add_task("rows in ClickHouse", total=published.count)
        end = time.monotonic() + ARRIVAL_SECONDS
        while True:
            rows = _count(client, "events", published.condition)
            letters = _count(client, "dead_letters", f"kind = 'event' AND {published.condition}")
            display.update(task, completed=rows + letters)
            if rows + letters >= published.count:
                return rows, letters
            if time.monotonic() > end:
                raise SluiceError(
                    f"{published.count - rows - letters} events did not arrive in time",
                    hint="see the logs of redactor and sink in the data directory",
                )
            time.sleep(0.2)


def _count(client: Client, table: str, condition: str) -> int:
    query = f"SELECT count() FROM {table} WHERE {condition}"  # noqa: S608 - no foreign text in it
    return int(client.query_value(query))


def _entities(client: Client, published: Published) -> dict[str, int]:
    query = (
        "SELECT entity, sum(found) FROM events ARRAY JOIN mapKeys(redaction_counts) AS entity, "  # noqa: S608
        f"mapValues(redaction_counts) AS found WHERE {published.condition} GROUP BY entity"
    )
    return {str(entity): int(found) for entity, found in client.query(query)}


async def _latencies(settings: Settings, client: Client, published: Published) -> dict[str, float]:
    """Return p50 and p99 of the time from a message's timestamp to its row's insert, seconds."""
    query = (
        "SELECT source_partition, source_offset, toUnixTimestamp64Milli(ingested_at) "  # noqa: S608
        f"FROM events WHERE {published.condition}"
    )
    stored = {(part, offset): at for part, offset, at in client.query(query)}
    took = [
        (stored[record.partition, record.offset] - record.timestamp) / 1000.0
        async for record in records(settings.kafka, EVENTS_RAW.name)
        if (record.partition, record.offset) in stored
    ]
    took.sort()
    return {
        name: round(took[min(len(took) - 1, int(len(took) * share))], 3)
        for name, share in (("p50", 0.50), ("p99", 0.99))
    }


def _example_trace(client: Client, published: Published) -> list[dict[str, Any]]:
    """Return the rows of a session worth looking at: it failed or escalated, and is short."""
    chosen = client.query_value(
        f"SELECT session_id FROM events WHERE {published.condition} GROUP BY session_id "  # noqa: S608
        "HAVING countIf(event_type IN ('session_start', 'session_end')) = 2 "
        "ORDER BY abs(count() - 14), countIf(status NOT IN ('', 'ok')) DESC, session_id LIMIT 1"
    )
    if chosen is None:
        return []
    return client.query_dicts(
        "SELECT session_id, agent_name, release_version, workflow, event_type, span_id, "
        "parent_span_id, tool_name, model_requested, model_version, outcome, latency_ms, "
        "tokens_in, tokens_out, cost_usd, status, error_type, arguments, query, outcome_reason, "
        "JSONExtractString(messages, -1, 'content') AS said "
        "FROM events WHERE session_id = {session:String} ORDER BY ts, source_offset",
        {"session": chosen},
    )

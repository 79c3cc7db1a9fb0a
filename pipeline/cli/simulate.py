"""`sluice simulate`: a seeded fleet of agents, published at full speed or at a pace."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from typing import BinaryIO

import click
import orjson

from pipeline.adapters.kafka.batches import Record
from pipeline.cli.console import out, progress
from pipeline.cli.incident_option import INCIDENT, IncidentSpec
from pipeline.cli.sending import send_all, send_paced
from pipeline.cli.times import INSTANT
from pipeline.clock import SystemClock
from pipeline.config import load_settings
from pipeline.errors import InputError
from pipeline.events.normalize import utc_text
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import EVENTS_PER_SESSION, simulate
from pipeline.simulate.truth import SimulatedEvent
from pipeline.topics import EVENTS_RAW

_PROGRESS_EVERY = 1_000
_SESSIONS_PER_MINUTE = 30.0
_QUIETEST = 8.5
"""The same sessions take up to so many times longer than on average: in a weekend night."""


@click.command("simulate")
@click.option("--seed", default=0, show_default=True, help="The same seed gives the same fleet.")
@click.option("--events", type=click.IntRange(min=1), help="Stop after so many events.")
@click.option("--sessions", type=click.IntRange(min=1), help="Start so many sessions.")
@click.option("--until", type=INSTANT, default=None, help="Start no session after this time.")
@click.option("--start", type=INSTANT, default=None, help="Event time of the first one.")
@click.option(
    "--sessions-per-minute",
    type=float,
    help="In event time, on average over a week. [30, or what --rate needs]",
)
@click.option("--rate", type=float, help="Publish so many events a second.")
@click.option("--speed", type=float, help="Let event time run so many times faster than the clock.")
@click.option("--incident", "incidents", type=INCIDENT, multiple=True, help="What goes wrong.")
@click.option("--truth", type=click.File("wb", lazy=False), help="Write what is true to this file.")
@click.option("--to", "topic", default=EVENTS_RAW.name, show_default=True, help="The topic.")
@click.option("--out", "out_file", type=click.File("wb", lazy=False), help="Write NDJSON instead.")
def command(
    seed: int,
    events: int | None,
    sessions: int | None,
    until: datetime | None,
    start: datetime | None,
    sessions_per_minute: float | None,
    rate: float | None,
    speed: float | None,
    incidents: tuple[IncidentSpec, ...],
    truth: BinaryIO | None,
    topic: str,
    out_file: BinaryIO | None,
) -> None:
    """Publish the events of a simulated fleet of agents, with personal data in them.

    Without --rate or --speed events are published as fast as Kafka takes them. Where no --start is
    given, event time is the clock's time with --rate, and otherwise lies in the past, so that a
    fleet with a known end does not run into the future.

    An incident is
    KIND[,at=OFFSET][,for=DURATION][,size=N][,workflow=…|tool=…|agent=…], as in
    latency_spike,at=2h,for=30m,tool=issue_refund,size=8. Kinds: token_growth, latency_spike,
    tool_failure, silent_agent, budget_runaway, bad_prompt.
    """
    settings = load_settings()
    if rate is not None and speed is not None:
        raise InputError("--rate and --speed exclude each other")
    if (rate is not None and rate <= 0) or (speed is not None and speed <= 0):
        raise InputError("--rate and --speed are above zero")
    if sessions_per_minute is None:
        sessions_per_minute = rate * 60 / EVENTS_PER_SESSION if rate else _SESSIONS_PER_MINUTE
    begin = SystemClock().now()
    if start:
        begin = start.timestamp()
    elif not rate:
        expected = sessions or (events or 0) / EVENTS_PER_SESSION
        begin -= _QUIETEST * 60 * expected / sessions_per_minute
    config = FleetConfig(
        start=begin,
        seed=seed,
        sessions_per_minute=sessions_per_minute,
        rhythm=not rate,
        max_events=events,
        max_sessions=sessions,
        until=until.timestamp() if until else None,
        incidents=tuple(spec.incident(begin) for spec in incidents),
    )
    if not (events or sessions or until or rate or speed):
        raise InputError("a fleet at full speed needs an end: --events, --sessions or --until")
    with ExitStack() as open_files:
        for file in (truth, out_file):
            if file:
                open_files.enter_context(file)
        stream = _told(simulate(config), config, truth)
        if out_file:
            count = _write(stream, out_file, events)
        elif rate or speed:
            paced = _paced(stream, rate, speed, begin)
            count = send_paced(settings.kafka, topic, paced, title="simulating", total=events)
        else:
            records = (Record(event.key, event.value) for event in stream)
            count = send_all(settings.kafka, topic, records, title="simulating", total=events)
    out.print(
        f"simulated {count:,} events of seed {seed} to {out_file.name if out_file else topic}"
    )
    if truth:
        out.print(f"what is true stands in {truth.name}")


def _told(
    events: Iterator[SimulatedEvent], config: FleetConfig, truth: BinaryIO | None
) -> Iterator[SimulatedEvent]:
    """Pass the events on and write their truth on the way."""
    if truth is None:
        yield from events
        return
    fleet = {"kind": "fleet", "seed": config.seed, "start": utc_text(int(config.start * 1000))}
    for line in [fleet, *(incident.record() for incident in config.incidents)]:
        truth.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
    for event in events:
        for line in event.records():
            truth.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        yield event


def _paced(
    events: Iterator[SimulatedEvent], rate: float | None, speed: float | None, begin: float
) -> Iterator[tuple[float, Record]]:
    """Say when each event is due, in seconds after the first."""
    for number, event in enumerate(events):
        due = number / rate if rate else (event.at - begin) / (speed or 1.0)
        yield due, Record(event.key, event.value)


def _write(events: Iterator[SimulatedEvent], target: BinaryIO, total: int | None) -> int:
    count = 0
    with progress() as display:
        task = display.add_task("simulating", total=total)
        for count, event in enumerate(events, start=1):
            target.write(event.value + b"\n")
            if count % _PROGRESS_EVERY == 0:
                display.update(task, completed=count)
        display.update(task, completed=count, total=count)
    return count

"""`sluice silence`: say which alerts nobody wants to hear, until when, and why."""

from __future__ import annotations

import asyncio
import getpass
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime

import click
import orjson
from rich.markup import escape
from rich.table import Table

from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.cli.console import out
from pipeline.cli.downstream import records
from pipeline.clock import SystemClock
from pipeline.config import KafkaSettings, load_settings
from pipeline.detection.durations import parse_duration
from pipeline.detection.silences import Silence
from pipeline.errors import InputError
from pipeline.topics import CONTROL

PREFIX = "silence:"


@click.group(name="silence")
def command() -> None:
    """Hush alerts for people; modes for agents go on as before."""


@command.command("add")
@click.argument("matchers", nargs=-1, required=True, metavar="LABEL=NAME...")
@click.option("--for", "duration", default="1h", show_default=True, help="Such as 30m or 2d.")
@click.option("--comment", required=True, help="Why, for whoever finds it.")
def add(matchers: tuple[str, ...], duration: str, comment: str) -> None:
    """Silence alerts whose labels all match; `rule` is a label too, NAME may be a glob.

    As in: sluice silence add rule=tool-latency tool=search --for 2h --comment "index rebuild"
    """
    try:
        seconds = parse_duration(duration)
    except ValueError as error:
        raise InputError(f"--for: {error}") from None
    now = SystemClock().now()
    silence = Silence(
        id=uuid.uuid4().hex[:8],
        matchers=dict(_matcher(text) for text in matchers),
        starts_at=now,
        ends_at=now + seconds,
        author=getpass.getuser(),
        comment=comment,
    )
    value = orjson.dumps(silence.to_record())
    asyncio.run(_send(load_settings().kafka, Record(f"{PREFIX}{silence.id}".encode(), value)))
    out.print(f"silence {silence.id} until {_clock(silence.ends_at)}")


@command.command("list")
def list_() -> None:
    """Show the silences that hold."""
    now = SystemClock().now()
    silences = asyncio.run(_silences(load_settings().kafka))
    holding = [silence for silence in silences.values() if silence.ends_at > now]
    if not holding:
        out.print("no silences")
        return
    table = Table.grid(padding=(0, 2))
    for silence in sorted(holding, key=lambda item: item.ends_at):
        what = ", ".join(f"{label}={name}" for label, name in silence.matchers.items())
        table.add_row(
            silence.id,
            escape(what),
            f"until {_clock(silence.ends_at)}",
            escape(f"{silence.author}: {silence.comment}"),
        )
    out.print(table)


@command.command("end")
@click.argument("silence_id")
def end(silence_id: str) -> None:
    """End a silence now."""
    settings = load_settings().kafka
    if silence_id not in asyncio.run(_silences(settings)):
        raise InputError(f"no silence {silence_id}", hint="sluice silence list shows them")
    asyncio.run(_send(settings, Record(f"{PREFIX}{silence_id}".encode(), None)))
    out.print(f"silence {silence_id} ended")


def _matcher(text: str) -> tuple[str, str]:
    label, equals, name = text.partition("=")
    if not (label and equals and name):
        raise InputError(f"{text!r} is not LABEL=NAME, such as tool=search")
    return label, name


def _clock(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


async def _silences(settings: KafkaSettings) -> Mapping[str, Silence]:
    """Return the latest record of each silence that was not ended."""
    found: dict[str, Silence] = {}
    async for record in records(settings, CONTROL.name):
        key = (record.key or b"").decode(errors="replace")
        if not key.startswith(PREFIX):
            continue
        if record.value is None:
            found.pop(key.removeprefix(PREFIX), None)
            continue
        try:
            silence = Silence.from_record(orjson.loads(record.value))
        except (AttributeError, orjson.JSONDecodeError, InputError):
            # the detector passes it over as well
            continue
        found[silence.id] = silence
    return found


async def _send(settings: KafkaSettings, record: Record) -> None:
    producer = BatchProducer(settings)
    await producer.start()
    try:
        await producer.send(CONTROL.name, [record])
    finally:
        await producer.stop()

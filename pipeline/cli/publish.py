"""`sluice publish`: send native events from a file to the input topic."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator

import click
import orjson

from pipeline.adapters.kafka.batches import Record
from pipeline.cli.console import err, out
from pipeline.cli.event_files import messages, opened
from pipeline.cli.sending import DEFAULT_BATCH, send_all
from pipeline.clock import SystemClock
from pipeline.config import LimitSettings, load_settings
from pipeline.events.decode import Origin, decode_message
from pipeline.events.rejection import Rejected
from pipeline.topics import EVENTS_RAW

_SHOWN_REFUSALS = 10


@click.command("publish")
@click.argument("file")
@click.option("--topic", default=EVENTS_RAW.name, show_default=True, help="Where to publish.")
@click.option(
    "--batch",
    default=DEFAULT_BATCH,
    show_default=True,
    type=click.IntRange(min=1),
    help="Messages that are sent and acknowledged together.",
)
@click.option("--check", is_flag=True, help="Validate only: say what would be refused, and why.")
def command(file: str, topic: str, batch: int, check: bool) -> None:
    """Publish the native events of FILE (- for standard input).

    FILE is JSON, a JSON array or NDJSON, plain or gzip. The bytes are published as they are: what
    is not a valid event becomes a dead letter, as it would from any producer.
    """
    settings = load_settings()
    with opened(file) as source:
        if check:
            sys.exit(_check(messages(source), settings.limits))
        records = map(_record, messages(source))
        sent = send_all(settings.kafka, topic, records, title="publishing", batch=batch)
    out.print(f"published {sent:,} messages to {topic}")


def _record(value: bytes) -> Record:
    """Give a message its key, the session it belongs to; without one the key is empty."""
    try:
        event = orjson.loads(value)
    except orjson.JSONDecodeError:
        event = None
    session_id = event.get("session_id") if isinstance(event, dict) else None
    return Record(session_id.encode() if isinstance(session_id, str) else b"", value)


def _check(values: Iterator[bytes], limits: LimitSettings) -> int:
    """Print what decoding refuses; return the exit code: 1 if anything is."""
    now = SystemClock().now()
    refused: Counter[str] = Counter()
    valid = 0
    for number, value in enumerate(values, start=1):
        origin = Origin("file", 0, number)
        for item in decode_message(value, origin=origin, limits=limits, now=now):
            if not isinstance(item, Rejected):
                valid += 1
                continue
            refused[item.reason.value] += 1
            if refused.total() <= _SHOWN_REFUSALS:
                err.print(f"message {number}: {item.reason.value}: {item.detail}", markup=False)
    if refused.total() > _SHOWN_REFUSALS:
        err.print(f"… and {refused.total() - _SHOWN_REFUSALS:,} more")
    out.print(f"{valid:,} valid, {refused.total():,} refused")
    for reason, count in refused.most_common():
        out.print(f"  {count:>9,}  {reason}")
    return 1 if refused else 0

"""`sluice dlq`: what was refused and why, and another try after its cause was mended."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import click
import orjson
from rich.markup import escape
from rich.table import Table

from pipeline.adapters.clickhouse import Client, connect
from pipeline.adapters.kafka.ranges import OffsetRange
from pipeline.cli.console import err, out
from pipeline.cli.replay import run_reprocess, settled_ranges
from pipeline.config import load_settings
from pipeline.errors import InputError
from pipeline.reconcile.ranges import as_ranges
from pipeline.topics import EVENTS_RAW

_WHERE = (
    " WHERE ({reason:String} = '' OR reason = {reason:String})"
    " AND ({stage:String} = '' OR stage = {stage:String})"
)


@click.group(name="dlq")
def command() -> None:
    """List dead letters, show one, or try the inputs behind them again."""


def _filters(function: Any) -> Any:
    for option in (
        click.option("--stage", default="", help="decode, redactor or sink."),
        click.option("--reason", default="", help="A reason's code, as `list` shows it."),
    ):
        function = option(function)
    return function


@command.command(name="list")
@_filters
@click.option("--limit", type=click.IntRange(1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
def list_(reason: str, stage: str, limit: int, as_json: bool) -> None:
    """Count dead letters by reason, and list the newest."""
    client = connect(load_settings().clickhouse)
    filters = {"reason": reason, "stage": stage}
    letters = client.query_dicts(
        "SELECT dead_letter_id, kind, stage, reason, detail, event_type, size_bytes, "  # noqa: S608
        "toString(ts) AS ts FROM dead_letters" + _WHERE + " ORDER BY ts DESC LIMIT {limit:UInt32}",
        {**filters, "limit": limit},
    )
    if as_json:
        for letter in letters:
            click.echo(orjson.dumps(letter))
        return
    counts = client.query(
        "SELECT stage, reason, kind, count() FROM dead_letters"  # noqa: S608
        + _WHERE
        + " GROUP BY 1, 2, 3 ORDER BY 4 DESC",
        filters,
    )
    _print(("stage", "reason", "kind", "count"), counts)
    if letters:
        _print(tuple(letters[0]), [tuple(letter.values()) for letter in letters])


@command.command()
@click.argument("dead_letter_id")
def show(dead_letter_id: str) -> None:
    """Show all that is known of one dead letter; it never holds the input itself."""
    found = connect(load_settings().clickhouse).query_dicts(
        "SELECT *, toString(ts) AS ts, toString(ingested_at) AS ingested_at "
        "FROM dead_letters WHERE dead_letter_id = {id:String}",
        {"id": dead_letter_id},
    )
    if not found:
        raise InputError(f"no dead letter {dead_letter_id!r}", hint="sluice dlq list names them")
    for letter in found:
        out.print_json(orjson.dumps(letter, default=str).decode())


@command.command()
@_filters
@click.option("--id", "ids", multiple=True, help="Only this dead letter; repeatable.")
def retry(reason: str, stage: str, ids: tuple[str, ...]) -> None:
    """Process the inputs of dead letters again, as long as the input topic still holds them.

    What is accepted now becomes rows, and its dead letter goes; what is not keeps one dead letter.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = load_settings()
    client = connect(settings.clickhouse)
    wanted = _places(client, reason, stage, ids)
    ranges = asyncio.run(settled_ranges(settings, EVENTS_RAW.name, wanted)) if wanted else []
    asked = sum(each.last - each.first + 1 for each in wanted)
    left = sum(each.last - each.first + 1 for each in ranges)
    if asked > left:
        err.print(f"{asked - left:,} inputs are no longer in {EVENTS_RAW.name}")
    if not ranges:
        out.print("nothing to try again")
        return
    done = run_reprocess(settings, EVENTS_RAW.name, ranges)
    out.print(
        f"{done['records']:,} inputs again: {done['rows']:,} rows, "
        f"{done['dead_letters']:,} dead letters"
    )


def _places(client: Client, reason: str, stage: str, ids: tuple[str, ...]) -> list[OffsetRange]:
    found = client.query(
        "SELECT DISTINCT source_partition, source_offset FROM dead_letters"  # noqa: S608
        + _WHERE
        + " AND source_topic = {topic:String}"
        " AND (empty({ids:Array(String)}) OR dead_letter_id IN {ids:Array(String)})",
        {"reason": reason, "stage": stage, "topic": EVENTS_RAW.name, "ids": list(ids)},
    )
    offsets: dict[int, list[int]] = {}
    for partition, offset in found:
        offsets.setdefault(partition, []).append(offset)
    return [
        OffsetRange(partition, first, last)
        for partition, held in sorted(offsets.items())
        for first, last in as_ranges(held)
    ]


def _print(columns: tuple[str, ...], rows: list[tuple[Any, ...]]) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row))
    out.print(table)

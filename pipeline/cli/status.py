"""`sluice status`: topics, lag, rows and processes, for people or as JSON."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import click
import orjson
from rich.filesize import decimal
from rich.markup import escape
from rich.table import Table

from pipeline.cli.console import fail, out
from pipeline.cli.up import relative
from pipeline.config import load_settings
from pipeline.local.snapshot import Snapshot, take_snapshot

T = TypeVar("T")
Column = tuple[str, Callable[[T], str]]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show processes, topics, lag of consumer groups, and rows in ClickHouse.

    The exit code is 1 if Kafka or ClickHouse does not answer.
    """
    # what goes wrong is reported below; the client's own log lines would say it a second time
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    snapshot = asyncio.run(take_snapshot(load_settings()))
    if as_json:
        out.print_json(orjson.dumps(to_json(snapshot)).decode())
    else:
        _show(snapshot)
    for error in snapshot.errors:
        fail(error)
    context.exit(1 if snapshot.errors else 0)


def to_json(snapshot: Snapshot) -> dict[str, object]:
    """Return the object that `--json` prints; offsets are summed over partitions."""
    return {
        "processes": [vars(process) for process in snapshot.processes],
        "topics": [
            {
                "name": topic.name,
                "partitions": topic.partitions,
                "messages": topic.messages,
                "end_offsets": [topic.end_offsets[number] for number in sorted(topic.end_offsets)],
            }
            for topic in snapshot.topics
        ],
        "groups": [
            {
                "group": group.group,
                "state": group.state,
                "members": group.members,
                "lag": dict(group.lag),
            }
            for group in snapshot.groups
        ],
        "tables": [vars(table) for table in snapshot.tables],
        "errors": list(snapshot.errors),
    }


def _show(snapshot: Snapshot) -> None:
    _table(
        "processes",
        snapshot.processes,
        [
            ("process", lambda item: item.name),
            ("state", lambda item: item.state),
            ("pid", lambda item: str(item.pid or "-")),
            ("port", lambda item: str(item.port)),
            ("restarts", lambda item: str(item.restarts)),
            ("memory", lambda item: decimal(item.memory_bytes) if item.memory_bytes else "-"),
            ("log", lambda item: escape(relative(Path(item.log)))),
        ],
        empty="no process of a local stack in this data directory",
    )
    _table(
        "topics",
        snapshot.topics,
        [
            ("topic", lambda item: escape(item.name)),
            ("partitions", lambda item: str(item.partitions)),
            ("messages held", lambda item: f"{item.messages:,}"),
            ("end offsets", lambda item: " ".join(map(str, item.end_offsets.values()))),
        ],
        empty="no topics",
    )
    _table(
        "consumer groups",
        [
            (group, topic, f"{lag:,}")
            for group in snapshot.groups
            for topic, lag in (group.lag or {"-": 0}).items()
        ],
        [
            ("group", lambda item: escape(item[0].group)),
            ("state", lambda item: item[0].state),
            ("members", lambda item: str(item[0].members)),
            ("topic", lambda item: escape(item[1])),
            ("lag", lambda item: item[2]),
        ],
        empty="no group",
    )
    _table(
        "tables",
        snapshot.tables,
        [
            ("table", lambda item: escape(item.name)),
            ("rows", lambda item: f"{item.rows:,}"),
            ("on disk", lambda item: decimal(item.bytes)),
        ],
        empty="no tables",
    )


def _table(title: str, rows: Sequence[T], columns: Sequence[Column[T]], *, empty: str) -> None:
    """Print rows as a table; a column is its heading and what it shows of a row."""
    if not rows:
        out.print(f"[bold]{title}[/]  [dim]{empty}[/]\n")
        return
    table = Table(box=None, header_style="dim", pad_edge=False, title=title, title_justify="left")
    table.title_style = "bold"
    numeric = {"pid", "port", "restarts", "memory", "partitions", "messages held", "members"}
    numeric |= {"lag", "rows", "on disk"}
    for heading, _ in columns:
        table.add_column(
            heading, justify="right" if heading in numeric else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(cell(row) for _, cell in columns))
    out.print(table)
    out.print()

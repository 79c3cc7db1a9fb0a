"""What the demo shows at its end: figures, entities, a trace as a tree, what to try next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from rich.console import Console, Group
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table
from rich.tree import Tree

Row = Mapping[str, Any]
BAR_WIDTH = 30
TEXT_WIDTH = 76


@dataclass(frozen=True)
class Summary:
    """The figures of one demo; written to `demo.json` as they are."""

    events_in: int
    rows_out: int
    dead_letters: int
    planted_pii: int
    """Different planted values that can be looked for without chance hits."""
    planted_pii_found: int
    """How many of them stand anywhere behind the redactor."""
    entities_by_type: dict[str, int]
    publish_to_row_seconds: dict[str, float]
    """p50 and p99, from the broker's time of the message to the insert of its row."""
    seconds: float

    def as_json(self) -> bytes:
        """Return it as indented JSON."""
        return orjson.dumps(asdict(self), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def print_summary(
    console: Console, summary: Summary, places: Sequence[str], trace: Sequence[Row]
) -> None:
    """Print what happened, for a person."""
    console.print()
    console.print(Panel(Group(_figures(summary, places)), title="What happened", expand=False))
    console.print(_entities(summary.entities_by_type))
    if trace:
        console.print(trace_tree(trace))
        console.print()


def print_next_steps(console: Console, url: str) -> None:
    """Print commands to go on with."""
    console.print("[bold]Try next[/] (in another terminal)")
    sql = "SELECT agent_name, count(), sum(cost_usd) FROM sluice.events GROUP BY 1 FORMAT Pretty"
    for command, what in (
        ("sluice status", "topics, lag, rows, processes"),
        ("sluice simulate --events 5000 --rate 500", "more agents at work"),
        ("echo 'mail jane@example.com' | sluice redact --explain", "what the redactor sees"),
        (f'curl "{url}" --data-binary "{sql}"', "ask the tables"),
    ):
        console.print(f"  [cyan]{escape(command)}[/]  [dim]{what}[/]", soft_wrap=True)


def _figures(summary: Summary, places: Sequence[str]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", style="bold")
    table.add_column()
    balance = summary.rows_out + summary.dead_letters == summary.events_in
    check = "[green]every event accounted for[/]" if balance else "[red]some are missing[/]"
    table.add_row(f"{summary.events_in:,}", "events published")
    table.add_row(f"{summary.rows_out:,}", f"rows in ClickHouse, {check}")
    table.add_row(
        f"{summary.dead_letters:,}", "dead letters [dim](broken input, sent on purpose)[/]"
    )
    entities = sum(summary.entities_by_type.values())
    table.add_row(f"{entities:,}", "pieces of personal data and secrets redacted")
    colour = "green" if summary.planted_pii_found == 0 else "red"
    table.add_row(
        f"[{colour}]{summary.planted_pii_found:,}[/]",
        f"of {summary.planted_pii:,} planted values found in {len(places)} places "
        "behind the redactor",
    )
    latency = summary.publish_to_row_seconds
    table.add_row(f"{latency['p50']:.2f} s", f"from publish to row (p99 {latency['p99']:.2f} s)")
    return table


def _entities(counts: Mapping[str, int]) -> Table:
    table = Table(title="Redacted, by type", title_justify="left", box=None, show_header=False)
    table.add_column(justify="left")
    table.add_column(justify="right")
    table.add_column()
    largest = max(counts.values(), default=1)
    for name, count in sorted(counts.items(), key=lambda item: -item[1]):
        table.add_row(name, f"{count:,}", "[blue]" + "█" * max(1, count * BAR_WIDTH // largest))
    return table


def trace_tree(rows: Sequence[Row]) -> Tree:
    """Draw the events of one session as a tree of spans, in the order of time."""
    first = rows[0]
    root = Tree(
        f"[bold]session {first['session_id']}[/] [dim]{first['agent_name']} "
        f"{first['release_version']} · {first['workflow']}[/]"
    )
    nodes: dict[str, Tree] = {}
    for row in rows:
        parent = nodes.get(row["parent_span_id"], root)
        node = parent.add(_step(row))
        nodes.setdefault(row["span_id"], node)
    return root


def _step(row: Row) -> str:
    name = row["tool_name"] or row["model_version"] or row["model_requested"] or row["outcome"]
    parts = [f"[bold]{row['event_type']}[/]"]
    if name:
        parts.append(f"[cyan]{escape(name)}[/]")
    if row["latency_ms"] is not None:
        parts.append(f"{row['latency_ms']:,.0f} ms")
    if row["tokens_in"] is not None:
        parts.append(f"{row['tokens_in']:,}→{row['tokens_out'] or 0:,} tokens")
    if row["cost_usd"] is not None:
        parts.append(f"${row['cost_usd']:.4f}")
    if row["status"] not in ("", "ok"):
        parts.append(f"[red]{row['status']} {escape(row['error_type'])}[/]")
    said = row["arguments"] or row["query"] or row["outcome_reason"] or row["said"]
    if said:
        short = said if len(said) <= TEXT_WIDTH else said[: TEXT_WIDTH - 1] + "…"
        parts.append(f"\n[dim]{escape(short)}[/]")
    return " ".join(parts)

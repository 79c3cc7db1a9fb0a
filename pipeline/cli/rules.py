"""`sluice rules`: what is watched, and whether a file of rules is right."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from pipeline.cli.console import out
from pipeline.config import load_settings
from pipeline.detection.rules import RuleSet, load_rules
from pipeline.detection.rules.describe import condition_of, timing_of

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command(name="rules")
@click.argument("file", required=False, type=_FILE)
@click.option("--check", "check_only", is_flag=True, help="Only say whether the file is right.")
@click.option("--json", "as_json", is_flag=True, help="Print the rules as one JSON value.")
def command(file: Path | None, check_only: bool, as_json: bool) -> None:
    """List the rules in use, or those of FILE; a mistake is told with its file and line."""
    path = file or load_settings().detection.rules_file
    rules = load_rules(path)
    name = str(path) if path else "the rules that ship with Sluice"
    if as_json:
        click.echo(json.dumps(rules.model_dump(mode="json", by_alias=True)))
    elif check_only:
        out.print(f"{name}: {len(rules.rules)} rules, no mistakes", soft_wrap=True)
    else:
        out.print(_table(rules))
        out.print(_footnote(rules, name), style="dim", soft_wrap=True)


def _table(rules: RuleSet) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column()
    for rule in rules.rules:
        per = f"per {', '.join(rule.per)}" if rule.per else "the whole system"
        what = f"{escape(rule.summary)} [dim]({rule.severity}, {per})[/]"
        table.add_row(f"[bold]{rule.name}[/]", what)
        table.add_row("", f"{condition_of(rule)}; {timing_of(rule)}")
    return table


def _footnote(rules: RuleSet, name: str) -> str:
    return (
        f"{name}: {len(rules.rules)} rules, {len(rules.inhibitions)} inhibitions, "
        f"{len(rules.pressures)} rules that ask for modes. docs/alerts.md explains them."
    )

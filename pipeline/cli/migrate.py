"""`sluice migrate`: create what is missing of topics and tables."""

from __future__ import annotations

import asyncio

import click
from rich.table import Table

from pipeline.adapters.clickhouse.migrate import MigrationReport, migrate
from pipeline.adapters.kafka.admin import TopicChanges, ensure_topics
from pipeline.cli.console import err, out
from pipeline.config import load_settings
from pipeline.errors import InputError


@click.command()
@click.option("--clickhouse-only", is_flag=True, help="Tables, not topics.")
@click.option("--kafka-only", is_flag=True, help="Topics, not tables.")
def command(clickhouse_only: bool, kafka_only: bool) -> None:
    """Create the topics and tables that are missing; run it again at any time.

    Tables come from the numbered files of schemas/clickhouse, topics from the catalogue.
    """
    if clickhouse_only and kafka_only:
        raise InputError("--clickhouse-only and --kafka-only exclude each other")
    settings = load_settings()
    if not kafka_only:
        show_migrations(migrate(settings.clickhouse))
    if not clickhouse_only:
        show_topics(asyncio.run(ensure_topics(settings.kafka)))


def show_migrations(report: MigrationReport) -> None:
    """Print the database's migrations, old and new."""
    table = Table("migration", "state", title=f"ClickHouse database {report.database}")
    for row in report.before:
        table.add_row(f"{row.number:04d}_{row.name}", "[dim]was applied[/]")
    for migration in report.added:
        table.add_row(migration.label, "[green]applied now[/]")
    out.print(table)


def show_topics(changes: TopicChanges) -> None:
    """Print what was created in Kafka, and what differs from the catalogue but was kept."""
    table = Table("topic", "state", title="Kafka topics")
    for name in changes.created:
        table.add_row(name, "[green]created now[/]")
    for name, (before, after) in changes.raised.items():
        table.add_row(name, f"[green]partitions raised from {before} to {after}[/]")
    for name, (held, asked) in changes.surplus.items():
        table.add_row(name, f"[yellow]has {held} partitions, {asked} asked for; kept[/]")
    for drift in changes.drift:
        table.add_row(
            drift.topic,
            f"[yellow]{drift.name} is {drift.actual}, the catalogue says {drift.wanted}; kept[/]",
        )
    if table.row_count:
        out.print(table)
    else:
        err.print("Kafka topics: all there, nothing to do")

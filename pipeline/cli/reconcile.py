"""`sluice reconcile`: is everything that Kafka holds in ClickHouse, once?"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import click
import orjson
from prometheus_client import start_http_server
from rich.table import Table

from pipeline.adapters.clickhouse import AsyncClient, connect_async
from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.batches import BatchProducer
from pipeline.adapters.kafka.ranges import OffsetRange, read_range
from pipeline.cli.console import err, out, progress
from pipeline.cli.reconcile_metrics import ReconcileMetrics
from pipeline.cli.settled import settled_offsets
from pipeline.cli.telling import tell_detector
from pipeline.config import Settings, load_settings
from pipeline.errors import RetryableError
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.reconcile.compare import PartitionReport
from pipeline.reconcile.ranges import Range
from pipeline.reconcile.signals import signals_of
from pipeline.storage.rows import Refusal, read_dead_letter, read_event
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ, EVENTS_RAW

CHUNK = 100_000
"""Offsets that are compared together."""
IDS_TOGETHER = 2_000


@dataclass(frozen=True)
class _Check:
    """How records of a topic are found again: the table, and the columns of their place."""

    topic: str
    table: str
    prefix: str
    """Of the columns topic, partition and offset."""
    place: str
    """Columns that one row has for itself."""
    id_column: str


CHECKS = (
    _Check(EVENTS_RAW.name, "events", "source_", "source_offset, source_index", "event_id"),
    _Check(EVENTS_CLEAN.name, "events", "", "offset", "event_id"),
    _Check(EVENTS_DLQ.name, "dead_letters", "", "offset", "dead_letter_id"),
)
_LETTER_ID = (
    "concat(source_topic, ':', toString(source_partition), ':', toString(source_offset), "
    "if(source_index = 0, '', concat(':', toString(source_index))))"
)
"""The id that a dead letter of an event's place has, as `pipeline.events.dead_letter` makes it."""


@click.command(name="reconcile")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a partition.")
@click.option("--every", type=click.FloatRange(1), help="Seconds: go on, round after round.")
@click.option(
    "--metrics-port",
    type=click.IntRange(1, 65535),
    help="Show the latest round on this port's /metrics; with --every.",
)
@click.pass_context
def command(
    context: click.Context, as_json: bool, every: float | None, metrics_port: int | None
) -> None:
    """Compare what Kafka holds with rows and dead letters, and name every gap and surplus.

    What is compared is what the workers have committed and Kafka still keeps. The exit code is 1
    if anything is missing or there twice, and the detector is told, whose rule `not-reconciled`
    makes an alert of it. With --every, a service that is away ends a round, and the next one comes.
    """
    if metrics_port is not None and every is None:
        raise click.UsageError("--metrics-port needs --every: one round ends before anyone can ask")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = load_settings()
    if every is None:
        reports = asyncio.run(_round(settings, as_json=as_json))
        context.exit(1 if any(report.findings for report in reports) else 0)
    metrics = ReconcileMetrics()
    if metrics_port is not None:
        start_http_server(metrics_port, addr=settings.worker.host, registry=metrics.registry)
    while True:
        try:
            reports = asyncio.run(_round(settings, as_json=as_json))
        except RetryableError as error:
            err.print(f"[yellow]no comparison this time:[/] {error}")
            metrics.failed()
        else:
            metrics.compared(reports, time.time())
        time.sleep(every)


async def _round(settings: Settings, *, as_json: bool) -> list[PartitionReport]:
    reports = await reconcile(settings)
    _print(reports, as_json=as_json)
    await tell_detector(settings.kafka, signals_of(reports, time.time()))
    return reports


async def reconcile(settings: Settings) -> list[PartitionReport]:
    """Compare all partitions; raise `UnavailableError` while the sink is behind."""
    ends = await settled_offsets(settings.kafka)
    states = await topic_states(settings.kafka, [check.topic for check in CHECKS])
    begins = {(s.name, number): at for s in states for number, at in s.begin_offsets.items()}
    producer = BatchProducer(settings.kafka)
    await producer.start()
    try:
        cluster = await producer.cluster_id()
    finally:
        await producer.stop()
    client = await connect_async(settings.clickhouse)
    reports = []
    try:
        with progress() as display:
            total = sum(end - begins.get(place, 0) for place, end in ends.items())
            task = display.add_task("comparing", total=total)
            for check in CHECKS:
                for (topic, number), end in sorted(ends.items()):
                    if topic != check.topic:
                        continue
                    report = PartitionReport(topic, number, begins.get((topic, number), 0), end)
                    worker = _Comparison(settings, client, cluster, check, report)
                    async for compared in worker.run():
                        display.advance(task, compared)
                    reports.append(report)
    finally:
        await client.close()
    return reports


class _Comparison:
    """One partition's comparison."""

    def __init__(
        self,
        settings: Settings,
        client: AsyncClient,
        cluster: str,
        check: _Check,
        report: PartitionReport,
    ) -> None:
        self._settings = settings
        self._client = client
        self._check = check
        self._report = report
        self._parameters = {
            "cluster": cluster,
            "topic": check.topic,
            "partition": report.partition,
        }

    async def run(self) -> AsyncIterator[int]:
        """Compare chunk by chunk; yield how many offsets were compared."""
        report = self._report
        for first in range(report.first, report.end, CHUNK):
            within = first, min(first + CHUNK, report.end) - 1
            left = report.add_covered(
                within, await self._stored(within), await self._refused(within)
            )
            for span in left:
                await self._explain(span)
            report.add_repeated(await self._repeated(within))
            yield within[1] - within[0] + 1
        await self._beyond()

    async def _explain(self, left: Range) -> None:
        """Read the records of a range that nothing covers, and look for their events' ids."""
        ids: dict[int, list[str] | None] = {}
        wanted = OffsetRange(self._report.partition, *left)
        async for record in read_range(self._settings.kafka, self._check.topic, wanted):
            ids[record.offset] = self._ids_of(record)
        known = await self._known({each for found in ids.values() for each in found or ()})
        elsewhere = [at for at, found in ids.items() if found and known.issuperset(found)]
        self._report.add_explained(left, ids, elsewhere)

    def _ids_of(self, record: Any) -> list[str] | None:
        """Return the ids in a record; None if it holds what should have been refused."""
        if self._check.topic == EVENTS_RAW.name:
            origin = Origin(record.topic, record.partition, record.offset)
            # the time bounds were judged when the message was new
            items = decode_message(
                record.value, origin=origin, limits=self._settings.limits, now=time.time()
            )
            decoded = [item for item in items if isinstance(item, DecodedEvent)]
            return (
                [str(d.event["event_id"]) for d in decoded] if len(decoded) == len(items) else None
            )
        read = read_dead_letter if self._check.topic == EVENTS_DLQ.name else read_event
        row = read(record.value)
        return None if isinstance(row, Refusal) else [str(row[self._check.id_column])]

    async def _known(self, ids: set[str]) -> set[str]:
        ordered, known = sorted(ids), set()
        for start in range(0, len(ordered), IDS_TOGETHER):
            together = {"ids": ordered[start : start + IDS_TOGETHER]}
            found = await self._client.query(
                f"SELECT DISTINCT {self._check.id_column} FROM {self._check.table} "  # noqa: S608 - ours
                f"WHERE {self._check.id_column} IN {{ids:Array(String)}}",
                together,
            )
            known |= {each for (each,) in found}
            if self._check.topic == EVENTS_DLQ.name:
                # `sluice dlq retry` takes away the dead letter of what became a row
                found = await self._client.query(
                    f"SELECT {_LETTER_ID} FROM events WHERE {_LETTER_ID} IN {{ids:Array(String)}}",  # noqa: S608 - ours
                    together,
                )
                known |= {each for (each,) in found}
        return known

    async def _stored(self, within: Range) -> list[Range]:
        return await self._ranges(self._check.table, self._check.prefix, within)

    async def _refused(self, within: Range) -> list[Range]:
        return await self._ranges("dead_letters", "source_", within)

    async def _ranges(self, table: str, prefix: str, within: Range) -> list[Range]:
        """Return the ranges of offsets that `table` holds; offset minus rank names a range."""
        found = await self._client.query(
            "SELECT min(at), max(at) FROM ("  # noqa: S608 - ours
            "SELECT at, at - row_number() OVER (ORDER BY at) AS run FROM ("
            f"SELECT DISTINCT {prefix}offset AS at FROM {table} WHERE {self._where(prefix)}"
            ")) GROUP BY run",
            self._between(within),
        )
        return [(int(first), int(last)) for first, last in found]

    async def _repeated(self, within: Range) -> Iterable[tuple[int, int]]:
        check = self._check
        found = await self._client.query(
            f"SELECT {check.prefix}offset, count() FROM {check.table} "  # noqa: S608 - ours
            f"WHERE {self._where(check.prefix)} GROUP BY {check.place} HAVING count() > 1 "
            "UNION ALL "
            f"SELECT max({check.prefix}offset), count() FROM {check.table} "
            f"WHERE {self._where(check.prefix)} GROUP BY {check.id_column} "
            f"HAVING count() > 1 AND uniqExact({check.place}) > 1",
            self._between(within),
        )
        return [(int(offset), int(count)) for offset, count in found]

    async def _beyond(self) -> None:
        """Find rows at offsets that the partition does not have."""
        [state] = await topic_states(self._settings.kafka, [self._check.topic])
        end = state.end_offsets[self._report.partition]
        prefix = self._check.prefix
        [(count, first, last)] = await self._client.query(
            f"SELECT count(), min({prefix}offset), max({prefix}offset) FROM {self._check.table} "  # noqa: S608 - ours
            f"WHERE {self._where(prefix)}",
            self._between((end, 2**63)),
        )
        self._report.add_beyond(int(first), int(last), int(count))

    def _where(self, prefix: str) -> str:
        return (
            f"cluster = {{cluster:String}} AND {prefix}topic = {{topic:String}} "
            f"AND {prefix}partition = {{partition:UInt32}} "
            f"AND {prefix}offset BETWEEN {{first:UInt64}} AND {{last:UInt64}}"
        )

    def _between(self, within: Range) -> dict[str, Any]:
        return {**self._parameters, "first": within[0], "last": within[1]}


def _print(reports: list[PartitionReport], *, as_json: bool) -> None:
    if as_json:
        for report in reports:
            click.echo(orjson.dumps(asdict(report)))
    else:
        _show(reports)


def _show(reports: list[PartitionReport]) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    columns = ("topic", "partition", "offsets", "stored", "refused", "again", "holes", "wrong")
    for column in columns:
        table.add_column(column, justify="left" if column == "topic" else "right")
    for report in reports:
        table.add_row(
            report.topic,
            str(report.partition),
            f"{report.first}–{report.end - 1}" if report.end > report.first else "none",
            f"{report.stored:,}",
            f"{report.refused:,}",
            f"{report.elsewhere:,}",
            f"{report.holes:,}",
            f"[red]{len(report.findings)}[/]" if report.findings else "0",
        )
    out.print(table)
    for report in reports:
        for found in report.findings:
            err.print(
                f"[red]{found.kind}[/] {found.topic}:{found.partition} "
                f"{found.first}–{found.last}: {found.detail}"
            )
    if not any(report.findings for report in reports):
        out.print("[green]everything is there, once[/]")

"""Processes a range of a topic again and puts what comes of it in the place of what is stored.

`sluice replay` and `sluice dlq retry` start it, as `python -m agents.reprocess TOPIC RANGE…`. It
goes past the topics on purpose (docs/adr/0004): nothing is published a second time, so no window
and no task counts anything twice, and the fences of the running workers never meet these rows. Each
batch is first removed, then inserted: it is never there twice. A run that breaks off between the
two is repaired by running the same command again; `sluice reconcile` shows a gap until then.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import sys
import time
import uuid
from collections.abc import AsyncIterator, Iterable
from dataclasses import asdict, dataclass
from typing import Any

import click
import orjson

from agents.redaction_sources import RedactionSources
from agents.redactor import RedactorStage, event_redactor
from agents.shadow_audit import AuditService
from pipeline.adapters.clickhouse import AsyncClient, connect_async
from pipeline.adapters.kafka.batches import BatchProducer
from pipeline.adapters.kafka.ranges import OffsetRange, read_range
from pipeline.clock import SystemClock
from pipeline.config import Settings, load_settings
from pipeline.errors import InputError, SluiceError
from pipeline.metrics import Metrics
from pipeline.storage.progress import load_progress
from pipeline.storage.rows import Refusal, read_dead_letter, read_event, source_of
from pipeline.storage.tables import DEAD_LETTERS, EVENTS, Table
from pipeline.topics import EVENTS_CLEAN, EVENTS_RAW

BATCH_RECORDS = 2_000
LEASE_SECONDS = 3_600
"""Rows of a replay belong to no partition's owner; their inserts may take as long as this."""

Row = dict[str, Any]


@dataclass
class Done:
    """What a run did so far."""

    records: int = 0
    rows: int = 0
    replaced: int = 0
    dead_letters: int = 0
    repeated: int = 0
    """Events that are stored from another place of the input: not stored again."""


class Reprocessor:
    """Replaces rows by place; one run of one command."""

    def __init__(self, settings: Settings, client: AsyncClient, cluster: str) -> None:
        self._settings = settings
        self._client = client
        self._cluster = cluster
        self._run_id = uuid.uuid4().hex
        self.done = Done()

    async def raw(self, wanted: OffsetRange) -> AsyncIterator[Done]:
        """Redact input messages again with the policy in force; yield after each batch."""
        stage = _redactor_stage(self._settings)
        async for records in _batches(self._settings, EVENTS_RAW.name, wanted):
            place = _Place("source_", EVENTS_RAW.name, wanted.partition, records)
            outputs = stage.process(records)
            known = await self._known_places(place)
            rows = [row for row in map(_row, (each.value for each in outputs.clean)) if row]
            fresh = await self._not_stored_elsewhere(place, rows)
            for row in fresh:
                source = source_of(row)
                row["at"] = known.get((source.offset, source.event_index), self._at(source))
            letters = [_letter(record.value) for record in outputs.dead_letters_in_order()]
            for letter in letters:
                letter["at"] = self._at(source_of(letter))
            await self._replace(place, fresh, letters)
            self._count(len(records), len(rows) - len(fresh))
            yield self.done

    async def clean(self, wanted: OffsetRange) -> AsyncIterator[Done]:
        """Store clean events again as they stand in the topic; yield after each batch."""
        progress = await load_progress(
            self._client.query,
            table=EVENTS.name,
            cluster=self._cluster,
            topic=EVENTS_CLEAN.name,
            partition=wanted.partition,
            first=wanted.first,
            horizon=self._settings.sink.repeat_horizon,
        )
        async for records in _batches(self._settings, EVENTS_CLEAN.name, wanted):
            place = _Place("", EVENTS_CLEAN.name, wanted.partition, records)
            rows: list[Row] = []
            skipped = 0
            for record in records:
                row = _row(record.value)
                if row is None:
                    continue  # the sink refused it, and its dead letter stays as it is
                is_new = progress.fence.passes_record(row)
                if not is_new or (progress.recent and not progress.recent.add(row["event_id"])):
                    skipped += 1
                    continue
                row["at"] = self._at_place(record.topic, record.partition, record.offset)
                rows.append(row)
            await self._replace(place, rows, None)
            self._count(len(records), skipped)
            yield self.done

    def _count(self, records: int, repeated: int) -> None:
        self.done.records += records
        self.done.repeated += repeated

    def _at(self, source: Any) -> dict[str, Any]:
        """Return coordinates for what stands in no topic but the input."""
        return self._at_place(source.topic, source.partition, source.offset)

    def _at_place(self, topic: str, partition: int, offset: int) -> dict[str, Any]:
        return {"cluster": self._cluster, "topic": topic, "partition": partition, "offset": offset}

    async def _known_places(self, place: _Place) -> dict[tuple[int, int], dict[str, Any]]:
        """Return where the clean events of a batch stand, by offset and index in the input."""
        found = await self._client.query(
            "SELECT source_offset, source_index, topic, partition, offset "
            "FROM events WHERE " + place.condition,
            place.parameters(self._cluster),
        )
        return {
            (offset, index): self._at_place(topic, partition, at)
            for offset, index, topic, partition, at in found
        }

    async def _not_stored_elsewhere(self, place: _Place, rows: list[Row]) -> list[Row]:
        """Leave out events whose id came before, in this batch or at another place."""
        found = await self._client.query(
            "SELECT DISTINCT event_id FROM events "  # noqa: S608 - ours
            "WHERE session_id IN {sessions:Array(String)} AND event_id IN {ids:Array(String)} "
            "AND NOT (" + place.condition + ")",
            {
                **place.parameters(self._cluster),
                "sessions": sorted({row["session_id"] for row in rows}),
                "ids": [row["event_id"] for row in rows],
            },
        )
        seen = {event_id for (event_id,) in found}
        fresh = []
        for row in rows:
            if row["event_id"] not in seen:
                seen.add(row["event_id"])
                fresh.append(row)
        return fresh

    async def _replace(self, place: _Place, rows: list[Row], letters: list[Row] | None) -> None:
        """Put rows (and letters; None: leave those) in the place of what is stored."""
        parameters = place.parameters(self._cluster)
        for table, items in ((EVENTS, rows), (DEAD_LETTERS, letters)):
            if items is None:
                continue
            where = f" FROM {table.name} WHERE {place.condition}"
            [(before,)] = await self._client.query("SELECT count()" + where, parameters)
            if before:
                await self._client.command("DELETE" + where, parameters)
            await self._insert(table, items)
            if table is EVENTS:
                self.done.replaced += before
                self.done.rows += len(items)
            else:
                self.done.dead_letters += len(items)

    async def _insert(self, table: Table, items: list[Row]) -> None:
        if not items:
            return
        digest = hashlib.blake2b(self._run_id.encode(), digest_size=16)
        until = int((time.time() + LEASE_SECONDS) * 1000)
        for item in items:
            item["at"]["lease_until"] = until
            digest.update(repr(source_of(item)).encode())
        await self._client.insert(
            table.name, table.names, table.types, table.to_columns(items), token=digest.hexdigest()
        )


class _Place:
    """The offsets of a batch, as a condition on the rows that came of them."""

    def __init__(self, prefix: str, topic: str, partition: int, records: list[Any]) -> None:
        self.condition = (
            f"cluster = {{cluster:String}} AND {prefix}topic = {{topic:String}} "
            f"AND {prefix}partition = {{partition:UInt32}} "
            f"AND {prefix}offset BETWEEN {{first:UInt64}} AND {{last:UInt64}}"
        )
        self._values = {
            "topic": topic,
            "partition": partition,
            "first": records[0].offset,
            "last": records[-1].offset,
        }

    def parameters(self, cluster: str) -> dict[str, Any]:
        return {"cluster": cluster, **self._values}


def _redactor_stage(settings: Settings) -> RedactorStage:
    metrics = Metrics()
    return RedactorStage(
        event_redactor(settings.redaction),
        BatchProducer(settings.kafka),  # never started: `process` sends nothing
        settings.limits,
        metrics,
        SystemClock(),
        sources=RedactionSources(settings.redaction, lambda _: None),
        audit=AuditService(settings.redaction, metrics),
    )


async def _batches(settings: Settings, topic: str, wanted: OffsetRange) -> AsyncIterator[list[Any]]:
    batch: list[Any] = []
    async for record in read_range(settings.kafka, topic, wanted):
        batch.append(record)
        if len(batch) >= BATCH_RECORDS:
            yield batch
            batch = []
    if batch:
        yield batch


def _row(value: bytes | None) -> Row | None:
    row = read_event(value)
    return None if isinstance(row, Refusal) else row


def _letter(value: bytes | None) -> Row:
    letter = read_dead_letter(value)
    if isinstance(letter, Refusal):
        raise InputError(f"a dead letter of our own cannot be read: {letter.reason}")
    return letter


async def reprocess(settings: Settings, topic: str, ranges: Iterable[OffsetRange]) -> None:
    """Process `ranges` of `topic` again; after each batch print what was done, as JSON."""
    producer = BatchProducer(settings.kafka)
    await producer.start()
    try:
        cluster = await producer.cluster_id()
    finally:
        await producer.stop()
    client = await connect_async(settings.clickhouse)
    try:
        worker = Reprocessor(settings, client, cluster)
        again = worker.raw if topic == EVENTS_RAW.name else worker.clean
        for wanted in ranges:
            async for done in again(wanted):
                sys.stdout.buffer.write(orjson.dumps(asdict(done)) + b"\n")
                sys.stdout.flush()
    finally:
        await client.close()


@click.command()
@click.argument("topic", type=click.Choice([EVENTS_RAW.name, EVENTS_CLEAN.name]))
@click.argument("ranges", nargs=-1, required=True)
def main(topic: str, ranges: tuple[str, ...]) -> None:
    """Process RANGES (partition:first-last, both included) of TOPIC again."""
    logging.basicConfig(level=logging.WARNING)
    try:
        asyncio.run(reprocess(load_settings(), topic, map(OffsetRange.parse, ranges)))
    except SluiceError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()

"""The redactor: raw events in, clean events or dead letters out. Nothing leaves it unverified."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, Literal

import faust
import orjson

from agents.delivery import Run, deliver
from agents.redaction_sources import RedactionSources, load_keyring, load_policies
from agents.shadow_audit import AuditService
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import Clock, SystemClock
from pipeline.config import LimitSettings, RedactionSettings, Settings
from pipeline.events.contract import trusted_paths
from pipeline.events.dead_letter import dead_letter, failed_event
from pipeline.events.decode import DecodedBatch, DecodedEvent, Origin
from pipeline.metrics import Metrics
from pipeline.redaction.engine import EventRedactor
from pipeline.redaction.one_event import Failed, RedactedEvent, found_in
from pipeline.redaction.tiers import detector_factory
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ, EVENTS_RAW

STAGE = "redactor"
RECORDS_PER_CALL = 1_000
"""Bounds how long one call keeps the event loop: about 0.1 s of work."""
RECORDS_AT_ONCE = 128
"""How many are decoded before the first of them is redacted: what they become stays in the cache of
a processor until it is given up. With a thousand each takes 6 % longer; with fewer none is faster,
since a step finds its own code in the cache only where it runs many times in a row."""


@dataclass
class Outputs:
    """What a batch of input records became."""

    clean: list[Record] = field(default_factory=list)
    dead_letters: list[tuple[tuple[int, int, int], Record]] = field(default_factory=list)
    """With partition, offset and index of what was refused."""
    found: Counter[str] = field(default_factory=Counter)
    """How many values of each entity type the clean events had."""

    def dead_letters_in_order(self) -> list[Record]:
        """Return the dead letters by their place in the input.

        The sink's fence takes what comes after a later place for a repetition.
        """
        return [record for _, record in sorted(self.dead_letters, key=itemgetter(0))]


class RedactorStage:
    """Decodes, redacts and verifies runs; sends what came of them and waits for the acks."""

    def __init__(
        self,
        redactor: EventRedactor,
        producer: BatchProducer,
        limits: LimitSettings,
        metrics: Metrics,
        clock: Clock,
        *,
        sources: RedactionSources,
        audit: AuditService,
    ) -> None:
        self._redactor = redactor
        self._producer = producer
        self._limits = limits
        self._metrics = metrics
        self._clock = clock
        self._sources = sources
        self._audit = audit

    async def handle(self, runs: list[Run]) -> None:
        """Handle whole runs; return when clean events and dead letters are acknowledged."""
        self._sources.refresh(self._redactor, time.monotonic())
        records = [record for run in runs for record in run.records]
        outputs = self.process(records)
        # dead letters first: were the worker to die between the two, they come again, and the sink
        # skips what comes again
        await self._producer.send(EVENTS_DLQ.name, outputs.dead_letters_in_order())
        await self._producer.send(EVENTS_CLEAN.name, outputs.clean)
        self._metrics.records_in.labels(EVENTS_RAW.name).inc(len(records))
        self._metrics.records_out.labels(EVENTS_CLEAN.name).inc(len(outputs.clean))
        self._metrics.records_out.labels(EVENTS_DLQ.name).inc(len(outputs.dead_letters))

    def process(self, records: Sequence[Any]) -> Outputs:
        """Turn consumer records into output records; pure but for metrics and the clock."""
        outputs = Outputs()
        now = self._clock.now()
        for first in range(0, len(records), RECORDS_AT_ONCE):
            self._process(records[first : first + RECORDS_AT_ONCE], now, outputs)
        # once a call: a labelled counter costs more than a microsecond each time it is asked for
        for entity_type, found in outputs.found.items():
            self._metrics.redacted.labels(entity_type).inc(found)
        return outputs

    def _process(self, records: Sequence[Any], now: float, outputs: Outputs) -> None:
        batch = DecodedBatch(self._limits, now)
        # the loops over a batch are left to the interpreter, each step is compiled
        for record in records:
            batch.add(record)
        for origin, refusal in batch.refused:
            self._refuse(outputs, origin, dead_letter(origin, refusal, ts=now))
        self._audit.offer(item.event for item in batch.events)
        results = self._redactor.redact_batch(
            [item.event for item in batch.events], [item.source() for item in batch.events]
        )
        clean = outputs.clean
        for item, result in zip(batch.events, results, strict=True):
            if isinstance(result, Failed):
                letter = self._letter(
                    item, now, kind="event", reason="redaction_failed", detail=result.reason
                )
                self._refuse(outputs, item.origin, letter)
                continue
            clean.append(Record(result.key.encode(), result.payload))
            if result.quarantined:
                self._held_back(outputs, item, result, now)
        outputs.found.update(found_in(results))

    def _held_back(
        self, outputs: Outputs, item: DecodedEvent, result: RedactedEvent, now: float
    ) -> None:
        self._metrics.quarantined.inc(len(result.quarantined))
        detail = "; ".join(
            f"{leaf.path_hint}: {leaf.entity_type or leaf.reason}" for leaf in result.quarantined
        )
        letter = self._letter(item, now, kind="leaf", reason="quarantined", detail=detail)
        self._refuse(outputs, item.origin, letter)

    def _letter(
        self,
        item: DecodedEvent,
        now: float,
        *,
        kind: Literal["event", "leaf"],
        reason: str,
        detail: str,
    ) -> dict[str, Any]:
        return failed_event(
            item.origin,
            index=item.index,
            stage=STAGE,
            kind=kind,
            reason=reason,
            detail=detail,
            size_bytes=item.size,
            ts=now,
            event_type=item.event["event_type"],
            event_id=item.event["event_id"],
        )

    def _refuse(self, outputs: Outputs, origin: Origin, letter: dict[str, Any]) -> None:
        key = f"{origin.topic}:{origin.partition}".encode()
        record = Record(key, orjson.dumps(letter))
        place = (origin.partition, origin.offset, letter["source"]["index"])
        outputs.dead_letters.append((place, record))
        self._metrics.dead_letters.labels(letter["reason"]).inc()


def event_redactor(settings: RedactionSettings) -> EventRedactor:
    """Return the redactor that the settings describe; `ConfigError` if policy or key is wrong."""
    return EventRedactor(
        load_policies(settings),
        load_keyring(settings),
        trusted=[".".join(name for name in path if name != "*") for path in trusted_paths()],
        tier=settings.tier,
        detectors=detector_factory(settings.tier, settings.model),
    )


def build(
    app: faust.App, settings: Settings, metrics: Metrics
) -> list[BatchProducer | AuditService]:
    """Register the redactor's agent on `app`; return what has to be started before it runs."""
    producer = BatchProducer(settings.kafka)
    audit = AuditService(settings.redaction, metrics)
    sources = RedactionSources(
        settings.redaction, lambda result: metrics.reloads.labels(result).inc()
    )
    stage = RedactorStage(
        event_redactor(settings.redaction),
        producer,
        settings.limits,
        metrics,
        SystemClock(),
        sources=sources,
        audit=audit,
    )
    deliver(app, EVENTS_RAW.name, stage.handle, name=STAGE, max_records=RECORDS_PER_CALL)
    return [producer, audit]

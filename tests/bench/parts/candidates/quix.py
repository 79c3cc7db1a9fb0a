"""The same job on Quix Streams: its consumer, its windows, its producer, a sink of its own.

Variants: `redacted` has Sluice's redaction code in it, `plain` decodes as Sluice does and no more.
With `-lean` there are windows for the message key alone; without it for each tool, model, agent and
workflow, of which Sluice has more: Quix reads those through a topic that is keyed by them.

What is held in its favour: one process instead of four, whose windows hold counts, sums and means
but no digests; no task totals, no detection, no fences, no dead letters. Events are stored in the
same columns as Sluice's, by one insert for each checkpoint.
"""

from __future__ import annotations

import tempfile
import time
from datetime import datetime
from typing import Any

import orjson
from quixstreams import Application, message_context
from quixstreams.dataframe.windows import Count, Max, Mean, Sum
from quixstreams.sinks.base import BaseSink

from agents import garbage
from agents.redactor import event_redactor
from pipeline.adapters.clickhouse import Client, connect
from pipeline.config import Settings
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.redaction.one_event import RedactedEvent
from pipeline.storage.tables import EVENTS
from pipeline.topics import EVENTS_RAW
from tests.bench.parts.candidates.meter import Meter
from tests.bench.parts.unredacted.pass_through import PassThrough

CHECKPOINT_SECONDS = 1.0
"""As often as Sluice's workers commit."""
WINDOW_SECONDS, GRACE_SECONDS = 10, 15
DIMENSIONS = ("tool_name", "model_version", "agent_name", "workflow")


def main(settings: Settings, meter: Meter, variant: str) -> None:
    """Build the application of `variant` and run it until the meter has enough."""
    garbage.settle()
    app = Application(
        broker_address=settings.kafka.bootstrap_servers,
        consumer_group=f"bench-quix-{variant}",
        auto_offset_reset="earliest",
        commit_interval=CHECKPOINT_SECONDS,
        state_dir=tempfile.mkdtemp(prefix="sluice-bench-quix-"),
        producer_extra_config={
            "compression.type": settings.kafka.compression,
            "enable.idempotence": True,
        },
        loglevel="WARNING",
    )
    clean = app.topic(f"bench-quix-{variant}-clean", value_serializer="bytes")
    progress = _Progress(meter)
    redacting = variant.startswith("redacted")
    redactor = event_redactor(settings.redaction) if redacting else PassThrough()

    def redact(value: bytes) -> list[bytes]:
        """Decode and redact as the redactor does, one message at a time, as Quix has it."""
        place = message_context()
        origin = Origin(place.topic, place.partition, place.offset)
        events, sources = [], []
        for item in decode_message(value, origin=origin, limits=settings.limits, now=time.time()):
            assert isinstance(item, DecodedEvent), "the fleet publishes no bad events"
            events.append(item.event)
            sources.append(item.source())
        redacted = redactor.redact_batch(events, sources)
        return [each.payload for each in redacted if isinstance(each, RedactedEvent)]

    source = app.topic(EVENTS_RAW.name, key_deserializer="str", value_deserializer="bytes")

    events = app.dataframe(source).apply(progress.taken).apply(redact, expand=True)
    events = events.to_topic(clean)
    parsed = events.apply(orjson.loads).set_timestamp(_time_of)
    if variant.endswith("-lean"):
        facts = parsed.apply(_facts)
    else:
        facts = parsed.apply(progress.split, expand=True).group_by("of").apply(progress.grouped)
    windows = (
        facts.tumbling_window(WINDOW_SECONDS * 1000, GRACE_SECONDS * 1000)
        .agg(
            events=Count(),
            tokens=Sum("tokens"),
            failures=Sum("failed"),
            latency=Mean("latency"),
            slowest=Max("latency"),
        )
        .final()
    )
    windows.to_topic(app.topic(f"bench-quix-{variant}-windows"))
    parsed.sink(_Sink(connect(settings.clickhouse), variant, progress))
    app.run()


class _Progress:
    """Tells the meter what is finished: rows that are stored, and whose windows are counted."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._split = self._grouped = 0

    def taken(self, value: bytes) -> bytes:
        self._meter.take()
        return value

    def split(self, event: dict[str, Any]) -> list[dict[str, Any]]:
        facts = _facts(event)
        found = [{"of": f"{name}={event[name]}", **facts} for name in DIMENSIONS if event.get(name)]
        self._split += len(found)
        return found

    def grouped(self, fact: dict[str, Any]) -> dict[str, Any]:
        self._grouped += 1
        return fact

    def stored(self, rows: int) -> None:
        # the last event counts when the windows of all events before it are counted
        all_counted = self._split == self._grouped and rows >= self._meter.left - 1
        self._meter.finish(self._meter.left if all_counted else min(rows, self._meter.left - 1))


class _Sink(BaseSink):
    """Collects rows and inserts them as columns when Quix makes a checkpoint."""

    def __init__(self, client: Client, variant: str, progress: _Progress) -> None:
        super().__init__()
        self._client = client
        self._table = f"bench_quix_{variant.replace('-', '_')}"
        self._progress = progress
        self._rows: list[dict[str, Any]] = []
        self._inserts = 0
        columns = ", ".join(f"{column.name} {column.type}" for column in EVENTS.columns)
        client.command(f"CREATE TABLE {self._table} ({columns}) ENGINE = MergeTree ORDER BY ts")

    def add(
        self,
        value: Any,
        key: Any,
        timestamp: int,
        headers: Any,
        topic: str,
        partition: int,
        offset: int,
    ) -> None:
        place = {"cluster": "", "lease_until": 0, "topic": topic}
        value["at"] = {**place, "partition": partition, "offset": offset}
        self._rows.append(value)

    def flush(self) -> None:
        rows, self._rows = self._rows, []
        if rows:
            self._inserts += 1
            token = f"{self._table}-{self._inserts}"
            self._client.insert(
                self._table, EVENTS.names, EVENTS.types, EVENTS.to_columns(rows), token=token
            )
        self._progress.stored(len(rows))


def _time_of(event: dict[str, Any], *_: Any) -> int:
    return int(datetime.fromisoformat(event["ts"]).timestamp() * 1000)


def _facts(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "tokens": (event.get("tokens_in") or 0) + (event.get("tokens_out") or 0),
        "failed": int(event.get("status") == "error"),
        "latency": event.get("latency_ms") or 0.0,
    }

"""What one batch becomes: clean events and dead letters leave in the order of the input."""

from __future__ import annotations

from types import SimpleNamespace

import orjson

from agents.redaction_sources import RedactionSources
from agents.redactor import Outputs, RedactorStage, event_redactor
from agents.shadow_audit import AuditService
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.clock import SystemClock
from pipeline.config import Settings
from pipeline.metrics import Metrics


def test_dead_letters_leave_in_the_order_of_the_input() -> None:
    """The sink's fence drops a letter that follows one of a later place: it was lost."""
    places = [(0, 20, 0), (0, 10, 1), (0, 10, 0), (0, 9, 3)]
    outputs = Outputs(dead_letters=[(place, Record(b"k", orjson.dumps(place))) for place in places])
    sent = [tuple(orjson.loads(record.value or b"")) for record in outputs.dead_letters_in_order()]
    assert sent == sorted(places)


def test_each_record_becomes_an_event_or_a_dead_letter() -> None:
    records = [
        SimpleNamespace(topic="t", partition=0, offset=offset, value=message(offset))
        for offset in range(5)
    ]
    records[1].value = records[3].value = b"no event"
    outputs = stage().process(records)
    clean = [orjson.loads(record.value or b"") for record in outputs.clean]
    assert [event["source"]["offset"] for event in clean] == [0, 2, 4]
    assert {record.key for record in outputs.clean} == {b"s-1"}
    letters = [orjson.loads(record.value or b"") for record in outputs.dead_letters_in_order()]
    assert [letter["source"]["offset"] for letter in letters] == [1, 3]
    assert outputs.found == {"EMAIL_ADDRESS": 3}


def message(offset: int) -> bytes:
    """Return an event with an address in it."""
    return orjson.dumps(
        {
            "schema_version": 1,
            "event_type": "agent_step",
            "event_id": f"ev-{offset}",
            "trace_id": "t-1",
            "session_id": "s-1",
            "span_id": "b",
            "parent_span_id": None,
            "ts": "2026-01-31T12:00:00Z",
            "agent_name": "refund-agent",
            "release_version": "1",
            "attributes": {"note": "mail ann.lee@example.com"},
        }
    )


def stage() -> RedactorStage:
    settings = Settings()
    metrics = Metrics()
    return RedactorStage(
        event_redactor(settings.redaction),
        BatchProducer(settings.kafka),
        settings.limits,
        metrics,
        SystemClock(),
        sources=RedactionSources(settings.redaction, lambda _: None),
        audit=AuditService(settings.redaction, metrics),
    )

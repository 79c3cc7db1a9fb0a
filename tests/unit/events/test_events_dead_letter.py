"""The dead letter record."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest

from pipeline.events.contract import SCHEMA_DIR
from pipeline.events.dead_letter import dead_letter, dead_letter_id, failed_event
from pipeline.events.decode import Origin
from pipeline.events.rejection import Reason, Rejected

ORIGIN = Origin("agent.events.raw", 3, 41)


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft202012Validator:
    body = json.loads((SCHEMA_DIR / "topics" / "dead_letter.v1.json").read_bytes())
    return jsonschema_rs.Draft202012Validator(body, validate_formats=True)


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refused_input_becomes_a_valid_record(
    reason: Reason, schema: jsonschema_rs.Draft202012Validator
) -> None:
    rejected = Rejected(reason, "tokens_in", 2, 512, "llm_call", "ev-1")

    record = dead_letter(ORIGIN, rejected, ts=1_769_860_800.25)

    assert schema.is_valid(record)
    assert record == {
        "schema_version": 1,
        "dead_letter_id": "agent.events.raw:3:41:2",
        "kind": "event",
        "source": {"topic": "agent.events.raw", "partition": 3, "offset": 41, "index": 2},
        "stage": "decode",
        "reason": reason.value,
        "detail": "tokens_in",
        "size_bytes": 512,
        "ts": "2026-01-31T12:00:00.250000Z",
        "event_type": "llm_call",
        "event_id": "ev-1",
    }


def test_hints_that_are_not_known_are_left_out(schema: jsonschema_rs.Draft202012Validator) -> None:
    record = dead_letter(ORIGIN, Rejected(Reason.NOT_JSON, "", 0, 5), ts=0)

    assert schema.is_valid(record)
    assert not {"event_type", "event_id", "payload"} & record.keys()


def test_a_held_back_value_with_its_redacted_event(
    schema: jsonschema_rs.Draft202012Validator,
) -> None:
    record = failed_event(
        ORIGIN,
        index=0,
        stage="redact",
        reason="quarantined_leaf",
        detail="IBAN_CODE at result.iban",
        size_bytes=5,
        ts=0,
        redacted_payload={"result": "<UNVERIFIED>"},
        kind="leaf",
    )

    assert schema.is_valid(record)
    assert (record["kind"], record["payload"]) == ("leaf", {"result": "<UNVERIFIED>"})


def test_the_id_names_the_place() -> None:
    assert dead_letter_id(ORIGIN, 0) == "agent.events.raw:3:41"
    assert dead_letter_id(ORIGIN, 7) == "agent.events.raw:3:41:7"

"""What the redactor puts on the clean topic is what the topic's schema says."""

from __future__ import annotations

import jsonschema_rs
import orjson
import pytest

from agents.redactor import event_redactor
from pipeline.config import LimitSettings, RedactionSettings
from pipeline.events.contract import (
    SCHEMA_DIR,
    clean_event_schema,
    event_schemas,
    trusted_fields,
)
from pipeline.events.decode import DecodedEvent, Origin, decode_message

EXAMPLES = sorted((SCHEMA_DIR / "events" / "examples").glob("*.json"))
ORIGIN = Origin("agent.events.raw", 3, 41)


@pytest.fixture(scope="module")
def schema() -> jsonschema_rs.Draft202012Validator:
    base = "https://sluice.example/schemas/events/"
    resources = [(base + name, body) for name, body in event_schemas().items()]
    return jsonschema_rs.Draft202012Validator(
        clean_event_schema(), registry=jsonschema_rs.Registry(resources), validate_formats=True
    )


def test_redacted_examples_fit_the_schema_and_keep_their_trusted_fields(
    schema: jsonschema_rs.Draft202012Validator,
) -> None:
    decoded = []
    for path in EXAMPLES:
        [item] = decode_message(
            path.read_bytes(), origin=ORIGIN, limits=LimitSettings(), now=1_769_900_000.0
        )
        assert isinstance(item, DecodedEvent)
        decoded.append(item.event | {"source": item.source()})
    before = [orjson.loads(orjson.dumps(event)) for event in decoded]
    redactor = event_redactor(
        RedactionSettings.model_validate({"key": "a key for tests, no secret"})
    )

    after = [orjson.loads(result.payload) for result in redactor.redact_batch(decoded)]

    assert len(after) == len(EXAMPLES)
    for was, now in zip(before, after, strict=True):
        assert [str(error.message) for error in schema.iter_errors(now)] == []
        assert all(
            now[name] == was[name]
            for name in trusted_fields() & was.keys()
            if " " not in str(was[name]) and "@" not in str(was[name])
        )


PERSONAL = ("jo@mail.example", "Jo Lindqvist", "12 Heron Hollow Road", "+1 (415) 234-5678")
THINGS = ("Refund Agent", "execute with limits", "HTTP 500", "gpt 4o mini")


def test_a_name_of_a_thing_may_have_blanks_but_is_read_like_text() -> None:
    example = orjson.loads(
        (SCHEMA_DIR / "events" / "examples" / "tool_call.read.json").read_bytes()
    )
    fields = ("agent_name", "workflow", "tool_name", "session_id", "error_type", "task_id")
    redactor = event_redactor(
        RedactionSettings.model_validate({"key": "a key for tests, no secret"})
    )
    for name in fields:
        for value in PERSONAL + THINGS:
            [item] = decode_message(
                orjson.dumps(example | {name: value}),
                origin=ORIGIN,
                limits=LimitSettings(),
                now=1_769_900_000.0,
            )
            assert isinstance(item, DecodedEvent), (name, value)
            [result] = redactor.redact_batch([item.event])
            kept = orjson.loads(result.payload)[name] == value  # type: ignore[union-attr]
            assert kept == (value in THINGS), (name, value)

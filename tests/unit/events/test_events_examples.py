"""The examples beside the schemas are what they say they are."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import orjson
import pytest

from pipeline.config import LimitSettings
from pipeline.events.contract import SCHEMA_DIR, event_schemas, event_types
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.events.rejection import Rejected

EXAMPLES = SCHEMA_DIR / "events" / "examples"
VALID = sorted(EXAMPLES.glob("*.json"))
INVALID = sorted((EXAMPLES / "invalid").glob("*.json"))
NOW = 1_769_900_000.0  # 2026-01-31


def decode(value: bytes) -> list[DecodedEvent | Rejected]:
    return decode_message(
        value, origin=Origin("agent.events.raw", 0, 0), limits=LimitSettings(), now=NOW
    )


def name(path: Path) -> str:
    return path.stem


@pytest.fixture(scope="module")
def any_event() -> jsonschema_rs.Draft202012Validator:
    base = "https://sluice.example/schemas/events/"
    registry = jsonschema_rs.Registry(
        [(base + file, body) for file, body in event_schemas().items()]
    )
    return jsonschema_rs.Draft202012Validator(
        {"$ref": base + "event.v1.json"}, registry=registry, validate_formats=True
    )


def test_every_type_has_examples() -> None:
    assert {path.name.partition(".")[0] for path in VALID} == set(event_types())


@pytest.mark.parametrize("path", VALID, ids=name)
def test_a_valid_example_decodes_and_fits_the_schema_before_and_after(
    path: Path, any_event: jsonschema_rs.Draft202012Validator
) -> None:
    event = json.loads(path.read_bytes())
    assert any_event.is_valid(event)

    [decoded] = decode(path.read_bytes())

    assert isinstance(decoded, DecodedEvent)
    assert any_event.is_valid(decoded.event)


@pytest.mark.parametrize("path", VALID, ids=name)
def test_decoding_what_was_decoded_changes_nothing(path: Path) -> None:
    [first] = decode(path.read_bytes())
    assert isinstance(first, DecodedEvent)
    stored = copy.deepcopy(first.event)

    [second] = decode(orjson.dumps(stored))

    assert isinstance(second, DecodedEvent)
    assert second.event == stored


@pytest.mark.parametrize("path", INVALID, ids=name)
def test_an_invalid_example_is_one_rejection_with_its_reason(path: Path) -> None:
    example: dict[str, Any] = json.loads(path.read_bytes())

    results = decode(orjson.dumps(example["event"]))

    assert [getattr(result, "reason", None) for result in results] == [example["reason"]]

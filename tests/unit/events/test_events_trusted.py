"""What redaction passes unread has a form in which personal data finds no room."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.events.contract import (
    clean_event_schema,
    event_contracts,
    event_schemas,
    event_types,
    fields_of,
    trusted_fields,
    trusted_paths,
)
from tests.envelope import ENVELOPE

NEVER_TRUSTED = {
    "user_id",
    "error_message",
    "outcome_reason",
    "attributes",
    "messages",
    "arguments",
    "result",
    "query",
    "documents",
    "input",
    "output",
    "reason",
    "explanation",
}


def test_free_text_is_never_trusted() -> None:
    assert not NEVER_TRUSTED & trusted_fields()


def test_documents_are_trusted_by_field() -> None:
    paths = {path for path in trusted_paths() if path[0] == "documents"}
    names = ("id", "score", "version", "retrieved_at", "source_updated_at")
    assert paths == {("documents", "*", name) for name in names}


def test_where_an_event_came_from_is_trusted() -> None:
    own = clean_event_schema()["properties"]["source"]["properties"]
    assert {path[1] for path in trusted_paths() if path[0] == "source"} == set(own)


def test_a_field_is_trusted_in_all_event_types_or_in_none() -> None:
    for event_type in event_types():
        trusted = {
            name for name, field in fields_of(event_type).items() if field.get("x-sluice-trusted")
        }
        assert trusted == trusted_fields() & fields_of(event_type).keys()


@pytest.mark.parametrize("event_type", event_types())
def test_a_trusted_field_holds_one_plain_value(event_type: str) -> None:
    """Its text is read by the redactor unless it is one plain word; see the contract tests."""
    contract = event_contracts()[event_type]
    event = {name: ENVELOPE[name] for name in contract.known & ENVELOPE.keys()}
    event["event_type"] = event_type
    assert contract.validator.is_valid(event)

    for name in trusted_fields() & contract.known:
        assert not contract.validator.is_valid({**event, name: ["x"]}), name
        assert not contract.validator.is_valid({**event, name: {"x": 1}}), name
        assert not contract.validator.is_valid({**event, name: "x" * 1_000}), name


def test_patterns_are_anchored() -> None:
    def patterns(schema: Any) -> list[str]:
        if isinstance(schema, list):
            return [found for each in schema for found in patterns(each)]
        if not isinstance(schema, dict):
            return []
        own = [schema["pattern"]] if isinstance(schema.get("pattern"), str) else []
        return own + [found for each in schema.values() for found in patterns(each)]

    found = patterns(list(event_schemas().values()))
    assert found
    assert all(each.startswith("^") and each.endswith("$") for each in found)

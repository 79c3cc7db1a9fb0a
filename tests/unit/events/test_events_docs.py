"""docs/events.md says what the schemas say."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.events.contract import SCHEMA_DIR, event_schemas, event_types
from pipeline.events.rejection import Reason

PAGE = (SCHEMA_DIR.parent / "docs" / "events.md").read_text()
DEFINITIONS = event_schemas()["envelope.v1.json"]["$defs"]


def field_table(schema: dict[str, Any]) -> str:
    """The table of a schema's fields: name, type, whether required and trusted, what it is."""
    rows = ["| field | type | required | trusted | what it is |", "|---|---|---|---|---|"]
    for name, field in schema["properties"].items():
        if "description" not in field:
            continue
        body = DEFINITIONS[field["$ref"].rpartition("/")[2]] if "$ref" in field else field
        required = "yes" if name in schema.get("required", ()) else ""
        trusted = "yes" if body.get("x-sluice-trusted") else ""
        rows.append(
            f"| `{name}` | {_type(body)} | {required} | {trusted} | {field['description']} |"
        )
    return "\n".join(rows)


def _type(schema: dict[str, Any]) -> str:
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
    if schema.get("format") == "date-time":
        return "time"
    types = schema.get("type", "any")
    types = [types] if isinstance(types, str) else types
    return " or ".join(each for each in types if each != "null")


@pytest.mark.parametrize("name", ["envelope", *event_types()])
def test_the_page_has_the_fields_of(name: str) -> None:
    assert field_table(event_schemas()[f"{name}.v1.json"]) in PAGE


def test_the_page_has_all_reasons() -> None:
    listed = [line.split("`")[1] for line in PAGE.splitlines() if line.startswith("| `")]
    reasons = [reason.value for reason in Reason]
    assert [code for code in listed if code in reasons] == reasons

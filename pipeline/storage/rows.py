"""Reads records of the topics that the sink stores, and tells which of them may become rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.storage.coordinates import Source


@dataclass(frozen=True, slots=True)
class Refusal:
    """A record that cannot become a row; `reason` is a code, `detail` holds no content."""

    reason: str
    detail: str


def read_event(value: bytes | None) -> dict[str, Any] | Refusal:
    """Parse a record of the clean topic; refuse one that no redactor of ours has verified."""
    record = _read(value)
    if isinstance(record, Refusal):
        return record
    redaction = record.get("redaction")
    if not isinstance(redaction, dict) or redaction.get("verified") is not True:
        return Refusal("not_verified", "the record was not verified by a redactor")
    if not isinstance(record.get("event_id"), str):
        return Refusal("no_event_id", "the record lacks its event id")
    return record


def read_dead_letter(value: bytes | None) -> dict[str, Any] | Refusal:
    """Parse a dead letter."""
    return _read(value)


def source_of(record: dict[str, Any]) -> Source:
    """Return the coordinates that `record` carries."""
    source = record["source"]
    return Source(source["topic"], source["partition"], source["offset"], source["index"])


def _read(value: bytes | None) -> dict[str, Any] | Refusal:
    record = parse(value)
    if isinstance(record, Refusal):
        return record
    source = record.get("source")
    # whoever may write to our topics could forge one; it must not break the reader's arithmetic
    if not (
        isinstance(source, dict)
        and type(source.get("topic")) is str
        and type(source.get("partition")) is int
        and type(source.get("offset")) is int
        and type(source.get("index")) is int
    ):
        return Refusal("no_source", "the record lacks its coordinates")
    return record


def parse(value: bytes | None) -> dict[str, Any] | Refusal:
    """Read any JSON object."""
    try:
        record = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return Refusal("not_json", "the record is not JSON")
    if not isinstance(record, dict):
        return Refusal("not_an_object", "the record is not a JSON object")
    return record

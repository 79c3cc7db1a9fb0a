"""The one stored form of an event."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pipeline.config import LimitSettings
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.events.normalize import utc_text

ENVELOPE = {
    "schema_version": 1,
    "event_id": "ev-1",
    "trace_id": "t-1",
    "session_id": "s-1",
    "span_id": "b",
    "parent_span_id": None,
    "ts": "2026-01-31T12:00:00Z",
    "agent_name": "refund-agent",
    "release_version": "1",
}


def stored(**fields: Any) -> dict[str, Any]:
    value = orjson.dumps({**ENVELOPE, "event_type": "agent_step", **fields})
    origin = Origin("agent.events.raw", 0, 0)
    [result] = decode_message(value, origin=origin, limits=LimitSettings(), now=1_769_900_000.0)
    assert isinstance(result, DecodedEvent)
    return result.event


@pytest.mark.parametrize(
    ("ts", "expected"),
    [
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31T12:00:00.5Z", "2026-01-31T12:00:00.500000Z"),
        ("2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00.123456Z"),
        ("2026-01-31T12:00:00.123456789Z", "2026-01-31T12:00:00.123456Z"),
        ("2026-01-31t12:00:00.25z", "2026-01-31T12:00:00.250000Z"),
        ("2026-01-31T12:00:00+00:00", "2026-01-31T12:00:00.000000Z"),
        ("2026-01-31T12:00:00.123+00:00", "2026-01-31T12:00:00.123000Z"),
        ("2026-01-31T12:00:00.123456+00:00", "2026-01-31T12:00:00.123456Z"),
        ("2026-01-31T12:00:00.123456789+00:00", "2026-01-31T12:00:00.123456Z"),
        ("2026-01-31t12:00:00.5+00:00", "2026-01-31T12:00:00.500000Z"),
        ("2026-01-31T12:00:00.5-00:00", "2026-01-31T12:00:00.500000Z"),
        ("2026-01-31T00:30:00.1+01:00", "2026-01-30T23:30:00.100000Z"),
        ("2026-01-31T00:30:00-09:30", "2026-01-31T10:00:00.000000Z"),
        (1_769_860_800_123, "2026-01-31T12:00:00.123000Z"),
        (1_769_860_800_123.0, "2026-01-31T12:00:00.123000Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_times_become_utc_text_with_six_decimals(ts: str | float, expected: str) -> None:
    assert utc_text(ts) == expected


@pytest.mark.parametrize(
    "ts", ["2026-02-30T00:00:00Z", "2026-01-31T24:00:00Z", "2026-02-30T00:00:00+00:00"]
)
def test_a_time_that_does_not_exist_is_refused(ts: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        utc_text(ts)


def test_unknown_fields_are_kept_in_attributes() -> None:
    event = stored(team="blue", attributes={"region": "eu"})

    assert event["attributes"] == {"region": "eu", "team": "blue"}
    assert "team" not in event


def test_a_field_of_another_event_type_is_unknown() -> None:
    assert stored(tokens_in=5)["attributes"] == {"tokens_in": 5}


def test_an_unknown_field_never_replaces_an_attribute() -> None:
    event = stored(team="blue", attributes={"team": "red", "event.team": "green"})

    assert event["attributes"] == {"team": "red", "event.team": "green", "event.event.team": "blue"}


def test_nulls_go_but_the_root_keeps_its_null_parent() -> None:
    event = stored(task_id=None, step_name=None, attributes=None)

    assert event["parent_span_id"] is None
    assert not {"task_id", "step_name", "attributes"} & event.keys()


def test_integers_written_with_a_point_become_integers() -> None:
    event = stored(schema_version=1.0, step_index=3.0)

    assert (type(event["schema_version"]), event["step_index"], type(event["step_index"])) == (
        int,
        3,
        int,
    )


def test_times_inside_documents_are_normalised_and_their_other_fields_kept() -> None:
    document = {"id": "kb/1", "retrieved_at": 1_769_860_800_000, "version": None, "shelf": {"a": 1}}

    event = stored(event_type="retrieval", documents=[document])

    assert event["documents"] == [
        {"id": "kb/1", "retrieved_at": "2026-01-31T12:00:00.000000Z", "shelf": {"a": 1}}
    ]

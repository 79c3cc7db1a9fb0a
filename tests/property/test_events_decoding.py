"""What holds for any input: nothing raises, nothing is lost, nothing of the content is told."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import orjson
from hypothesis import given
from hypothesis import strategies as st

from pipeline.config import LimitSettings
from pipeline.events.contract import event_contracts, event_schemas, event_types, trusted_fields
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.events.rejection import Reason, Rejected
from tests.envelope import ENVELOPE

NOW = 1_769_900_000.0
ORIGIN = Origin("agent.events.raw", 3, 41)
LIMITS = LimitSettings()


BASE = "https://sluice.example/schemas/events/"
PUBLISHED = jsonschema_rs.Draft202012Validator(
    {"$ref": BASE + "event.v1.json"},
    registry=jsonschema_rs.Registry(
        [(BASE + file, body) for file, body in event_schemas().items()]
    ),
    validate_formats=True,
)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | floats | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=12,
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Events that are nearly right: known and unknown fields, values of any type."""
    event_type = draw(st.sampled_from(event_types()))
    known = event_contracts()[event_type].known
    event = {name: value for name, value in ENVELOPE.items() if name in known}
    names = st.sampled_from(sorted(known)) | texts
    return event | {"event_type": event_type} | draw(st.dictionaries(names, values, max_size=4))


def decode(value: bytes) -> list[DecodedEvent | Rejected]:
    return decode_message(value, origin=ORIGIN, limits=LIMITS, now=NOW)


@given(
    st.binary(max_size=200)
    | st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
)
def test_any_bytes_give_a_result(value: bytes) -> None:
    assert decode(value)


@given(
    st.lists(st.sampled_from([b"[", b"]", b"{", b"}", b'"', b",", b":", b"1", b"\\", b"\n", b"a"]))
)
def test_any_mixture_of_marks_gives_a_result(marks: list[bytes]) -> None:
    assert decode(b"".join(marks))


@given(events())
def test_a_decoded_event_fits_the_schema_and_loses_no_value(event: dict[str, Any]) -> None:
    [result] = decode(orjson.dumps(event))

    if isinstance(result, Rejected):
        return
    contract = event_contracts()[event["event_type"]]
    assert result.event.keys() <= contract.known
    if result.event["event_type"] == "llm_call":
        assert result.event["cost_source"] in ("reported", "computed", "unknown")
    moved = {name: value for name, value in event.items() if name not in contract.known}
    kept = result.event.get("attributes", {})
    for name, value in moved.items():
        assert any(
            other.endswith(name) and orjson.dumps(found) == orjson.dumps(value)
            for other, found in kept.items()
        )


@given(events())
def test_validation_agrees_with_the_published_schema(event: dict[str, Any]) -> None:
    contract = event_contracts().get(str(event["event_type"]))
    assert bool(contract and contract.validator.is_valid(event)) == PUBLISHED.is_valid(event)


@given(events())
def test_decoding_is_stable(event: dict[str, Any]) -> None:
    [first] = decode(orjson.dumps(event))

    if isinstance(first, DecodedEvent):
        [second] = decode(orjson.dumps(first.event))
        assert isinstance(second, DecodedEvent)
        assert second.event == first.event


@given(st.lists(events(), min_size=1, max_size=4))
def test_array_lines_and_single_messages_give_the_same(several: list[dict[str, Any]]) -> None:
    single = [_summary(decode(orjson.dumps(event))[0]) for event in several]
    array = [_summary(result) for result in decode(orjson.dumps(several))]
    lines = [_summary(each) for each in decode(b"\n".join(map(orjson.dumps, several)))]

    assert array == single
    assert lines == single


def _summary(result: DecodedEvent | Rejected) -> Any:
    return result.event if isinstance(result, DecodedEvent) else (result.reason, result.detail)


@given(st.lists(events(), min_size=1, max_size=3), st.integers(0, 3), st.binary(max_size=20))
def test_a_line_of_anything_costs_its_neighbours_nothing(
    several: list[dict[str, Any]], place: int, foreign: bytes
) -> None:
    foreign = foreign.replace(b"\n", b" ")
    alone = [_summary(decode(orjson.dumps(event))[0]) for event in several]
    lines = [orjson.dumps(event) for event in several]
    lines.insert(place, foreign + b"?")
    if foreign.lstrip().startswith(b"[") and place == 0:
        return  # then the message begins as an array

    results = decode(b"\n".join(lines))

    assert len(results) == len(lines)
    del results[min(place, len(results) - 1)]
    assert [_summary(each) for each in results] == alone


@given(
    st.dictionaries(texts, values, min_size=1, max_size=3),
    st.sampled_from(["", " ", "\n", "\t "]),
    st.booleans(),
    st.data(),
)
def test_a_repeated_key_is_found_wherever_it_stands(
    members: dict[str, Any], blank: str, escaped: bool, data: st.DataObject
) -> None:
    repeated = data.draw(st.sampled_from(sorted(members)))
    written = [f"{json.dumps(name)}{blank}:{json.dumps(value)}" for name, value in members.items()]
    name = "".join(f"\\u{ord(mark):04x}" if ord(mark) < 0x10000 else mark for mark in repeated)
    again = f'"{name}"' if escaped else json.dumps(repeated)
    written.insert(data.draw(st.integers(0, len(written))), f"{again}:{json.dumps(':')}")
    inner = "{" + ",".join(written) + "}"
    event = json.dumps({**ENVELOPE, "event_type": "agent_step", "input": 0})

    [result] = decode(event.replace('"input": 0', f'"input": [{inner}]').encode())

    assert isinstance(result, Rejected)
    assert result.reason is Reason.DUPLICATE_KEY


@given(st.dictionaries(texts, values, max_size=3))
def test_without_a_repeated_key_nothing_is_suspected(members: dict[str, Any]) -> None:
    event = json.dumps({**ENVELOPE, "event_type": "agent_step", "input": members})

    [result] = decode(event.encode())

    assert not isinstance(result, Rejected) or result.reason is not Reason.DUPLICATE_KEY


SECRET = "zq7Xw"


@given(
    event_type=st.sampled_from(event_types()),
    field=st.sampled_from(sorted(trusted_fields())),
    shape=st.sampled_from(["jo@{}.example", "{} lives here", "{}\n"]),
    as_key=st.booleans(),
)
def test_a_rejection_tells_nothing_of_the_content(
    event_type: str, field: str, shape: str, as_key: bool
) -> None:
    content = shape.format(SECRET)
    event = {**ENVELOPE, "event_type": event_type, field: content}
    if as_key:
        event = {**ENVELOPE, "event_type": event_type, field: {content: content}, content: content}

    for result in decode(orjson.dumps(event)):
        if isinstance(result, Rejected):
            assert SECRET not in repr(result)

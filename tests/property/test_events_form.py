"""A form settles nothing that the validator would refuse, and as `normalize` would."""

from __future__ import annotations

import copy
import math
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.events.contract import event_contracts, event_types, fields_of
from pipeline.events.form import Form
from pipeline.events.forms import TEXT, form_of
from pipeline.events.normalize import normalize
from tests.envelope import ENVELOPE

REQUIRED = {name: value for name, value in ENVELOPE.items() if value is not None}

numbers = st.sampled_from(
    [0, 1, -1, 2, 10**12, 10**12 + 1, 2**53 - 1, 2**53, 2**63, 0.5, 12.0, -0.0]
)
texts = st.sampled_from(
    [
        *("", "a", "x" * 256, "x" * 257, "x" * 513, "é" * 256),
        *["ok", "error", "unknown", "USD", "usd", "USDX", "ÀÀÀ", "success", "read", "computed"],
    ]
)
times = st.one_of(
    st.builds(
        "{}-{}-{}{}{}:{}:{}{}{}".format,
        st.sampled_from(["2026", "2024", "1900", "2000", "0000", "9999", "202"]),
        st.sampled_from(["01", "02", "04", "12", "13", "00"]),
        st.sampled_from(["01", "28", "29", "30", "31", "32", "00"]),
        st.sampled_from("TTTTt "),
        st.sampled_from(["00", "23", "24"]),
        st.sampled_from(["00", "59", "60"]),
        st.sampled_from(["00", "59", "60", "5"]),
        st.sampled_from(
            ["", ".", ".1", ".123", ".123456", ".1234567", ".123456789", ".1234567890"]
        ),
        st.sampled_from(["Z", "+00:00", "z", "-00:00", "+02:00", "+00:0", "", "Zx"]),
    ),
    st.sampled_from(["", "2026-01-31", "2026-01-31T12:00:00\u0660", 1_769_860_800_000]),
)
scalars = st.none() | st.booleans() | numbers | texts | times
documents = st.builds(
    lambda rest, moments: {"id": "d"} | rest | moments,
    st.dictionaries(
        st.sampled_from(["id", "score", "version", "retrieved_at", "title", "content", "other"]),
        scalars,
        max_size=4,
    ),
    st.dictionaries(st.sampled_from(["retrieved_at", "source_updated_at"]), times, max_size=2),
)
values = st.one_of(
    scalars,
    scalars,
    st.lists(documents | st.just({}) | scalars, max_size=2),
    st.dictionaries(texts, scalars, max_size=2),
)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    """Events that are nearly right, with what a form has to tell apart."""
    event_type = draw(st.sampled_from(event_types()))
    known = event_contracts()[event_type].known
    event = {name: value for name, value in REQUIRED.items() if name in known}
    event["event_type"] = event_type
    event |= draw(st.dictionaries(st.sampled_from(sorted(known)), values, max_size=3))
    if draw(st.booleans()):
        event["ts"] = draw(times)
    if draw(st.integers(0, 9)) == 0:
        del event[draw(st.sampled_from(sorted(event)))]
    if draw(st.integers(0, 9)) == 0:
        event["unknown"] = draw(values)
    return event


@given(events())
@settings(max_examples=1_500, deadline=None)
def test_what_is_settled_is_valid_and_normal(event: dict[str, Any]) -> None:
    contract = event_contracts().get(str(event.get("event_type")))
    if contract is None:
        return
    settled = copy.deepcopy(event)
    if not contract.form.settle(settled):
        assert repr(settled) == repr(event)
        return
    assert contract.validator.is_valid(event)
    # the order of the members, too
    assert repr(settled) == repr(normalize(event, contract))


@given(times)
@settings(max_examples=1_500, deadline=None)
def test_times_are_stored_alike(ts: Any) -> None:
    test_what_is_settled_is_valid_and_normal.hypothesis.inner_test(  # type: ignore[attr-defined]
        {name: REQUIRED[name] for name in event_contracts()["agent_step"].known & REQUIRED.keys()}
        | {"event_type": "agent_step", "ts": ts}
    )


@given(times, st.lists(documents, max_size=3))
@settings(max_examples=1_500, deadline=None)
def test_times_of_documents_are_stored_alike(ts: Any, found: list[Any]) -> None:
    test_what_is_settled_is_valid_and_normal.hypothesis.inner_test(  # type: ignore[attr-defined]
        {name: REQUIRED[name] for name in event_contracts()["retrieval"].known & REQUIRED.keys()}
        | {"event_type": "retrieval", "documents": [{"id": "d", "retrieved_at": ts}, *found]}
    )


def test_times_of_documents_are_settled() -> None:
    contract = event_contracts()["retrieval"]
    event = {name: value for name, value in REQUIRED.items() if name in contract.known}
    document = {"id": "d", "retrieved_at": "2026-01-31T12:00:00Z", "score": 0.5}
    event |= {"event_type": "retrieval", "documents": [document, {"id": "e"}]}
    assert contract.form.settle(event)
    assert document["retrieved_at"] == "2026-01-31T12:00:00.000000Z"


@pytest.mark.parametrize("event_type", event_types())
def test_usual_events_are_settled(event_type: str) -> None:
    """Else nothing would be wrong, and nothing gained."""
    contract = event_contracts()[event_type]
    event = {name: value for name, value in REQUIRED.items() if name in contract.known}
    event |= {"event_type": event_type, "latency_ms": 1.5, "attributes": {"a": [1]}}
    event |= {"workflow": None, "parent_span_id": None, "ts": "2026-01-31T12:00:00.5+00:00"}
    assert contract.form.settle(event)
    assert event["ts"] == "2026-01-31T12:00:00.500000Z"
    assert "workflow" not in event
    assert event["parent_span_id"] is None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string", "not": {"const": "x"}},
        {"type": "string", "pattern": "^y$"},
        {"type": "string", "format": "email"},
        {"type": ["string", "null"], "enum": ["y"]},
        {"enum": ["y", 1]},
        {"const": "y"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": {"type": "object", "properties": {"a": {}}}},
        {"type": "object", "properties": {"a": {}}},
        {"type": "number", "minimum": 0.5},
        {"type": "number", "maximum": 2**60},
    ],
)
@pytest.mark.parametrize("value", ["x", 0.1, [1], [{}], {}, 1, math.pi])
def test_what_a_form_does_not_know_is_left_to_the_validator(
    schema: dict[str, Any], value: Any
) -> None:
    form = form_of({"field": schema}, (), lambda schema: schema)
    assert not form.settle({"field": value})


def test_forms_take_hold_of_nearly_all_fields() -> None:
    """Of an event's own fields; a schema may well ask for more than a form knows."""
    for event_type in event_types():
        for name, schema in fields_of(event_type).items():
            form = form_of({name: schema}, (), lambda schema: schema)
            usual = [1, 0.5, "x", "USD", "2026-01-31T12:00:00Z", {}, [], True]
            usual += schema.get("enum", [])[:1]
            assert any(form.settle({name: value}) for value in usual), (event_type, name)


def test_a_form_takes_no_nonsense() -> None:
    field = ("a", TEXT, False, 0, 1, 0, 0, 0)
    for fields in [(("a",),), ((*field, {"x"}, None),), ((*field, None, "x"),), (1,)]:
        with pytest.raises(TypeError):
            Form(fields)  # type: ignore[arg-type]
    assert not Form(()).settle([])
    assert Form(()).settle(orjson.loads(b"{}"))


def test_a_name_is_known_whichever_object_it_is() -> None:
    """Forms know a name by its address as well: it must not outlive the name."""
    form = form_of({"long": {"type": "string"}, "other": {"type": "integer"}}, [], lambda it: it)
    for _ in range(2_000):
        # made anew each time, and freed: the next one may get its address
        right, wrong = "".join(["lo", "ng"]), "".join(["oth", "er"])
        assert form.settle({right: "a text"})
        assert not form.settle({wrong: "a text"})
        assert not form.settle({"".join(["un", "known"]): "a text"})

"""Rows straight from JSON are those of the general way, or none."""

from __future__ import annotations

from math import inf, nextafter
from typing import Any

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.adapters.clickhouse.json_rows import JsonRows
from pipeline.adapters.clickhouse.native import Packed, pack
from pipeline.adapters.clickhouse.straight import rows_of
from pipeline.amounts import MOST_AMOUNT
from pipeline.storage.rows import Refusal, read_event
from pipeline.storage.sorting import place_of
from pipeline.storage.tables import EVENTS, LEASE_UNTIL
from pipeline.tasks.budgets import COST_SCALE

TABLE = EVENTS.without(LEASE_UNTIL)
NEW = rows_of(TABLE)
PLACE = ("cluster", "agent.events.clean", 3, 70_000)
EVENT: dict[str, Any] = {
    "event_id": "e1",
    "event_type": "tool_call",
    "schema_version": 1,
    "ts": "2026-11-01T10:00:00.250000Z",
    "agent_name": "Zürich",
    "parent_span_id": None,
    "latency_ms": 20.3,
    "tokens_in": 1276,
    "cost_usd": 0.00036465,
    "error_message": 'it said "no"\n\\\x01',
    "messages": [{"role": "user", "content": 'a "b" \\ \x1f é 漢 🙂'}, {}, [], [-1, 0.5, True]],
    "query": "x" * 300,
    "documents": "text is kept",
    "attempt": 2,
    "arguments": {"order": "A-1", "deep": {"n": [None, 1.5e-7]}},
    "step_index": 4,
    "channel": "é\n",
    "attributes": {},
    "redaction": {
        "version": "1",
        "policy": "default@1",
        "tier": "fast",
        "key_id": "k1",
        "verified": True,
        "counts": {"PERSON": 2, "EMAIL": 1},
        "quarantined": 0,
    },
    "source": {"topic": "agent.events.raw", "partition": 3, "offset": 9, "index": 0},
}
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.floats(-1, 1) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)
NAMES = sorted({*EVENT, *(column.field for column in TABLE.columns if not column.inside)})


class _Record:
    topic, partition, offset = PLACE[1:]


def general(values: list[bytes]) -> Packed:
    """Return a block as the general way makes it, which must take all `values`."""
    rows = []
    for value in values:
        row = read_event(value)
        assert not isinstance(row, Refusal)
        row["at"] = place_of(_Record, PLACE[0])
        rows.append(row)
    return pack(TABLE.names, TABLE.types, TABLE.to_columns(rows))


def straight(values: list[bytes]) -> Packed | None:
    """Return the same of the straight way; None if it does not take the last one."""
    rows = NEW()
    for value in values:
        known = rows.read(value)
        if known is None:
            return None
        record = orjson.loads(value)
        assert known == (record["event_id"], *map(record["source"].get, SOURCE))
        rows.keep(*PLACE)
    return rows.pack()


SOURCE = ("topic", "partition", "offset", "index")


def test_an_event_as_a_redactor_writes_it() -> None:
    others = [EVENT | {"agent_name": f"a{number % 300}", "n": number} for number in range(700)]
    values = [orjson.dumps(event) for event in [EVENT, *others]]
    assert straight(values) == general(values)
    assert straight(values[:1]) == general(values[:1])


def test_the_straight_way_takes_costs_up_to_the_bound_of_amounts() -> None:
    most = MOST_AMOUNT / COST_SCALE
    for cost, is_taken in ((most, True), (nextafter(most, inf), False)):
        value = orjson.dumps(EVENT | {"cost_usd": cost})
        assert (straight([value]) is not None) == is_taken
        assert MOST_AMOUNT.to_bytes(8, "little") in general([value]).written


def test_what_was_read_and_not_kept_is_no_row_and_a_block_begins_anew() -> None:
    rows = NEW()
    first, second = (orjson.dumps(EVENT | {"event_id": event_id}) for event_id in "ab")
    for _ in range(2):
        rows.read(first)
        rows.read(second)
        rows.keep(*PLACE)
        assert rows.pack() == general([second])


@given(st.dictionaries(st.sampled_from(NAMES) | TEXTS, VALUES, max_size=8))
@example({"ts": "2026-02-29T00:00:00.000000Z"})
@example({"ts": "2024-02-29T23:59:59.999999Z"})
@example({"ts": "1969-12-31T23:59:59.999999Z"})
@example({"ts": "2100-03-01T00:00:00.000000Z"})
@example({"ts": "0000-01-01T00:00:00.000000Z"})
@example({"cost_usd": 10**11})
@example({"cost_usd": 4e9})
@example({"cost_usd": 4_000_000_000.000001})
@example({"cost_usd": 1e12})
@example({"redaction": EVENT["redaction"] | {"quarantined": 65_536}})
@example({"cost_usd": 5e-10})
@example({"cost_usd": 1.5e-9})
@example({"attempt": 65_536})
@example({"attempt": True})
@example({"latency_ms": 2**53 + 1})
@example({"at": {"cluster": "forged"}, "details": "x", "verified": False, "cost_nanousd": 1})
@example({str(number): number for number in range(64)})
@example({str(number): number for number in range(65)})
@example({"attributes": {str(number): number for number in range(65)}})
def test_any_values(fields: dict[str, Any]) -> None:
    value = orjson.dumps(EVENT | fields)
    packed = straight([value])
    assert packed is None or packed == general([value])


@given(st.dictionaries(TEXTS, TEXTS | st.integers(-(2**59), 2**59) | st.booleans() | st.none()))
def test_what_is_common_is_taken(fields: dict[str, Any]) -> None:
    value = orjson.dumps(EVENT | {"arguments": fields, "documents": [fields], "details": fields})
    assert straight([value]) == general([value])


@given(st.integers(0, 10**15 - 1), st.integers(0, 18), st.booleans())
def test_numbers_of_few_digits_are_taken(digits: int, places: int, negative: bool) -> None:
    number = digits / 10**places * (-1 if negative else 1)
    for fields in ({"latency_ms": number, "cost_usd": number}, {"arguments": [number]}):
        value = orjson.dumps(EVENT | fields)
        packed = straight([value])
        if 1e-6 < abs(number) < 1e9:
            assert packed is not None
        assert packed is None or packed == general([value])


WHOLE = orjson.dumps(EVENT)
PIECES = [
    *(bytes([byte]) for byte in b'",:{}[] -09.e\\\x00'),
    *(b"\\u0041", b"\\u001f", b"\\u001F", b"\\u0008", b"\\/", b"\\ud800"),
    *(b"\xed\xa0\x80", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"),
    *(b"null", b"true", b"[[", b'"a":1,', b'"a":1,"a":2,'),
    *(b'"source":{},', b'"redaction":null,', b'"event_id":"z",', b'"verified":true,'),
    *(b"-0", b"e-7", b"1.50", b"0.1e1", b"1.2345678901234567", b"0.30000000000000004"),
    b"123456789012345678901",
]


@given(
    st.lists(
        st.tuples(
            st.integers(0, len(WHOLE)), st.integers(0, 4), st.sampled_from(PIECES) | st.binary()
        ),
        min_size=1,
        max_size=3,
    )
)
def test_damaged_text_is_taken_as_orjson_takes_it_or_not_at_all(
    edits: list[tuple[int, int, bytes]],
) -> None:
    value = WHOLE
    for at, dropped, added in edits:
        value = value[:at] + added + value[at + dropped :]
    packed = straight([value])
    assert packed is None or packed == general([value])


@pytest.mark.parametrize("place", range(len(PIECES)))
def test_each_piece_at_each_place(place: int) -> None:
    for at in range(len(WHOLE)):
        for dropped in (0, 1):
            value = WHOLE[:at] + PIECES[place] + WHOLE[at + dropped :]
            packed = straight([value])
            assert packed is None or packed == general([value])


def test_text_that_ends_early_is_not_taken() -> None:
    assert all(straight([WHOLE[:end]]) is None for end in range(len(WHOLE)))
    assert straight([b"[" * 100_000]) is None
    deep = EVENT | {"arguments": {}}
    nested = orjson.dumps(deep).replace(b'"arguments":{}', b'"arguments":' + b"[" * 90 + b"]" * 90)
    assert straight([nested]) is None


@pytest.mark.parametrize("value", [None, b"", b"{}", b"[]", b"null", "text", 5])
def test_what_is_no_record_is_not_taken(value: Any) -> None:
    assert NEW().read(value) is None


@pytest.mark.parametrize(
    "fields",
    [
        (),
        [],
        ((0, "a", "t", False),),
        ((0, "a", "t", False, "text"),),
        ((9, "a", "t", False, b""),),
        ((0, "a", "t", False, b""),) * 200,
        ("event_id",),
        ((-1, "a", "t", False, b""),),
    ],
)
def test_fields_it_does_not_know_are_errors(fields: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        JsonRows(fields)


def test_a_row_needs_its_place_and_a_record() -> None:
    rows = NEW()
    with pytest.raises(TypeError):
        rows.keep(*PLACE)
    rows.read(WHOLE)
    for wrong in ((), (1, "t", 0, 0), ("c", "t", "0", 0)):
        with pytest.raises(TypeError):
            rows.keep(*wrong)
    for number in (-1, 2**32):
        with pytest.raises(OverflowError):
            rows.keep("c", "t", number, 0)
    rows.keep(*PLACE)
    assert rows.pack() == general([WHOLE])

"""Columns in the Native format, read back by clickhouse-connect, whose own writer they replace."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.adapters.clickhouse.client import Client
from pipeline.adapters.clickhouse.native import Same, body, pack
from pipeline.adapters.clickhouse.native_columns import numbers, strings, words
from pipeline.errors import InputError
from tests.unit.clickhouse.packed import rows_of

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KINDS: dict[str, st.SearchStrategy[Any]] = {
    "String": TEXTS,
    "LowCardinality(String)": TEXTS,
    "Nullable(Float64)": st.none() | st.floats(allow_nan=False) | st.integers(-(2**53), 2**53),
    "Nullable(Int64)": st.none() | st.integers(-(2**63), 2**63 - 1),
    "Nullable(UInt64)": st.none() | st.integers(0, 2**64 - 1),
    "UInt16": st.integers(0, 2**16 - 1),
    "UInt32": st.integers(0, 2**32 - 1),
    "Int8": st.integers(-128, 127),
    "Bool": st.booleans(),
    "Map(LowCardinality(String), UInt32)": st.dictionaries(TEXTS, st.integers(0, 2**32 - 1)),
    # by clickhouse-connect
    "Array(String)": st.lists(TEXTS),
    "Map(LowCardinality(String), Float64)": st.dictionaries(TEXTS, st.floats(allow_nan=False)),
}


@given(st.lists(st.fixed_dictionaries(KINDS), min_size=1))
def test_what_is_written_is_read(rows: list[dict[str, Any]]) -> None:
    kinds = list(KINDS)
    packed = pack(kinds, kinds, [[row[kind] for row in rows] for kind in kinds])
    assert rows_of(body([packed])) == rows


@pytest.mark.parametrize("different", [1, 2, 256, 257, 65_536, 65_537])
def test_a_dictionary_has_keys_of_the_width_it_needs(different: int) -> None:
    texts = [f"é{number % different}" for number in range(different + 3)]
    packed = pack(["word"], ["LowCardinality(String)"], [texts])
    assert [row["word"] for row in rows_of(body([packed]))] == texts


def test_blocks_come_one_after_the_other_with_what_is_the_same_in_all() -> None:
    blocks = [pack(["a"], ["UInt32"], [[1, 2]]), pack(["a"], ["UInt32"], [[3]])]
    data = body(blocks, [Same("b", "LowCardinality(String)", "x")])
    assert rows_of(data) == [{"a": 1, "b": "x"}, {"a": 2, "b": "x"}, {"a": 3, "b": "x"}]


def test_times_are_integers_of_their_unit_or_datetimes() -> None:
    kind = "DateTime64(6, 'UTC')"
    moment = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    since = moment - datetime(1970, 1, 1, tzinfo=UTC)
    number = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    assert pack(["t"], [kind], [[moment]]) == pack(["t"], [kind], [[number]])


def test_bytes_are_the_text_they_encode() -> None:
    assert strings(["é", "x" * 300]) == strings(["é".encode(), b"x" * 300])
    assert words(["é", "a", "é"]) == words(["é".encode(), b"a", "é".encode()])
    assert strings([]) == words([]) == b""


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        ("String", [1]),
        ("String", ["x", None]),
        ("String", ["\ud800"]),
        ("LowCardinality(String)", ["x", None]),
        ("LowCardinality(String)", [["x"]]),
        ("LowCardinality(String)", ["\ud800"]),
        ("UInt32", [None]),
        ("UInt32", [-1]),
        ("UInt32", [2**32]),
        ("UInt64", [2**64]),
        ("Int64", [2**63]),
        ("Int8", [128]),
        ("Int8", [-129]),
        ("UInt32", [1.0]),
        ("UInt32", ["1"]),
        ("Nullable(UInt64)", ["1"]),
        ("Nullable(Float64)", ["1"]),
        ("Nullable(Float64)", [10**400]),
        ("Map(LowCardinality(String), UInt32)", [{"x": -1}]),
        ("Map(LowCardinality(String), UInt32)", [None]),
        ("DateTime64(3, 'UTC')", [1, "2026-01-01"]),
    ],
)
def test_a_value_that_does_not_fit_is_the_inputs_fault(kind: str, values: list[Any]) -> None:
    with pytest.raises(InputError, match="does not fit"):
        Client.pack(["a"], [kind], [values])


def test_columns_of_different_length_are_refused() -> None:
    with pytest.raises(InputError):
        Client.pack(["a", "b"], ["UInt32", "UInt32"], [[1, 2], [1]])


@pytest.mark.parametrize(
    "arguments",
    [(), ([1], "x", False), ([1], "", False), ([1], "II", False), ([1], 5, False), (1, "I", False)],
)
def test_arguments_it_does_not_know_are_errors(arguments: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        numbers(*arguments)

"""Fields of records as columns."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.storage import fields
from pipeline.storage.taking import take


def test_each_field_becomes_a_list() -> None:
    records = [{"a": 1, "b": "x"}, {"b": "y", "a": 2, "c": 3}]
    assert take(records, ("b", "a"), (None, None)) == (["x", "y"], [1, 2])
    assert take([], ("a",), (None,)) == ([],)


@pytest.mark.parametrize("value", [None, "", 0, False, [], {}, 0.0])
def test_a_default_stands_for_what_is_absent_or_empty(value: object) -> None:
    assert take([{"a": value}, {}, {"a": 7}], ("a",), ("-",)) == (["-", "-", 7],)


def test_without_a_default_what_is_there_stays() -> None:
    assert take([{"a": 0}, {"a": ""}, {}], ("a",), (None,)) == ([0, "", None],)
    assert take([{"a": None}], ("a",), (...,)) == ([None],)


def test_a_field_that_must_be_there_is_missed() -> None:
    with pytest.raises(KeyError, match="a"):
        take([{"a": 1}, {"b": 1}], ("a",), (...,))


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (({"a": 1},), ("a",), (None,)),
        ([{"a": 1}], ["a"], (None,)),
        ([{"a": 1}], ("a",), ()),
        (["text"], ("a",), (None,)),
        ([{"a": 1}, None], ("a",), (None,)),
    ],
)
def test_what_it_cannot_read_is_an_error(arguments: Any) -> None:
    with pytest.raises(TypeError):
        take(*arguments)


def test_times_are_microseconds_whatever_their_zone() -> None:
    assert fields.microseconds(["1970-01-01T00:00:01Z", "1969-12-31T23:59:59.999999+00:00"]) == [
        1_000_000,
        -1,
    ]
    assert fields.microseconds(["2026-11-01T12:00:00.25+02:00"]) == fields.microseconds(
        ["2026-11-01T10:00:00.250000Z"]
    )
    with pytest.raises(TypeError):
        fields.microseconds(["2026-11-01T10:00:00"])


def test_what_has_no_column_is_left_by_the_names_of_its_record() -> None:
    left = fields.Unnamed(frozenset({"a"}))
    assert left([{"a": 1, "b": [2]}, {"a": 1}, {"b": 3, "a": 1}]) == [b'{"b":[2]}', "", b'{"b":3}']
    shapes = [{f"n{number}": number} for number in range(2 * fields.MOST_SHAPES)]
    for record in shapes + shapes:
        [text] = left([record])
        assert text.startswith(b'{"n')

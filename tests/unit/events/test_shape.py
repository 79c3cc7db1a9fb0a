"""How deep documents nest, and how many members they have."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.events import shape

texts = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('":\\{}[]'), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=20,
)


def counted(value: Any) -> tuple[int, int]:
    """Levels and members, as one would write it."""
    if isinstance(value, dict):
        inner = [counted(each) for each in value.values()]
        own = len(value)
    elif isinstance(value, list):
        inner = [counted(each) for each in value]
        own = 0
    else:
        return 0, 0
    return 1 + max((levels for levels, _ in inner), default=0), own + sum(n for _, n in inner)


@given(values)
def test_levels_and_members_are_those_of_the_document(value: Any) -> None:
    assert shape.of_parsed(value) == counted(value)


@given(values, st.sampled_from([0, orjson.OPT_INDENT_2]))
def test_a_text_has_the_members_of_what_it_says(value: Any, option: int) -> None:
    assert shape.members_in(orjson.dumps(value, option=option)) == counted(value)[1]


@pytest.mark.parametrize(
    "text",
    [
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":":"}',
        b'[{"a\\\\":1, "b":{"c" : "\\"::", "c":[]}}]',
        b'{"a":{"b":1},"a":0}',
    ],
)
def test_a_member_that_a_parser_drops_is_counted(text: bytes) -> None:
    assert shape.members_in(text) > shape.of_parsed(orjson.loads(text))[1]


def test_what_refers_to_itself_comes_to_an_end() -> None:
    endless: list[Any] = []
    endless.append(endless)
    levels, members = shape.of_parsed(endless)
    assert levels > 1_000
    assert members == 0


@pytest.mark.parametrize("text", [b"", b'"', b'{"a', b'{"a\\', b"\\", b'"\\"'])
def test_a_text_that_breaks_off_is_read_to_its_end(text: bytes) -> None:
    assert shape.members_in(text) == 0


@pytest.mark.parametrize("text", [None, "text", bytearray(b"{}")])
def test_only_bytes_are_read(text: Any) -> None:
    with pytest.raises(TypeError):
        shape.members_in(text)

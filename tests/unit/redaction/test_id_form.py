"""The form of an id: what the loop in C says is what the pattern says."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.redaction.id_form import beyond_ids, is_plain_id

PATTERN = re.compile(r"[\w.:/+#-]{0,256}", re.ASCII)
TEXTS = st.one_of(
    st.text(max_size=20),
    st.text(st.characters(max_codepoint=127), max_size=20),
    st.text(st.sampled_from("aZ09_.:/+#-"), max_size=300),
)


@given(TEXTS)
def test_it_is_that_of_the_pattern(text: str) -> None:
    assert is_plain_id(text) == (PATTERN.fullmatch(text) is not None)


def test_every_character_counts() -> None:
    for code in range(0x180):
        text = f"a{chr(code)}b"
        assert is_plain_id(text) == (PATTERN.fullmatch(text) is not None), code


@pytest.mark.parametrize(("length", "is_one"), [(0, True), (256, True), (257, False)])
def test_a_longer_text_is_no_id(length: int, is_one: bool) -> None:
    assert is_plain_id("x" * length) is is_one


def test_only_texts_have_it() -> None:
    with pytest.raises(TypeError):
        is_plain_id(12)  # type: ignore[arg-type]


def test_what_needs_a_look_is_named_in_order() -> None:
    members = {"b": "x y", "id": "a-1", "n": 1, "c": "a-1", "d": {}, "e": [], "f": None, "g": 0.5}
    assert beyond_ids(members, {*"bdefg", "id", "n"}) == ["b", "c", "d", "e"]
    assert beyond_ids(members, set()) == [*members]
    assert beyond_ids({}, {"id"}) == []


def test_members_and_trusted_names_are_what_they_are() -> None:
    with pytest.raises(TypeError):
        beyond_ids([], set())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        beyond_ids({}, frozenset())  # type: ignore[arg-type]

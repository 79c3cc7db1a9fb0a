"""Runs of base64: what the loop in C tells is what a pattern tells."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.redaction import base64_runs

PIECES = st.sampled_from(
    ["a", "Zz", "09", "+/", "_-", "abcdefg", " ", "=", "@", "[", "`", "{", "é"]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=30).map("".join),
    st.text(max_size=40),
    st.lists(st.sampled_from(["abc", "0", "\U0001f600", "\u0142", "\ud800"]), max_size=30).map(
        "".join
    ),
)


@given(TEXTS, st.integers(1, 26))
def test_runs_are_those_of_the_pattern(text: str, length: int) -> None:
    pattern = re.compile(rf"[A-Za-z0-9+/_-]{{{length}}}")
    assert base64_runs.may_hold(text, length) == (pattern.search(text) is not None)


@pytest.mark.parametrize("place", range(60))
def test_one_other_character_breaks_a_run(place: int) -> None:
    text = "a" * place + "." + "b" * (59 - place)
    assert base64_runs.may_hold(text, 24) == (place >= 24 or 59 - place >= 24)


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(TypeError):
        base64_runs.may_hold(b"bytes", 24)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="length"):
        base64_runs.may_hold("text", 0)

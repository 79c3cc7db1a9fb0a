"""Runs of capitalised words: what the loop in C finds is what the pattern finds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.redaction.detectors import word_runs
from pipeline.redaction.detectors.name_runs import runs_in
from tests.redaction_set import sets

PIECES = st.sampled_from(
    [
        *("Anna", "B", "BERT", "C-D", "O'Neil", "d'Or", "x", "word", "al-Amin", "l'A", "A1_b"),
        *("van", "de", "della", "y", "e", "st", "vander", "St.", "Dr.", "J.", "R.J.", "Profe."),
        *("Abcde.", "Jr", ", Jr", ", III", ", IIII", ", MD's", ", PhD-x", ",", ".", ". ", ".."),
        *(" ", "  ", "   ", "\n", "\t", "-", "'", "@", "#", "$", "/", "\\", "&", "+", "~", "_"),
        *("1", "\x00", "x@", "x-", "(", ":", "\x7f"),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=14).map("".join),
    st.lists(PIECES, max_size=10).map(" ".join),
    st.text(st.characters(max_codepoint=127), max_size=40),
)


def by_pattern(text: str) -> list[tuple[int, str, None]]:
    return [(match.start(), match[0], None) for match in runs_in(text)]


@given(TEXTS)
@settings(max_examples=800)
def test_runs_are_those_of_the_pattern(text: str) -> None:
    assert word_runs.unread(text, {}) == by_pattern(text)


def test_runs_of_labelled_texts_are_those_of_the_pattern() -> None:
    for item in (*sets.core(200), *sets.negatives(100)):
        if item.text.isascii():
            assert word_runs.unread(item.text, {}) == by_pattern(item.text)


def test_a_run_that_is_known_to_hold_nothing_is_passed_over() -> None:
    known = {"The": (), "Anna": ("a part",)}
    found = word_runs.unread("The cat saw Anna and Bert, the", known)  # type: ignore[arg-type]
    assert found == [(12, "Anna", ("a part",)), (21, "Bert", None)]


@pytest.mark.parametrize("arguments", [(), ("a",), (b"a", {}), ("a", None), ("ä", {})])
def test_what_is_no_ascii_text_is_refused(arguments: tuple[object, ...]) -> None:
    with pytest.raises((TypeError, ValueError)):
        word_runs.unread(*arguments)  # type: ignore[arg-type]

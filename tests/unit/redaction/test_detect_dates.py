"""Dates: a text in ASCII is read by a pattern of its own, and finds what other texts do."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.redaction.detectors import Context
from pipeline.redaction.detectors.dates import DateOfBirthDetector
from tests.redaction_set import sets

EVERY_DATE = Context(strict=True)
DETECTOR = DateOfBirthDetector()
PIECES = st.sampled_from(
    [
        *("born", "on", "the", "of", "de", "and", "May", "MARCH", "sept.", "first", "twenty", "oh"),
        *("nineteen", "eighty", "two", "thousand", "4th", "21st", "1", "04", "31", "1990", "'82"),
        *("1990-04-05", "04/05/1990", "5.4.1990", "19900405", "3/4", "12-5", "v1.2", "x1", "_may"),
        *("-", "/", ".", ",", ":", "\n", "a", "july4"),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=12).map(" ".join), st.lists(PIECES, max_size=12).map("".join)
)


def both_ways(text: str) -> None:
    # the letter that is no ASCII stands too far away to matter
    other = f"{text}\n{' ' * 80}\u00e9"
    assert DETECTOR.find(text, EVERY_DATE) == DETECTOR.find(other, EVERY_DATE)


@given(TEXTS)
@settings(max_examples=800)
def test_generated_texts_are_read_alike(text: str) -> None:
    both_ways(text)


def test_labelled_texts_are_read_alike() -> None:
    for item in (*sets.core(200), *sets.negatives(100)):
        if item.text.isascii():
            both_ways(item.text)

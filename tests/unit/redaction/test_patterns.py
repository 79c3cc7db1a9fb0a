"""Patterns that read no difference between capitals and small letters, and detectors in parts."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.detectors.base import PLAIN_CONTEXT
from pipeline.redaction.detectors.patterns import CaselessPattern
from tests.redaction_set import sets

PATTERN = r"\b(?P<Label>User|ÄCCT|id)[A-Z]?(?P=Label)?[ :]+(?P<value>[A-Fx0-9\W]{2,4})"
PIECES = st.sampled_from(
    ["user", "USER", "Äcct", "ID", "z", "Z", " ", ": ", "AF09", "fx", "X", "\u017f", "\u212a", "é"]
)


@given(st.lists(PIECES, max_size=10).map("".join))
@settings(max_examples=300, deadline=None)
def test_a_caseless_pattern_matches_where_the_engine_says(text: str) -> None:
    pattern = CaselessPattern(PATTERN)
    engine = re.compile(PATTERN, re.IGNORECASE)
    assert [match.span("value") for match in pattern.finditer(text)] == [
        match.span("value") for match in engine.finditer(text)
    ]
    whole = pattern.fullmatch(text)
    assert (whole is None) == (engine.fullmatch(text) is None)
    reader, read = pattern.reading(text)
    assert len(read) == len(text)
    assert [match.span() for match in reader.finditer(read)] == [
        match.span() for match in engine.finditer(text)
    ]


def test_a_window_ends_what_a_caseless_pattern_sees() -> None:
    pattern = CaselessPattern(r"AB+")
    assert pattern.end_at("xxaBBBb", 2, 3) == 5
    assert pattern.end_at("xxaBBBb", 2, 64) == 7
    assert pattern.end_at("xxaBBBb", 1, 64) is None


def test_a_part_that_reads_capitals_is_refused() -> None:
    with pytest.raises(ValueError, match="capitals"):
        CaselessPattern(r"a(?-i:B)")


def test_a_detector_finds_what_its_parts_find() -> None:
    detectors = DetectorSet().detectors
    in_parts = [detector for detector in detectors if len(detector.parts()) > 1]
    assert {detector.name for detector in in_parts} >= {"SecretDetector", "LabelledIdDetector"}
    for item in sets.structured(200):
        for detector in in_parts:
            found = [
                span for part in detector.parts() for span in part.find(item.text, PLAIN_CONTEXT)
            ]
            assert detector.find(item.text) == found

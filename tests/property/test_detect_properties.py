"""What holds for every text: spans in order, the gate hides nothing, the same answer twice."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.redaction.detectors import PROSE, Context, DetectorSet
from pipeline.redaction.detectors.gate import Gate
from pipeline.redaction.detectors.names_informal import (
    InformalPersonDetector,
    IntroducedPersonDetector,
)
from pipeline.redaction.spans import ENTITIES, PRECEDENCE, Span, resolve

DETECTORS = DetectorSet()
# What these two find in a text is wanted only where the text is written so: the gate decides it.
BY_STYLE = (InformalPersonDetector, IntroducedPersonDetector)

PIECES = st.sampled_from(
    """Ana Lima|Dr. Young|mia_li_3668|12 Main Street|Springfield, IL 62704|ana@example.com|dave
    |+44 20 7946 0958|(555) 123-4567|4111 1111 1111 1111|GB82WEST12345698765432|123-45-6789|DOB
    |1990-04-05|born on|my ssn is|card|password=hunter2!|sk-abcdefghijklmnop1234|203.0.113.9|::1
    |fe80::1|00:1A:2B:3C:4D:5E|https://bob:pw@host/x|order|the|call me at|, |. |\n|(|)|"|'s|-|@|/|:
    |SW1A 1AA|Hauptstraße 12|rue|1|22|333|a|Z|é|中|\u200b|user id is|AB-1234|J.|van der|GmbH|Flat 1,
    """.replace("\n    ", "").split("|")
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=14).map(" ".join),
    st.lists(PIECES, max_size=14).map("".join),
    st.text(max_size=60),
)


@given(TEXTS, st.booleans())
@settings(max_examples=300, deadline=None)
def test_spans_are_sorted_apart_and_inside_the_text(text: str, strict: bool) -> None:
    spans = DETECTORS.detect(text, Context(strict=strict))
    reached = 0
    for span in spans:
        assert reached <= span.start < span.end <= len(text)
        assert span.entity_type in ENTITIES
        assert 0 < span.score <= 1
        reached = span.end


@given(TEXTS)
@settings(max_examples=150, deadline=None)
def test_the_same_text_gives_the_same_spans(text: str) -> None:
    assert DETECTORS.detect(text) == DETECTORS.detect(text)
    assert DETECTORS.detect_batch([text, text]) == [DETECTORS.detect(text)] * 2


@given(st.lists(PIECES, max_size=10).map(" ".join))
@settings(max_examples=300, deadline=None)
def test_the_gate_hides_no_structured_finding(text: str) -> None:
    opened = DETECTORS._gate.open_for(text)
    parts = [(detector, part) for detector in DETECTORS.detectors for part in detector.parts()]
    for index, (detector, part) in enumerate(parts):
        shut = index not in opened and not isinstance(detector, BY_STYLE)
        structured = not {"PERSON", "STREET_ADDRESS", "LOCATION"} & set(detector.supported_entities)
        if shut and structured:
            assert part.find(text, Context(register=PROSE)) == [], detector.name


SPANS = st.builds(
    lambda start, size, entity: Span(start, start + size, entity, 0.5, "test"),
    st.integers(0, 30),
    st.integers(1, 12),
    st.sampled_from(PRECEDENCE),
)


@given(st.lists(SPANS, max_size=8))
def test_settling_overlaps_loses_no_letter(spans: list[Span]) -> None:
    text = "x" * 50
    settled = resolve(text, spans)
    covered = {place for span in settled for place in range(span.start, span.end)}
    assert covered == {place for span in spans for place in range(span.start, span.end)}
    assert all(a.end <= b.start for a, b in pairwise(settled))


def test_a_gate_opens_where_all_parts_of_a_trigger_match() -> None:
    gate = Gate([(r"a",), (r"b",), ((r"c", r"d"),)])
    assert gate.open_for("a") == (0,)
    assert gate.open_for("c") == ()
    assert gate.open_for("cd") == (2,)
    # half of a surrogate pair has no UTF-8
    assert gate.open_for("a\ud800b") == (0, 1)


def test_a_pattern_with_constructs_of_its_own_is_left_to_re2() -> None:
    gate = Gate([(r"a$",), (r"b",), ((r"c", r"\pL\pN"),)])
    assert gate.open_for("ba") == (0, 1)
    assert gate.open_for("ab") == (1,)
    assert gate.open_for("c1") == (2,)
    assert gate.open_for("c") == ()


def test_a_gate_whose_re2_gave_up_runs_everything() -> None:
    gate = Gate([(r"a$",), (r"b",)])
    # what RE2 answers when it runs out of memory: nothing, not even the pattern that always matches
    gate._matching_others = lambda _raw: frozenset()
    assert gate.open_for("xyz") == (0, 1)

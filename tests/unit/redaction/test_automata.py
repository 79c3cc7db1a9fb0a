"""Patterns as tables: what they match is what RE2 says they match."""

from __future__ import annotations

import pytest
import re2
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.redaction.automata import NOTHING, Scanner, Unsupported, bits, check
from pipeline.redaction.automata import tables as tables_module
from pipeline.redaction.automata.scan import Automata
from pipeline.redaction.automata.tables import tables
from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.detectors.base import Trigger
from tests.redaction_set import sets

SCANNER_PATTERNS = (
    r"\b\d{3}[- .]\d{2}[- .]\d{4}\b",
    r"(?i)\bssns?\b|strasse|größe",
    r"(?i)ka?s",
    r"(?m)^\W*[a-z]",
    r"[^\s@]@[^\s@]",
    r"[A-Z]\d?(?:x|yz){2,3}\b",
    r"[äöü-] ?[–x]",
    r"n.{1,2}mero",
    r"\b-\b",
    r"\x{41}\x42[\x{c0}-\x{d6}]",
    r"[]a]\]",
    r"a*?b+?c",
    r"(?i:ab)C",
    r"\.|\W\d",
)


def triggers() -> list[str]:
    listed: list[Trigger] = [
        trigger
        for detector in DetectorSet().detectors
        for part in detector.parts()
        for trigger in part.triggers
    ]
    parts = [(trigger,) if isinstance(trigger, str) else trigger for trigger in listed]
    return sorted({part for some in parts for part in some})


TRIGGERS = triggers()
PIECES = st.sampled_from(
    [
        *("123-45-6789", "123 45 6789", "SSN", "ſsn", "Kas", "\u212aas", "GRÖSSE", "größe", "é"),
        *("a@b", " @ ", "\n", "\n  x", "Ax", "A1xyzx", "ä–", "ö x", "número", "n\u0142mero", "-"),
        *(
            "AB\u00c4",
            "]]",
            "a]",
            "aabc",
            "abC",
            "ABC",
            "abc",
            ".",
            " 1",
            "_",
            "\u4f60",
            "\U0001f600",
        ),
        *("born on", "user id", "card", "IBAN", "DE89", "12 Oak Street", "call me", "my name is"),
        *(
            "0x1f",
            "http://",
            "passwort: ",
            "PRIVATE KEY",
            "10.0.0.1",
            "::1",
            "x",
            "9",
            " ",
            "\u00df",
        ),
    ]
)
TEXTS = st.one_of(
    st.lists(PIECES, max_size=12).map("".join),
    st.text(max_size=40).filter(lambda text: text.isascii() or _has_utf8(text)),
)


def _has_utf8(text: str) -> bool:
    return text == text.encode("utf-8", "ignore").decode()


def matching_by_re2(patterns: list[str], text: str) -> set[int]:
    return {number for number, one in enumerate(patterns) if re2.search(one, text) is not None}


@given(TEXTS)
@settings(max_examples=600, deadline=None)
def test_what_matches_is_what_re2_says(text: str) -> None:
    assert OWN.matching(text) == matching_by_re2(list(SCANNER_PATTERNS), text)


@given(TEXTS)
@settings(max_examples=300, deadline=None)
def test_the_detectors_triggers_match_as_in_re2(text: str) -> None:
    assert BUILT_IN.matching(text) == matching_by_re2(TRIGGERS, text)


OWN = Scanner(SCANNER_PATTERNS)
BUILT_IN = Scanner(TRIGGERS)


def test_the_detectors_triggers_match_labelled_texts_as_in_re2() -> None:
    for item in (*sets.structured(150), *sets.core(100), *sets.negatives(100)):
        assert BUILT_IN.matching(item.text) == matching_by_re2(TRIGGERS, item.text)


def test_every_trigger_of_the_product_is_run_without_re2() -> None:
    for pattern in TRIGGERS:
        check(pattern)


@pytest.mark.parametrize(
    "pattern",
    ["a$", "^a", r"\pL", r"[^\PL]", "(?s)a", "(?=a)", "[[:alpha:]]", "a*", r"\b", "(a", "a)", "[a",
     "a{2", r"a\B", "(?P<n>a)", "*a", "[a-\U0010ffff]"],
)  # fmt: skip
def test_what_is_not_held_is_refused(pattern: str) -> None:
    with pytest.raises(Unsupported):
        check(pattern)


def test_patterns_that_need_too_many_states_get_tables_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tables_module, "MAX_STATES", 30)
    tables_module._table.cache_clear()
    patterns = [rf"[a-c]{{{count}}}x\d{{{count}}}y" for count in range(1, 8)]
    built = tables(patterns)
    assert len(built) > 1
    assert sorted(pattern for table in built for pattern in table.patterns) == sorted(patterns)
    scanner = Scanner(patterns)
    assert scanner.matching("abcax1234y bx7y") == {0, 3}
    tables_module._table.cache_clear()


def outcomes(scanner: Scanner, text: str) -> set[int]:
    return set(bits(int.from_bytes(scanner.outcomes(text), "little")))


def test_outcomes_follow_where_all_patterns_of_a_rule_match() -> None:
    scanner = Scanner(["a", "b", "c"], [((0,), 3), ((0, 1), 0), ((2, 1), 127)])
    assert scanner.outcomes("") == NOTHING
    assert outcomes(scanner, "a") == {3}
    assert outcomes(scanner, "ba") == {0, 3}
    assert outcomes(scanner, "cb") == {127}
    assert scanner.matches("ba")
    assert not scanner.matches("")
    # half of a surrogate pair: rather a match too many
    assert scanner.matches("\ud800")


def test_more_than_64_patterns_are_told_apart() -> None:
    words = [f"w{number}x" for number in range(150)]
    scanner = Scanner(words, [((number,), number % 128) for number in range(150)])
    assert scanner.matching("w7x w64x w149x") == {7, 64, 149}
    assert outcomes(scanner, "w64x w128x") == {64, 0}


def test_half_of_a_surrogate_pair_is_an_error_that_says_so() -> None:
    with pytest.raises(UnicodeEncodeError):
        OWN.outcomes("a\ud800")


GOOD = (bytes(257), 0, bytes(2), 1, b"")


@pytest.mark.parametrize(
    ("table", "why"),
    [
        ((bytes(256), 0, bytes(2), 1, b""), "shape"),
        ((bytes(257), 10, bytes(2), 1, b""), "shape"),
        ((bytes(257), 0, bytes(3), 1, b""), "shape"),
        ((bytes(257), 1, bytes(2), 0, b""), "size"),
        ((bytes(257), 0, bytes(2), 2, b""), "size"),
        ((bytes(257), 0, bytes(2), 0, b""), "size"),
        ((b"\x01" + bytes(256), 0, bytes(2), 1, b""), "no column"),
        ((bytes(257), 0, b"\x01\x00", 1, b""), "no state"),
    ],
)
def test_a_table_that_leads_out_of_itself_is_refused(
    table: tuple[bytes, int, bytes, int, bytes], why: str
) -> None:
    assert Automata([GOOD], 1, []).matching("any text") == bytes(8)
    with pytest.raises(ValueError, match=why):
        Automata([GOOD, table], 1, [])


def test_a_rule_of_the_wrong_size_is_refused() -> None:
    for rule in ((bytes(7), 0), (bytes(8), 128)):
        with pytest.raises(ValueError, match="a rule"):
            Automata([GOOD], 1, [rule])
    with pytest.raises(TypeError):
        Automata([GOOD], 1, []).outcomes(b"bytes")  # type: ignore[arg-type]

"""Records inside text: whole, broken off, of Python, of log lines."""

import pytest

from pipeline.redaction.structure import Leaf, Record, decoded, holds_record, records


def flat(text: str) -> list[tuple[str | None, str]]:
    """All scalar entries of all records in `text`, with their own keys."""
    found: list[tuple[str | None, str]] = []

    def read(record: Record) -> None:
        for key, value in record.entries:
            if isinstance(value, Leaf):
                found.append((decoded(text, key)[0] if key else None, decoded(text, value)[0]))
            else:
                read(value)

    for record in records(text):
        read(record)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": "x", "b": [1, "y"]}', [("a", "x"), (None, "1"), (None, "y")]),
        ('result: {"a": {"b": "x"}} done', [("b", "x")]),
        ('{"a": {"b": "x", "c": "cut of', [("b", "x"), ("c", "cut of")]),
        ('"email": "x@y.de", "n": 3', [("email", "x@y.de"), ("n", "3")]),
        ("{'a': 'it', 'b': None}", [("a", "it"), ("b", "None")]),
        ('{"a": "x \\"quoted\\" \\u0041"}', [("a", 'x "quoted" A')]),
        ('{"a":"x"}\n{"a":"y"}', [("a", "x"), ("a", "y")]),
        ('const u = {firstName: "Ann", n: 3}', [("firstName", "Ann")]),
        ('level=info user="ann" took=3', [("user", "ann")]),
        ("no record: at all, it's fine", []),
        ("]}][{", []),
    ],
)
def test_pairs_are_read_from_whatever_is_there(
    text: str, expected: list[tuple[str | None, str]]
) -> None:
    assert flat(text) == expected


def test_places_lead_back_to_the_text() -> None:
    text = '{"a": "caf\\u00e9 \\n ok"}'
    [record] = records(text)
    [(_, leaf)] = record.entries
    assert isinstance(leaf, Leaf)
    value, starts = decoded(text, leaf)
    assert value == "café \n ok"
    assert starts is not None
    assert text[starts[3] : starts[4]] == "\\u00e9"
    assert starts[-1] == leaf.end


def test_a_cheap_look_says_whether_there_may_be_a_record() -> None:
    assert holds_record('x {"a" : 1}')
    assert not holds_record("Note: it is 5 o'clock")

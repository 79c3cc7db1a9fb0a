"""What holds for every event: deterministic, idempotent, nothing planted survives, ids stay."""

import base64
import json
from typing import Any
from urllib.parse import quote

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.redaction.engine import EventRedactor
from pipeline.redaction.lines import LineRedactor
from pipeline.redaction.normalise import plain_form
from pipeline.redaction.one_event import RedactedEvent
from pipeline.redaction.policy import default_policy
from pipeline.redaction.pseudonyms import Keyring, Pseudonymizer, token_pattern
from pipeline.redaction.spans import ENTITIES
from pipeline.redaction.structure import Leaf, Record, decoded, records
from pipeline.redaction.verifier import Verifier

KEYS = Keyring.single("k1", "a secret of some length")
TRUSTED = ("event_id", "session_id", "ts", "documents[].id")
REDACTOR = EventRedactor(default_policy(), KEYS, trusted=TRUSTED)
LINES = LineRedactor(default_policy(), KEYS)

PLANTED = (
    "ann.lee@example.com",
    "4111 1111 1111 1111",
    "DE89 3704 0044 0532 0130 00",
    "mia_li_3668",
    "sk-proj-aB3dE6gH9jK2mN5pQ8sT7uV4wX1yZ",
    "credit_card_4421486",
)

words = st.sampled_from(
    [
        *(
            "the",
            "flight",
            "from",
            "order",
            "Ann",
            "is",
            "late:",
            "(see",
            "below)",
            "-",
            "\n",
            "ok.",
        ),
        *("<PERSON>", "<b>", "{", "}", "50%", "naïve", "日本", '"x"', "C:\\temp", "&amp;", "12.50"),
        "2024-05-01",
    ]
)
texts = st.lists(words, max_size=8).map(" ".join)
odd_texts = st.text(max_size=40).filter(
    lambda text: not any("\ud800" <= c <= "\udfff" for c in text)
)
key_names = st.sampled_from(
    [
        "content",
        "result",
        "name",
        "user",
        "email",
        "items",
        "note",
        "metadata",
        "address",
        "id",
        "token",
    ]
)
scalars = st.one_of(
    texts,
    odd_texts,
    st.integers(-(2**40), 2**53),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(key_names | odd_texts, inner, max_size=4)
    ),
    max_leaves=8,
)
events = st.dictionaries(key_names, values, max_size=5)

slow = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def redact(redactor: EventRedactor, event: dict[str, Any]) -> RedactedEvent:
    [result] = redactor.redact_batch([event])
    assert isinstance(result, RedactedEvent)
    return result


@slow
@given(events)
def test_the_same_event_gives_the_same_bytes(event: dict[str, Any]) -> None:
    fresh = EventRedactor(default_policy(), KEYS, trusted=TRUSTED)
    assert redact(REDACTOR, event).payload == redact(fresh, event).payload


@slow
@given(events)
def test_redacting_twice_changes_nothing(event: dict[str, Any]) -> None:
    first = redact(REDACTOR, event).payload
    assert redact(REDACTOR, orjson.loads(first)).payload == first


def hidden(value: str, way: str) -> Any:
    """Put `value` into an event in one of the ways that events have."""
    if way == "json":
        return json.dumps({"a": [{"b": f"is {value} ok"}]})
    if way == "json in json":
        return json.dumps({"a": json.dumps({"b": value})})
    if way == "cut json":
        return json.dumps({"a": {"b": value, "c": "x"}})[:-4]
    if way == "base64":
        return base64.b64encode(f"it is {value} now".encode()).decode()
    if way == "url":
        return f"q={quote(value)}&x=1"
    if way == "key":
        return {value: 1}
    if way == "full width":
        return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)
    if way == "zero width":
        return f"{value[:3]}\u200b{value[3:]}"
    return f"it is {value}, yes"


@slow
@given(
    events,
    st.sampled_from(PLANTED),
    st.sampled_from(
        [
            "text",
            "json",
            "json in json",
            "cut json",
            "base64",
            "url",
            "key",
            "full width",
            "zero width",
        ]
    ),
    st.sampled_from(["content", "result", "blob", "attributes"]),
)
def test_no_planted_value_survives(event: dict[str, Any], value: str, way: str, field: str) -> None:
    payload = redact(REDACTOR, {**event, field: hidden(value, way)}).payload.decode()
    seen = payload
    plain = plain_form(payload.replace("\\\\", "\\"))
    if plain is not None:
        seen += plain.text
    for run in payload.split('"'):
        if len(run) > 20:
            try:
                seen += base64.b64decode(run, validate=True).decode()
            except ValueError:
                continue
    assert value not in seen


@slow
@given(
    events,
    st.from_regex(r"[A-Za-z0-9_.:-]{1,40}", fullmatch=True),
    st.integers(0, 2**53),
)
def test_trusted_fields_never_change(event: dict[str, Any], ident: str, ts: int) -> None:
    trusted = {
        "event_id": ident,
        "session_id": ident,
        "ts": ts,
        "documents": [{"id": ident, "text": "x"}],
    }
    result = redact(REDACTOR, {**event, **trusted})
    body = orjson.loads(result.payload)
    assert {key: body[key] for key in trusted} == trusted
    assert result.key == ident


@slow
@given(events)
def test_the_shape_of_an_event_stays(event: dict[str, Any]) -> None:
    def shape(value: Any) -> Any:
        if isinstance(value, dict):
            return [shape(child) for child in value.values()]
        if isinstance(value, list):
            return [shape(child) for child in value]
        return None

    body = orjson.loads(redact(REDACTOR, event).payload)
    del body["redaction"]
    assert shape(body) == shape(event)


@slow
@given(st.one_of(texts, odd_texts, values.map(json.dumps)))
def test_spans_lie_in_the_text_sorted_and_apart(text: str) -> None:
    end = 0
    for span in LINES.spans(text):
        assert end <= span.start < span.end <= len(text)
        end = span.end


@slow
@given(values)
def test_spans_of_json_and_the_walk_of_it_agree(value: Any) -> None:
    """What the walk replaces in a JSON text is what the spans of that text cover, and no more."""
    record = {"content": f"mail {PLANTED[0]}", "user": {"name": "Zyx"}, "x": value}
    # tokens that stand in a value with a telling key are cut out of spans, but not of the walk
    text = orjson.dumps(record).decode().replace("<PERSON>", "person")
    redacted = orjson.loads(LINES.redact(text).text)
    pattern = token_pattern(KEYS.key_ids)
    covered = [text[span.start : span.end] for span in LINES.spans(text)]
    tokens = [match.group() for match in pattern.finditer(orjson.dumps(redacted).decode())]
    assert len(tokens) == len(covered)


@slow
@given(st.text(max_size=60))
def test_the_plain_form_leads_back(text: str) -> None:
    plain = plain_form(text)
    if plain is None or not plain.text:
        return
    assert len(plain.starts) == len(plain.text) + 1
    assert list(plain.starts) == sorted(plain.starts)
    assert plain.starts[-1] == len(text)
    for place in range(len(plain.text)):
        start, end = plain.original(place, place + 1)
        assert 0 <= start < end <= len(text)


@slow
@given(values.filter(lambda value: isinstance(value, dict | list)))
def test_the_scanner_reads_what_a_parser_reads(value: Any) -> None:
    text = json.dumps(value)
    found: list[str] = []

    def read(record: Record) -> None:
        for _, item in record.entries:
            if isinstance(item, Leaf):
                found.append(decoded(text, item)[0])
            else:
                read(item)

    def expected(item: Any) -> list[str]:
        if isinstance(item, dict):
            return [leaf for child in item.values() for leaf in expected(child)]
        if isinstance(item, list):
            return [leaf for child in item for leaf in expected(child)]
        return [item if isinstance(item, str) else json.dumps(item)]

    for record in records(text):
        read(record)
    assert found == expected(value)


@slow
@given(st.text(max_size=30), st.sampled_from(sorted(ENTITIES)))
def test_tokens_of_anything_are_clean_to_the_verifier_and_the_detectors(
    value: str, entity: str
) -> None:
    token = Pseudonymizer(KEYS).token(entity, value)
    assert Verifier().is_clean(token.encode())
    assert LINES.spans(f"is {token} ok") == []

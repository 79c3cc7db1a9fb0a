"""What is read of an event's bytes is what the whole event says, or nothing."""

from __future__ import annotations

import random
from itertools import chain
from types import SimpleNamespace
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.storage.rows import Refusal, read_event
from pipeline.tasks.event import AGENT_NAME, event_of
from pipeline.windows.batch import Record, records_of
from pipeline.windows.event_fields import take
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import event, sessions, time_of

NAMES = (
    *("session_id", "event_id", "ts", "trace_id", "agent_name", "release_version", "workflow"),
    *("tenant_id", "environment", "capability_tier", "event_type", "task_id", "model_requested"),
    *("model_version", "prompt_id", "prompt_version", "tokens_in", "tokens_out"),
    *("tokens_cache_read", "tool_name", "call_id", "step_name", "step_type", "documents"),
    *("outcome", "status", "error_type", "latency_ms", "cost_usd"),
)
NUMBERED = ("tokens_in", "tokens_out", "tokens_cache_read", "latency_ms", "cost_usd")
EVENT: dict[str, Any] = {
    **event(1_793_000_000_000, "tool_call", tool_name="Überweisung 送金"),
    "task_id": None,
    "latency_ms": 1084.6,
    "cost_usd": 0.00036465,
    "tokens_in": 2015,
    "tokens_out": -3,
    "call_id": "call-1",
    "arguments": {"text": 'a "quoted" \\ line\n', "numbers": [-1, 0.5, -0.25]},
    "documents": [{"source_updated_at": "2026-01-01", "text": "\x01 é"}, {}],
    "messages": [{"content": "é" * 20, "other": [[[]], {}, True, False, None]}],
    "source": {"topic": "agent.events.raw", "partition": 2, "offset": 123456789, "index": 0},
    "redaction": {"verified": True, "counts": {"email": 2}, "quarantined": 0},
}
WHOLE = orjson.dumps(EVENT)
PIECES = (
    *(bytes([byte]) for byte in b'",:{}[] -09.e\\\x00\n\x1f\x7f\x80'),
    *(b'\\"', b"\\u0041", b"\\x", b"\xc3\xa9", b"\xc0\xaf", b"\xe0\x80\x80", b"\xed\xa0\x80"),
    *(b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"1e5", b"1e400", b"1e-7", b"00", b"-0", b"0."),
    *(b"12345678901234567890", b"0.12345678901234567", b"[" * 40, b"nul", b"null", b"true"),
    *(b'"ts":1,', b'"ts":"x",', b'"status":"ok",', b'"source":{},', b'"documents":{},'),
    *(b'"call_id":"",', b'"arguments":{},', b'"tokens_in":-5,', b'"quarantined":1,'),
)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
NUMERALS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMERALS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def is_read(value: bytes) -> bool:
    """Tell whether it was read at all; what was read is what the general way reads."""
    found = take(value)
    if found is None:
        return False
    whole = read_event(value)
    assert not isinstance(whole, Refusal)
    # representations, so that 1 is not 1.0 and not True
    assert repr(found) == repr(event_of(whole))
    return True


def test_an_event_as_a_redactor_writes_it() -> None:
    assert is_read(WHOLE)
    assert is_read(orjson.dumps({name: EVENT[name] for name in reversed(EVENT)}))
    assert is_read(orjson.dumps(EVENT | {"redaction": {"verified": True, "quarantined": 3}}))
    assert is_read(orjson.dumps({name: EVENT[name] for name in EVENT if name != "documents"}))
    assert is_read(orjson.dumps(EVENT | {"documents": None, "cost_usd": 1, "status": None}))


@pytest.mark.parametrize(
    "fields",
    [
        *({name: 1} for name in NAMES if name not in NUMBERED),
        *({name: "1"} for name in (*NUMBERED, "documents")),
        *({name: None} for name in ("session_id", "ts", "trace_id", "agent_name", "event_type")),
        *({"tokens_in": value} for value in (True, 2**63, [], {}, 1e300)),
        *({"documents": value} for value in ({}, "text", 1, True)),
        *({"workflow": "a\nb"}, {"event_id": "\\"}, {"call_id": ""}, {"call_id": None}),
        *({"source": EVENT["source"] | {"offset": value}} for value in (None, -1, 1.0, "1", True)),
        *({"redaction": value} for value in (None, {}, {"verified": True}, {"quarantined": 0})),
        {"redaction": {"verified": 1, "quarantined": 0}},
        {"attributes": {"n": [[[]]] * 70, **{str(number): 0 for number in range(70)}}},
    ],
)
def test_what_is_unusual_is_left_to_the_general_way(fields: dict[str, Any]) -> None:
    assert take(orjson.dumps(EVENT | fields)) is None


@pytest.mark.parametrize("name", ["session_id", "event_id", "ts", "source", "redaction"])
def test_what_is_incomplete_is_left_to_it(name: str) -> None:
    assert take(orjson.dumps({other: EVENT[other] for other in EVENT if other != name})) is None


@pytest.mark.parametrize(
    "value",
    [
        *(None, b"", b" ", b"[]", b"{}", b"1", WHOLE[:-1], WHOLE + b"x", WHOLE + b"\x00"),
        *(b" " + WHOLE, WHOLE + b"\n", b"\xef\xbb\xbf" + WHOLE, b"[" * 100_000),
        *(WHOLE.replace(b'"ts"', b'"t\\u0073"'), WHOLE.replace(b'"ts"', b'"ts":"x","ts"')),
    ],
)
def test_what_is_written_otherwise_is_left_to_it(value: bytes | None) -> None:
    assert take(value) is None


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from((*NAMES, "text", "arguments")) | TEXTS, VALUES, max_size=8))
def test_any_values(fields: dict[str, Any]) -> None:
    is_read(orjson.dumps(EVENT | fields))


def test_damaged_events_are_read_as_they_are_or_not_at_all() -> None:
    chance = random.Random(1)
    read = 0
    for _ in range(10_000):
        value = bytearray(WHOLE)
        for _ in range(chance.choice((1, 1, 2, 3))):
            at = chance.randrange(len(value))
            end = at + chance.choice((0, 0, 1, 3))
            value[at:end] = chance.choice(PIECES) if chance.random() < 0.8 else b""
        read += is_read(bytes(value))
    assert read > 1_000


def test_a_word_is_mostly_the_same_object_again_and_never_another_word() -> None:
    agents = [f"agent-{number}" for number in range(5_000)]
    same = 0
    for agent in agents * 2:
        value = orjson.dumps(EVENT | {"agent_name": agent})
        first, second = take(value), take(value)
        assert first is not None
        assert second is not None
        assert first[AGENT_NAME] == agent == second[AGENT_NAME]
        same += first[AGENT_NAME] is second[AGENT_NAME]
    # but for those that share their place with another word of the event
    assert same > 9_000


def test_tasks_and_panes_are_those_of_whole_events() -> None:
    events = sorted(chain(*(sessions(seed, 20) for seed in range(5))), key=time_of)
    extra = [
        event(time_of(each) + 1, kind, **{**who_of(each), **fields})
        for each, (kind, fields) in zip(events, KINDS * len(events), strict=False)
    ]
    messages = [
        SimpleNamespace(
            offset=offset,
            timestamp=time_of(each),
            value=orjson.dumps(
                each
                | {
                    "source": EVENT["source"] | {"offset": offset},
                    "redaction": EVENT["redaction"] | {"quarantined": offset % 7 // 6},
                }
            ),
        )
        for offset, each in enumerate(sorted(events + extra, key=time_of))
    ]
    assert any(take(message.value) for message in messages)
    parts, whole = PartitionAggregator(0), PartitionAggregator(0)
    in_full = [
        Record(message.offset, message.timestamp, event_of(orjson.loads(message.value)))
        for message in messages
    ]
    assert parts.apply(records_of(messages)) == whole.apply(in_full)
    end_ms = messages[-1].timestamp
    assert [parts.tick(end_ms + 10**6 * step) for step in range(4)] == [
        whole.tick(end_ms + 10**6 * step) for step in range(4)
    ]


def who_of(each: dict[str, Any]) -> dict[str, Any]:
    return {name: each[name] for name in ("trace_id", "session_id", "agent_name", "workflow")}


KINDS: list[tuple[str, dict[str, Any]]] = [
    ("retrieval", {"documents": EVENT["documents"], "latency_ms": 2.5, "environment": "test"}),
    ("retrieval", {"documents": None, "status": "timeout", "capability_tier": "tier-1"}),
    ("tool_call", {"arguments": {"b": 1, "a": 2}, "status": "error"}),
    ("tool_call", {"arguments": {"a": 2, "b": 1}, "status": "ok", "error_type": "x"}),
    ("tool_call", {"call_id": "c", "status": "cancelled", "task_id": "t"}),
    ("agent_step", {"step_name": "plan", "step_type": "plan", "latency_ms": 5}),
    ("agent_step", {"step_type": "task_end", "outcome": "failure", "task_id": "t"}),
    ("llm_call", {"tokens_in": 3, "tokens_cache_read": 2, "cost_usd": 0.25, "error_type": "x"}),
    ("evaluation", {}),
    ("guardrail", {"trace_id": ""}),
]

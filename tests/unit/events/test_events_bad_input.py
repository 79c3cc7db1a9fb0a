"""Bad input: each is exactly one rejection with its code, and its neighbours go on."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from pipeline.config import LimitSettings
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.events.rejection import Reason, Rejected

NOW = 1_769_900_000.0
LIMITS = LimitSettings(max_events_per_message=20)
ORIGIN = Origin("agent.events.raw", 3, 41)

EVENT = {
    "schema_version": 1,
    "event_id": "ev-1",
    "event_type": "tool_call",
    "trace_id": "t-1",
    "session_id": "s-1",
    "span_id": "b",
    "parent_span_id": "a",
    "ts": "2026-01-31T12:00:00Z",
    "agent_name": "refund-agent",
    "release_version": "1",
    "tool_name": "lookup_order",
    "latency_ms": 12.5,
    "arguments": {"note": "x"},
}
GOOD = orjson.dumps(EVENT)


def decode(value: bytes | None) -> list[DecodedEvent | Rejected]:
    return decode_message(value, origin=ORIGIN, limits=LIMITS, now=NOW)


def with_argument(raw: bytes) -> bytes:
    """The good event with `raw` as the value of its arguments."""
    return GOOD.replace(b'{"note":"x"}', raw)


BAD: dict[str, tuple[Reason, bytes]] = {
    "prose": (Reason.NOT_JSON, b"hello"),
    "truncated": (Reason.NOT_JSON, GOOD[:100]),
    "trailing comma": (Reason.NOT_JSON, GOOD[:-1] + b",}"),
    "control character in a string": (Reason.NOT_JSON, with_argument(b'"a\x01b"')),
    "byte order mark": (Reason.NOT_JSON, b"\xef\xbb\xbf" + GOOD),
    "two documents": (Reason.NOT_JSON, GOOD + b" " + GOOD),
    "bad UTF-8": (Reason.BAD_UTF8, with_argument(b'"\xff"')),
    "UTF-16": (Reason.BAD_UTF8, GOOD.decode().encode("utf-16")),
    "NaN": (Reason.NOT_A_NUMBER, with_argument(b"NaN")),
    "minus infinity": (Reason.NOT_A_NUMBER, with_argument(b"-Infinity")),
    "number beyond a double": (Reason.NOT_A_NUMBER, with_argument(b"1e999")),
    "integer of 5,000 digits": (Reason.NOT_A_NUMBER, with_argument(b"9" * 5000)),
    "lone surrogate": (Reason.LONE_SURROGATE, with_argument(b'"\\ud83d"')),
    "duplicate key": (Reason.DUPLICATE_KEY, GOOD[:-1] + b',"event_id":"ev-2"}'),
    "duplicate key below": (Reason.DUPLICATE_KEY, with_argument(b'{"a" : 1, "a":2}')),
    "duplicate key with equal colons": (
        Reason.DUPLICATE_KEY,
        with_argument(b'{"a":"\\u003a","a":"\\u003A\\u003a"}'),
    ),
    "duplicate of an escaped key": (Reason.DUPLICATE_KEY, with_argument(b'{"a":1,"\\u0061":2}')),
    "number": (Reason.NOT_AN_OBJECT, b"5"),
    "null": (Reason.NOT_AN_OBJECT, b"null"),
    "string": (Reason.NOT_AN_OBJECT, b'"event"'),
    "5 MB": (Reason.TOO_LARGE, with_argument(b'"' + b"x" * 5_000_000 + b'"')),
    "5 MB that are not JSON": (Reason.TOO_LARGE, b"x" * 5_000_000),
    "65 levels": (Reason.TOO_DEEP, with_argument(b"[" * 64 + b"]" * 64)),
    "1,000 levels": (Reason.TOO_DEEP, with_argument(b"[" * 1000 + b"]" * 1000)),
    "100,000 levels": (Reason.TOO_DEEP, with_argument(b'{"a":' * 100_000 + b"1" + b"}" * 100_000)),
    "100,000 levels never closed": (Reason.TOO_DEEP, with_argument(b"[" * 100_000)),
    "missing id": (Reason.MISSING_FIELD, GOOD.replace(b'"trace_id"', b'"trace"')),
    "unknown type": (Reason.UNKNOWN_TYPE, GOOD.replace(b"tool_call", b"telepathy")),
    "year 1970": (Reason.TIME_OUT_OF_RANGE, GOOD.replace(b"2026-01", b"1970-01")),
    "year 2100": (Reason.TIME_OUT_OF_RANGE, GOOD.replace(b"2026-01", b"2100-01")),
    "before year 1 in UTC": (
        Reason.BAD_FORMAT,
        GOOD.replace(b"2026-01-31T12:00:00Z", b"0001-01-01T00:00:00+01:00"),
    ),
}
IN_A_LINE = {name: case for name, case in BAD.items() if name not in ("UTF-16",)}
IN_AN_ARRAY = {
    name: case
    for name, case in IN_A_LINE.items()
    if name not in ("truncated", "100,000 levels never closed")
}
"""What leaves an array open has no neighbours behind it."""


@pytest.mark.parametrize(("reason", "value"), BAD.values(), ids=BAD.keys())
def test_bad_input_alone(reason: Reason, value: bytes) -> None:
    [result] = decode(value)

    assert isinstance(result, Rejected)
    assert (result.reason, result.index, result.size) == (reason, 0, len(value))


@pytest.mark.parametrize(("reason", "value"), IN_A_LINE.values(), ids=IN_A_LINE.keys())
def test_the_other_lines_go_on(reason: Reason, value: bytes) -> None:
    results = decode(GOOD + b"\n" + value + b"\n\n" + GOOD + b"\n")

    assert [getattr(result, "reason", "good") for result in results] == ["good", reason, "good"]
    assert [result.index for result in results] == [0, 1, 2]


@pytest.mark.parametrize(("reason", "value"), IN_AN_ARRAY.values(), ids=IN_AN_ARRAY.keys())
def test_the_other_elements_go_on(reason: Reason, value: bytes) -> None:
    results = decode(b"[" + GOOD + b", " + value + b"," + GOOD + b"]")

    assert [getattr(result, "reason", "good") for result in results] == ["good", reason, "good"]
    assert [result.index for result in results] == [0, 1, 2]


@pytest.mark.parametrize("value", [None, b"", b" \r\n\t ", b"[]", b" [ ] "])
def test_an_empty_message_is_one_rejection(value: bytes | None) -> None:
    assert [getattr(result, "reason", None) for result in decode(value)] == [Reason.EMPTY]


def test_an_array_that_ends_too_early_gives_what_came_before() -> None:
    results = decode(b"[" + GOOD + b"," + GOOD[:50])

    assert [getattr(result, "reason", "good") for result in results] == ["good", Reason.NOT_JSON]


@pytest.mark.parametrize(
    "value", [b"[" + GOOD + b",," + GOOD + b"]", b"[" + GOOD + b"] and", b"[" + GOOD + b",]"]
)
def test_a_hole_or_something_behind_an_array_costs_only_itself(value: bytes) -> None:
    results = decode(value)

    assert [result for result in results if isinstance(result, DecodedEvent)]
    assert [r.reason for r in results if isinstance(r, Rejected)] == [Reason.NOT_JSON]


@pytest.mark.parametrize("joint", [b",", b"\n"])
def test_a_message_with_too_many_events_is_refused_as_one(joint: bytes) -> None:
    value = joint.join([GOOD] * 21)
    value = b"[" + value + b"]" if joint == b"," else value

    [result] = decode(value)

    assert isinstance(result, Rejected)
    assert (result.reason, result.size) == (Reason.TOO_MANY_EVENTS, len(value))


def test_pretty_printed_and_broken_is_one_rejection() -> None:
    value = orjson.dumps(EVENT, option=orjson.OPT_INDENT_2).replace(b"12.5", b"NaN")

    assert [getattr(result, "reason", None) for result in decode(value)] == [Reason.NOT_A_NUMBER]


def test_an_event_is_measured_by_itself_not_by_its_message() -> None:
    big = with_argument(b'"' + b"x" * 700_000 + b'"')

    for value in (b"[" + big + b"," + big + b"]", big + b"\n" + big):
        assert all(isinstance(result, DecodedEvent) for result in decode(value))


@pytest.mark.parametrize(
    "arguments",
    [
        b'{"a\\"b":"c\\":d"}',
        b'"12:30:00 {[,]} \\u00e9 \\\\u003a"',
        b'{"a":{"a":[{"a":1},{"a":2}]}}',
    ],
)
def test_what_only_looks_like_trouble_passes(arguments: bytes) -> None:
    [result] = decode(with_argument(arguments))

    assert isinstance(result, DecodedEvent)
    assert result.event["arguments"] == orjson.loads(arguments)


def test_hints_are_given_only_where_they_are_safe() -> None:
    known = orjson.dumps({**EVENT, "latency_ms": "x"})
    foreign = orjson.dumps({**EVENT, "event_type": "jo@mail.example", "event_id": "Jo Lindqvist"})

    [safe], [unsafe] = decode(known), decode(foreign)

    assert isinstance(safe, Rejected)
    assert isinstance(unsafe, Rejected)
    assert (safe.event_type, safe.event_id) == ("tool_call", "ev-1")
    assert (unsafe.event_type, unsafe.event_id) == (None, None)


def test_the_clock_and_the_settings_bound_the_time() -> None:
    def reasons(ts: Any, **limits: Any) -> list[Any]:
        value = orjson.dumps({**EVENT, "ts": ts})
        results = decode_message(
            value, origin=ORIGIN, limits=LimitSettings(**limits), now=1_769_860_800.0
        )
        return [getattr(result, "reason", "good") for result in results]

    late, early = [Reason.TIME_OUT_OF_RANGE], ["good"]
    assert reasons("2026-01-31T12:01:00Z", max_future_seconds=60) == early
    assert reasons("2026-01-31T12:01:01Z", max_future_seconds=60) == late
    assert reasons("2026-01-31T14:01:01+02:00", max_future_seconds=60) == late
    assert reasons("2020-01-01T00:00:00Z") == early
    assert reasons("2020-01-01T00:00:00+00:01") == late
    assert reasons(1_577_836_800_000) == early
    assert reasons(1_577_836_799_999) == late

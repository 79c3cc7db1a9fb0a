"""Decode a Kafka value into events: parse once, validate by schema, normalise, price.

A value holds one event, a JSON array of events, or one event a line (NDJSON). Each bad input is
exactly one `Rejected`, and its neighbours go on. This is the hot path of the redactor.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Protocol

import orjson

from pipeline.events import split
from pipeline.events.contract import SCHEMA_VERSION, EventContract, event_contracts
from pipeline.events.diagnose import (
    nests_deeper,
    repeats_a_key,
    safe_hints,
    why_invalid,
    why_not_json,
)
from pipeline.events.normalize import normalize
from pipeline.events.prices import add_cost
from pipeline.events.rejection import Reason, Rejected


class Limits(Protocol):
    """What an event may be; `pipeline.config.LimitSettings` is one."""

    @property
    def max_event_bytes(self) -> int:
        """Bytes of one event."""

    @property
    def max_depth(self) -> int:
        """Levels of nesting, the event itself being the first; at most 200."""

    @property
    def max_events_per_message(self) -> int:
        """Events in one Kafka value."""

    @property
    def min_year(self) -> int:
        """First year, in UTC, that `ts` may lie in."""

    @property
    def max_future_seconds(self) -> float:
        """How far `ts` may lie ahead of the clock."""


class Origin:
    """Where a Kafka value came from."""

    __slots__ = ("offset", "partition", "topic")

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset


class DecodedEvent:
    """One valid event in its stored form, not yet redacted."""

    __slots__ = ("event", "index", "origin", "size")

    def __init__(self, event: dict[str, Any], index: int, size: int, origin: Origin) -> None:
        self.event = event
        """Flat, by the schemas of `schemas/events/`; see `normalize` for the form."""
        self.index = index
        """Position within its message, from 0."""
        self.size = size
        """Bytes of the event as JSON."""
        self.origin = origin


def decode_message(
    value: bytes | None, *, origin: Origin, limits: Limits, now: float
) -> list[DecodedEvent | Rejected]:
    """Return what a Kafka value holds, in order; never raises, never returns an empty list.

    `now` is in seconds since the epoch and bounds `ts`. An array or NDJSON gives one result for
    each element or line, `index` counting both kinds; a message that cannot be cut into events
    gives one `Rejected`.
    """
    if value is None or not value.strip():
        size = 0 if value is None else len(value)
        return [Rejected(Reason.EMPTY, "the message has no content", 0, size)]
    message = _Message(value, origin, limits, now)
    try:
        parsed = orjson.loads(value)
    except orjson.JSONDecodeError:
        return message.decode_parts()
    if type(parsed) is list:
        return message.decode_array(parsed)
    return [message.decode_document(parsed, value, 0)]


class _Message:
    """One Kafka value while it is decoded, with what all of its events are held against."""

    __slots__ = ("_earliest", "_latest", "_limits", "_origin", "_value")

    def __init__(self, value: bytes, origin: Origin, limits: Limits, now: float) -> None:
        self._value = value
        self._origin = origin
        self._limits = limits
        latest_second = int(now + limits.max_future_seconds)
        self._earliest, self._latest = _time_bounds(limits.min_year, latest_second)

    def decode_array(self, parsed: list[Any]) -> list[DecodedEvent | Rejected]:
        """Decode an array that orjson has read."""
        if not parsed:
            return [Rejected(Reason.EMPTY, "the array has no elements", 0, len(self._value))]
        if len(parsed) > self._limits.max_events_per_message:
            return [self._too_many()]
        written = _written(parsed)
        if written is None or _may_repeat_a_key(self._value, written):
            return self.decode_parts()
        return [
            self._decode_event(element, orjson.dumps(element), None, index)
            for index, element in enumerate(parsed)
        ]

    def decode_parts(self) -> list[DecodedEvent | Rejected]:
        """Decode the message piece by piece, because as a whole it cannot be used."""
        parts: Iterable[bytes]
        if split.is_array(self._value):
            parts = split.array_elements(self._value)
        else:
            parts = split.lines(self._value) or [self._value]
        results: list[DecodedEvent | Rejected] = []
        for index, part in enumerate(parts):
            if index == self._limits.max_events_per_message:
                return [self._too_many()]
            results.append(self._decode_part(part, index))
        return results

    def _decode_part(self, raw: bytes, index: int) -> DecodedEvent | Rejected:
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError:
            if len(raw) > self._limits.max_event_bytes:
                return self._too_large(None, index, len(raw))
            reason, detail = why_not_json(raw, self._limits.max_depth)
            return Rejected(reason, detail, index, len(raw))
        return self.decode_document(parsed, raw, index)

    def decode_document(self, parsed: Any, raw: bytes, index: int) -> DecodedEvent | Rejected:
        """Decode one document of which the bytes are known."""
        written = _written(parsed)
        if written is None:
            return self._too_deep(parsed, index, len(raw))
        if (
            len(raw) <= self._limits.max_event_bytes
            and _may_repeat_a_key(raw, written)
            and repeats_a_key(raw)
        ):
            detail = "an object names a key twice"
            return Rejected(Reason.DUPLICATE_KEY, detail, index, len(raw), *safe_hints(parsed))
        return self._decode_event(parsed, written, len(raw), index)

    def _decode_event(
        self, event: Any, written: bytes, size: int | None, index: int
    ) -> DecodedEvent | Rejected:
        """Decode one parsed document; `size` is None where only the `written` form is known."""
        if size is None:
            size = len(written)
        if size > self._limits.max_event_bytes:
            return self._too_large(event, index, size)
        # the number of brackets bounds the depth from above, and mostly settles it
        max_depth = self._limits.max_depth
        brackets = written.count(b"{") + written.count(b"[")
        if brackets > max_depth and nests_deeper(event, max_depth):
            return self._too_deep(event, index, size)
        if type(event) is not dict:
            return Rejected(Reason.NOT_AN_OBJECT, "an event is a JSON object", index, size)
        contract = _contract_of(event)
        if isinstance(contract, tuple):
            return Rejected(*contract, index, size, *safe_hints(event))
        if not contract.validator.is_valid(event):
            return Rejected(*why_invalid(event, contract), index, size, *safe_hints(event))
        try:
            normal = normalize(event, contract)
        except ValueError:
            detail = "a time does not exist in UTC"
            return Rejected(Reason.BAD_FORMAT, detail, index, size, *safe_hints(event))
        if not self._earliest <= normal["ts"] <= self._latest:
            early = normal["ts"] < self._earliest
            detail = f"ts: before {self._limits.min_year}" if early else "ts: in the future"
            return Rejected(Reason.TIME_OUT_OF_RANGE, detail, index, size, *safe_hints(event))
        if contract.event_type == "llm_call":
            add_cost(normal)
        return DecodedEvent(normal, index, size, self._origin)

    def _too_large(self, event: Any, index: int, size: int) -> Rejected:
        detail = f"an event has at most {self._limits.max_event_bytes} bytes"
        return Rejected(Reason.TOO_LARGE, detail, index, size, *safe_hints(event))

    def _too_deep(self, event: Any, index: int, size: int) -> Rejected:
        detail = f"an event has at most {self._limits.max_depth} levels of nesting"
        return Rejected(Reason.TOO_DEEP, detail, index, size, *safe_hints(event))

    def _too_many(self) -> Rejected:
        detail = f"a message has at most {self._limits.max_events_per_message} events"
        return Rejected(Reason.TOO_MANY_EVENTS, detail, 0, len(self._value))


def _written(parsed: Any) -> bytes | None:
    """Return `parsed` as JSON, or None if it nests too deep: orjson reads 1024 levels, writes 254.

    The written form serves three checks that a walk in Python would make ten times dearer: size,
    depth and repeated keys.
    """
    try:
        return orjson.dumps(parsed)
    except TypeError:
        return None


def _may_repeat_a_key(raw: bytes, written: bytes) -> bool:
    r"""Say whether an object in `raw` may name a key twice; False is certain, True is not.

    Of two members with one key a parser keeps one. So where orjson writes back what it read, byte
    for byte, there were none; that settles it for producers that write without blanks. Else the
    colons are counted: each member has one outside of strings, and those inside strings are the
    same in the input and in what orjson writes, unless the input spells one as `\u003a`. So equal
    numbers of colons mean that no member was dropped.
    """
    if raw == written:
        return False
    if raw.count(b":") != written.count(b":"):
        return True
    # a search for one byte is twenty times quicker than one for five
    if b"\\" not in raw or b"\\u003" not in raw:
        return False
    return b"\\u003a" in raw or b"\\u003A" in raw


def _contract_of(event: dict[Any, Any]) -> EventContract | tuple[Reason, str]:
    """Return the contract that `event` names, or why there is none."""
    version = event.get("schema_version", SCHEMA_VERSION)
    if type(version) in (int, float) and version != SCHEMA_VERSION:
        return Reason.UNSUPPORTED_VERSION, f"schema_version: only {SCHEMA_VERSION} is known"
    event_type = event.get("event_type")
    if type(event_type) is not str:
        if "event_type" in event:
            return Reason.WRONG_TYPE, "event_type: not a string"
        return Reason.MISSING_FIELD, "event_type"
    return event_contracts().get(event_type) or (
        Reason.UNKNOWN_TYPE,
        "event_type: not one of the known types",
    )


@lru_cache(maxsize=16)
def _time_bounds(min_year: int, latest_second: int) -> tuple[str, str]:
    """Return the first and the last allowed `ts`; normalised times compare as text."""
    latest = datetime.fromtimestamp(latest_second, UTC).strftime("%Y-%m-%dT%H:%M:%S.999999Z")
    return f"{min_year:04d}-01-01T00:00:00.000000Z", latest

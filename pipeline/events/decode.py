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
from pipeline.events.diagnose import safe_hints, why_invalid, why_not_json
from pipeline.events.normalize import normalize
from pipeline.events.prices import add_cost
from pipeline.events.rejection import Reason, Rejected
from pipeline.events.shape import members_in, of_parsed


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


class ConsumerRecord(Protocol):
    """What a consumer hands on, as far as decoding looks at it."""

    topic: str
    partition: int
    offset: int
    value: bytes | None


class Origin:
    """Where a Kafka value came from."""

    __slots__ = ("offset", "partition", "topic")

    def __init__(self, topic: str, partition: int, offset: int) -> None:
        self.topic = topic
        self.partition = partition
        self.offset = offset

    def source(self, index: int) -> dict[str, Any]:
        """Return where an event stands, as clean events and dead letters carry it in `source`."""
        return {
            "topic": self.topic,
            "partition": self.partition,
            "offset": self.offset,
            "index": index,
        }


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

    def source(self) -> dict[str, Any]:
        """Return where it stands; see `Origin.source`."""
        return self.origin.source(self.index)


def decode_message(
    value: bytes | None, *, origin: Origin, limits: Limits, now: float
) -> list[DecodedEvent | Rejected]:
    """Return what a Kafka value holds, in order; never raises, never returns an empty list.

    `now` is in seconds since the epoch and bounds `ts`. An array or NDJSON gives one result for
    each element or line, `index` counting both kinds; a message that cannot be cut into events
    gives one `Rejected`.
    """
    return _Decoder(limits, now).decode(value, origin)


class DecodedBatch:
    """What a batch of records holds: the events, and what was refused with where it stood."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.events: list[DecodedEvent] = []
        self.refused: list[tuple[Origin, Rejected]] = []
        self._decoder = _Decoder(limits, now)

    def add(self, record: ConsumerRecord) -> None:
        """Decode one more record."""
        origin = Origin(record.topic, record.partition, record.offset)
        for item in self._decoder.decode(record.value, origin):
            if isinstance(item, DecodedEvent):
                self.events.append(item)
            else:
                self.refused.append((origin, item))


class _Decoder:
    """Decodes Kafka values, with what all of their events are held against."""

    # the limits are read once: to ask the settings costs more than to compare
    def __init__(self, limits: Limits, now: float) -> None:
        self._max_bytes: int = limits.max_event_bytes
        self._max_depth: int = limits.max_depth
        self._max_events: int = limits.max_events_per_message
        self._min_year: int = limits.min_year
        latest_second = int(now + limits.max_future_seconds)
        self._earliest, self._latest = _time_bounds(self._min_year, latest_second)
        self._contracts: dict[str, EventContract] = event_contracts()
        self._version: int = SCHEMA_VERSION

    def decode(self, value: bytes | None, origin: Origin) -> list[DecodedEvent | Rejected]:
        """Decode one value; see `decode_message`."""
        if value is None or not value.strip():
            size = 0 if value is None else len(value)
            return [Rejected(Reason.EMPTY, "the message has no content", 0, size)]
        try:
            parsed = orjson.loads(value)
        except orjson.JSONDecodeError:
            return self._decode_parts(value, origin)
        if type(parsed) is list:
            return self._decode_array(parsed, value, origin)
        return [self._decode_document(parsed, value, 0, origin)]

    def _decode_array(
        self, parsed: list[Any], value: bytes, origin: Origin
    ) -> list[DecodedEvent | Rejected]:
        """Decode an array that orjson has read."""
        if not parsed:
            return [Rejected(Reason.EMPTY, "the array has no elements", 0, len(value))]
        if len(parsed) > self._max_events:
            return [self._too_many(value)]
        levels, members = of_parsed(parsed)
        too_deep = levels > self._max_depth + 1
        # a parser keeps one of two members with the same key
        if too_deep or members_in(value) != members:
            return self._decode_parts(value, origin)
        return [
            self._decode_event(element, len(orjson.dumps(element)), levels - 1, index, origin)
            for index, element in enumerate(parsed)
        ]

    def _decode_parts(self, value: bytes, origin: Origin) -> list[DecodedEvent | Rejected]:
        """Decode the message piece by piece, because as a whole it cannot be used."""
        parts: Iterable[bytes]
        if split.is_array(value):
            parts = split.array_elements(value)
        else:
            parts = split.lines(value) or [value]
        results: list[DecodedEvent | Rejected] = []
        for index, part in enumerate(parts):
            if index == self._max_events:
                return [self._too_many(value)]
            results.append(self._decode_part(part, index, origin))
        return results

    def _decode_part(self, raw: bytes, index: int, origin: Origin) -> DecodedEvent | Rejected:
        try:
            parsed = orjson.loads(raw)
        except orjson.JSONDecodeError:
            if len(raw) > self._max_bytes:
                return self._too_large(None, index, len(raw))
            reason, detail = why_not_json(raw, self._max_depth)
            return Rejected(reason, detail, index, len(raw))
        return self._decode_document(parsed, raw, index, origin)

    def _decode_document(
        self, parsed: Any, raw: bytes, index: int, origin: Origin
    ) -> DecodedEvent | Rejected:
        """Decode one document of which the bytes are known."""
        levels, members = of_parsed(parsed)
        if len(raw) <= self._max_bytes and members_in(raw) != members:
            detail = "an object names a key twice"
            return Rejected(Reason.DUPLICATE_KEY, detail, index, len(raw), *safe_hints(parsed))
        return self._decode_event(parsed, len(raw), levels, index, origin)

    def _decode_event(
        self, event: Any, size: int, levels: int, index: int, origin: Origin
    ) -> DecodedEvent | Rejected:
        """Decode one parsed document that nests no deeper than `levels`."""
        if size > self._max_bytes:
            return self._too_large(event, index, size)
        if levels > self._max_depth:
            return self._too_deep(event, index, size)
        if type(event) is not dict:
            return Rejected(Reason.NOT_AN_OBJECT, "an event is a JSON object", index, size)
        contract = self._contract_of(event)
        if isinstance(contract, tuple):
            return Rejected(*contract, index, size, *safe_hints(event))
        normal = event
        if not contract.form.settle(event):
            if not contract.validator.is_valid(event):
                return Rejected(*why_invalid(event, contract), index, size, *safe_hints(event))
            try:
                normal = normalize(event, contract)
            except ValueError:
                detail = "a time does not exist in UTC"
                return Rejected(Reason.BAD_FORMAT, detail, index, size, *safe_hints(event))
        ts: str = normal["ts"]
        if not self._earliest <= ts <= self._latest:
            early = ts < self._earliest
            detail = f"ts: before {self._min_year}" if early else "ts: in the future"
            return Rejected(Reason.TIME_OUT_OF_RANGE, detail, index, size, *safe_hints(event))
        if contract.event_type == "llm_call":
            add_cost(normal)
        return DecodedEvent(normal, index, size, origin)

    def _contract_of(self, event: dict[Any, Any]) -> EventContract | tuple[Reason, str]:
        """Return the contract that `event` names, or why there is none."""
        version = event.get("schema_version")
        # a version that is no number is for the schema to refuse
        if type(version) in (int, float) and version != self._version:
            return Reason.UNSUPPORTED_VERSION, f"schema_version: only {SCHEMA_VERSION} is known"
        event_type = event.get("event_type")
        if type(event_type) is not str:
            if "event_type" in event:
                return Reason.WRONG_TYPE, "event_type: not a string"
            return Reason.MISSING_FIELD, "event_type"
        return self._contracts.get(event_type) or (
            Reason.UNKNOWN_TYPE,
            "event_type: not one of the known types",
        )

    def _too_large(self, event: Any, index: int, size: int) -> Rejected:
        detail = f"an event has at most {self._max_bytes} bytes"
        return Rejected(Reason.TOO_LARGE, detail, index, size, *safe_hints(event))

    def _too_deep(self, event: Any, index: int, size: int) -> Rejected:
        detail = f"an event has at most {self._max_depth} levels of nesting"
        return Rejected(Reason.TOO_DEEP, detail, index, size, *safe_hints(event))

    def _too_many(self, value: bytes) -> Rejected:
        detail = f"a message has at most {self._max_events} events"
        return Rejected(Reason.TOO_MANY_EVENTS, detail, 0, len(value))


@lru_cache(maxsize=16)
def _time_bounds(min_year: int, latest_second: int) -> tuple[str, str]:
    """Return the first and the last allowed `ts`; normalised times compare as text."""
    latest = datetime.fromtimestamp(latest_second, UTC).strftime("%Y-%m-%dT%H:%M:%S.999999Z")
    return f"{min_year:04d}-01-01T00:00:00.000000Z", latest

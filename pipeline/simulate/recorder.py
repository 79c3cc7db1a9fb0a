"""Writes down the events of one session: its clock, its ids and how each event reaches Kafka."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import orjson

from pipeline.simulate.templates import Planted
from pipeline.simulate.truth import SimulatedEvent

_MEAN_DELAY_SECONDS = 0.15
_STRAGGLES = 0.01
_STRAGGLER_SECONDS = 5.0
"""One event in a hundred reaches Kafka up to this much later than the others."""


class Recorder:
    """Turns the steps of a session into events, in event time, one after the other."""

    def __init__(
        self,
        draw: random.Random,
        envelope: dict[str, Any],
        planted: Sequence[Planted],
        start: float,
        silent: Callable[[float], bool],
    ) -> None:
        self._draw = draw
        self._envelope = envelope
        self._planted = tuple(planted)
        self._silent = silent
        self._key = envelope["session_id"].encode()
        self.now = start
        """The session's clock, in seconds since the epoch."""
        self.events: list[SimulatedEvent] = []
        """What was recorded; steps that fall into a silence are not."""

    def span_id(self) -> str:
        """Return a new span id."""
        return f"{self._draw.getrandbits(64):016x}"

    def emit(
        self,
        event_type: str,
        fields: dict[str, Any],
        *,
        parent: str | None,
        span_id: str | None = None,
        latency_ms: float | None = None,
        planted: Sequence[Planted] = (),
    ) -> str | None:
        """Record a step that begins now and takes `latency_ms`; return its span id.

        Returns None if the step falls into a silence: then nothing was recorded, and nothing of
        it may be counted.
        """
        span_id = span_id or self.span_id()
        begun = self.now
        event = {
            **self._envelope,
            "event_id": f"{self._envelope['session_id']}.{span_id}",
            "event_type": event_type,
            "span_id": span_id,
            "parent_span_id": parent,
            "ts": utc(begun),
            **fields,
        }
        if latency_ms is not None:
            event["latency_ms"] = round(latency_ms, 1)
            self.now += latency_ms / 1000
        at = self.now + self._draw.expovariate(1 / _MEAN_DELAY_SECONDS)
        if self._draw.random() < _STRAGGLES:
            at += self._draw.random() * _STRAGGLER_SECONDS
        if self._silent(begun):
            return None
        self.events.append(
            SimulatedEvent(
                at=at,
                key=self._key,
                value=orjson.dumps(event),
                event_id=event["event_id"],
                planted=(*self._planted, *planted),
                session=None,
            )
        )
        return span_id


def utc(at: float) -> str:
    """Return seconds since the epoch as producers write times, to the millisecond."""
    second = int(at)
    return f"{_second(second)}.{int((at - second) * 1000):03d}Z"


@lru_cache(maxsize=1024)
def _second(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")

"""What the fault tests publish: a seeded fleet, with duplicates and poison where asked for."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

import orjson

from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.config import Settings
from pipeline.errors import RetryableError
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate
from pipeline.simulate.truth import SessionTruth, SimulatedEvent
from pipeline.topics import EVENTS_RAW

CHUNK = 500
LOOK_EVERY = 2_500
"""Messages between two looks at how far the workers are behind."""
DAY = 86_400.0
FIRST_DAY = (time.time() // DAY - 45) * DAY
"""Event time of the first load; each further one begins a day later. All lie in the past: an event
that is ahead of the clock is refused."""
LOADS = 40
"""How many there may be."""
LITERAL = frozenset({"EMAIL_ADDRESS", "CREDIT_CARD", "IBAN_CODE", "US_SSN"})
"""Types of planted values that are looked for downstream, literally."""


@dataclass(frozen=True)
class Mix:
    """What is mixed into the events."""

    duplicates: float = 0.0
    """Share of events that are published a second time, with the same id."""
    poison: float = 0.0
    """Share of messages that hold no event."""


@dataclass
class Published:
    """What the brokers have acknowledged; the truth that the oracle starts from."""

    event_ids: set[str] = field(default_factory=set)
    poison: int = 0
    again: int = 0
    planted: set[str] = field(default_factory=set)
    sessions: dict[str, SessionTruth] = field(default_factory=dict)
    """Of sessions that came to their end."""


class Load:
    """Publishes a fleet's events at a pace, until told to stop and at least `least` are out."""

    def __init__(
        self,
        settings: Settings,
        number: int,
        least: int,
        rate: float,
        mix: Mix | None = None,
        room: Callable[[int], Awaitable[None]] | None = None,
    ) -> None:
        """`rate` is in events a second; `number` tells loads apart, in time and in content.

        `room` is told how many are out, and returns when the workers are near enough for more.
        """
        assert number < LOADS
        self._settings = settings
        self._number = number
        self._least = least
        self._rate = rate
        self._mix = mix or Mix()
        self._room = room
        self._draw = random.Random(f"load {number}")
        self._may_end = asyncio.Event()
        self.published = Published()

    def may_end(self) -> None:
        """Let it end as soon as the least number is out."""
        self._may_end.set()

    async def run(self) -> None:
        """Publish; a broker that is away is tried again."""
        events = simulate(
            FleetConfig(
                start=FIRST_DAY + self._number * DAY,
                seed=1_000 + self._number,
                # a million events are hours: panes and tasks close, and a day is enough
                sessions_per_minute=200.0,
                rhythm=False,
            )
        )
        producer = BatchProducer(self._settings.kafka)
        await producer.start()
        try:
            sent, looked, due = 0, 0, time.monotonic()
            while sent < self._least or not self._may_end.is_set():
                messages = list(self._messages(events))
                await self._send(producer, messages)
                sent += len(messages)
                due += len(messages) / self._rate
                if self._room is not None and sent - looked >= LOOK_EVERY:
                    looked = sent
                    await self._room(sent)
                    due = max(due, time.monotonic())
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        finally:
            await producer.stop()

    def _messages(self, events: Iterator[SimulatedEvent]) -> Iterator[Record]:
        published, draw = self.published, self._draw
        for _, event in zip(range(CHUNK), events, strict=False):
            published.event_ids.add(event.event_id)
            published.planted.update(p.value for p in event.planted if p.entity_type in LITERAL)
            if event.session is not None:
                published.sessions[event.session.session_id] = event.session
            yield Record(event.key, event.value)
            if draw.random() < self._mix.duplicates:
                published.again += 1
                yield Record(event.key, event.value)
            if draw.random() < self._mix.poison:
                published.poison += 1
                yield Record(event.key, draw.choice(POISON)(event.value))

    async def _send(self, producer: BatchProducer, messages: list[Record]) -> None:
        while True:
            try:
                await producer.send(EVENTS_RAW.name, messages)
            except RetryableError:
                # some may be stored: the oracle counts what the input topic really holds
                await asyncio.sleep(0.3)
            else:
                return


def _wrong_type(value: bytes) -> bytes:
    return orjson.dumps({**orjson.loads(value), "latency_ms": "soon"})


def _too_deep(value: bytes) -> bytes:
    return value[:-1] + b',"deep":' + b"[" * 300 + b"]" * 300 + b"}"


POISON = (
    lambda value: b"\xff\xfe" + value[:100],
    lambda value: value[: len(value) // 2],
    lambda value: b"",
    _wrong_type,
    _too_deep,
    lambda value: value[:-1] + b',"output":"' + b"x" * 1_200_000 + b'"}',
)
"""Bad UTF-8, cut JSON, nothing, a wrong type, nesting without end, and too large by far."""

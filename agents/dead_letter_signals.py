"""Tells the detector how many inputs were refused."""

from __future__ import annotations

from typing import Protocol

import orjson

from agents.delivery import Run
from pipeline.adapters.kafka.batches import Record
from pipeline.detection.messages import Signals
from pipeline.detection.signals import Signal
from pipeline.topics import WINDOWS_PARTIAL


class Producer(Protocol):
    """What it needs of Kafka."""

    async def send(self, topic: str, records: list[Record]) -> None:
        """Store records; return when they are acknowledged."""


class DeadLetterSignals:
    """One signal for each run of dead letters; the time is Kafka's.

    A run that is delivered again may be cut otherwise and then counts again: after a crash a rate
    may look higher for the ten minutes that its rule looks back.
    """

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def handle(self, runs: list[Run]) -> None:
        """Count whole runs; return when the counts are acknowledged."""
        signals = [signal for run in runs if (signal := _signal_of(run)) is not None]
        if signals:
            message = Record(b"signals", Signals(tuple(signals)).to_bytes())
            await self._producer.send(WINDOWS_PARTIAL.name, [message])


def _signal_of(run: Run) -> Signal | None:
    refused = sum(_is_refused_input(record.value) for record in run.records)
    if not refused:
        return None
    return Signal(
        time=run.records[-1].timestamp / 1000,
        id=f"dlq:{run.partition}:{run.first}:{run.end}",
        measure="dead_letters",
        value=float(refused),
    )


def _is_refused_input(value: bytes | None) -> bool:
    """Tell whether a dead letter is about an event, and not about one text in an event."""
    try:
        letter = orjson.loads(value or b"")
    except orjson.JSONDecodeError:
        return False
    return isinstance(letter, dict) and letter.get("kind") != "leaf"

"""Dead letters are counted for the detector; texts that were held back are not refused inputs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import orjson

from agents.dead_letter_signals import DeadLetterSignals
from agents.delivery import Run
from pipeline.adapters.kafka.batches import Record
from pipeline.detection.messages import Signals, read_message
from pipeline.topics import WINDOWS_PARTIAL


class Producer:
    def __init__(self) -> None:
        self.sent: list[tuple[str, Record]] = []

    async def send(self, topic: str, records: list[Record]) -> None:
        self.sent += [(topic, record) for record in records]


def run_of(partition: int, first: int, *letters: object) -> Run:
    found: list[Any] = [
        SimpleNamespace(offset=offset, value=orjson.dumps(letter), timestamp=5_000 + offset)
        for offset, letter in enumerate(letters, first)
    ]
    return Run("agent.events.dlq", partition, found, 1, None)


async def test_each_run_is_one_signal() -> None:
    producer = Producer()
    event, leaf = {"kind": "event"}, {"kind": "leaf"}
    runs = [run_of(0, 7, event, leaf, event, "forged"), run_of(1, 0, leaf), run_of(2, 3, event)]
    await DeadLetterSignals(producer).handle(runs)
    [(topic, record)] = producer.sent
    assert topic == WINDOWS_PARTIAL.name
    message = read_message(record.value or b"")
    assert isinstance(message, Signals)
    assert [(s.measure, s.id, s.value, s.time) for s in message.signals] == [
        ("dead_letters", "dlq:0:7:11", 2.0, 5.01),
        ("dead_letters", "dlq:2:3:4", 1.0, 5.003),
    ]


async def test_nothing_refused_is_nothing_said() -> None:
    producer = Producer()
    await DeadLetterSignals(producer).handle([run_of(0, 0, {"kind": "leaf"})])
    assert producer.sent == []

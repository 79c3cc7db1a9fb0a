"""Tells the detector what a command found, so that its rules can make an alert of it."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.batches import Record
from pipeline.cli.console import err
from pipeline.cli.sending import connected
from pipeline.config import KafkaSettings
from pipeline.detection.messages import Signals
from pipeline.detection.signals import Signal
from pipeline.errors import SluiceError
from pipeline.topics import WINDOWS_PARTIAL


async def tell_detector(kafka: KafkaSettings, signals: Sequence[Signal]) -> bool:
    """Send `signals`, where there is a detector's topic; that it failed is said, never raised.

    Returns whether they were sent.

    What was found has been printed and counted by then, and must not be lost to a second error.
    """
    if not signals:
        return False
    try:
        if await topic_states(kafka, [WINDOWS_PARTIAL.name]):
            async with connected(kafka) as producer:
                message = Record(b"signals", Signals(tuple(signals)).to_bytes())
                await producer.send(WINDOWS_PARTIAL.name, [message])
            return True
    except SluiceError as error:
        err.print(f"[yellow]the detector could not be told: {error}[/]")
    return False

"""What a command found is told to the detector, and a broker that is away does not undo it."""

from __future__ import annotations

import pytest

from pipeline.cli import telling
from pipeline.config import KafkaSettings
from pipeline.detection.signals import Signal
from pipeline.errors import UnavailableError

FOUND = [Signal(0.0, "reconcile:agent.events.raw:0", "reconcile_findings")]


async def test_that_it_could_not_be_told_is_said_and_not_raised(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def away(*_: object) -> None:
        raise UnavailableError("no Kafka")

    monkeypatch.setattr(telling, "topic_states", away)
    await telling.tell_detector(KafkaSettings(), FOUND)
    assert "could not be told: no Kafka" in capsys.readouterr().err


async def test_with_nothing_found_nobody_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "topic_states", None)
    await telling.tell_detector(KafkaSettings(), [])

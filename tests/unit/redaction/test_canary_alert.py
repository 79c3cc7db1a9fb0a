"""A find of a canary is one alert: the detector's where one is at work, else the command's own."""

from __future__ import annotations

from typing import Any, cast

import pytest

from pipeline.adapters.kafka.admin import GroupLag
from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.cli import canary_alert
from pipeline.cli.canary_report import Report
from pipeline.config import Settings
from pipeline.detection.signals import Signal
from pipeline.topics import ALERTS, WINDOWS_PARTIAL


class Producer:
    def __init__(self) -> None:
        self.topics: list[str] = []

    async def send(self, topic: str, records: list[Record]) -> None:
        self.topics += [topic for _ in records]


def report(*, rows: int = 5, hits: int = 0) -> Report:
    made = Report("r1", 100.0, events=5, broken=1, rows=rows, dead_letters=1)
    for _ in range(hits):
        made.findings.add("table t", "PERSON")
    return made


async def told(
    monkeypatch: pytest.MonkeyPatch,
    made: Report,
    settings: Settings,
    *members: int,
    detector_hears: bool = True,
) -> list[str]:
    """Return the topics that `tell` writes to, with a detector group of so many members."""

    async def groups(*_: Any) -> list[GroupLag]:
        return [GroupLag(canary_alert.DETECTOR_GROUP, "Stable", each, {}) for each in members]

    async def exist(*_: Any) -> list[str]:
        return ["a topic"]

    async def no_records(*_: Any) -> Any:
        for _ in ():
            yield _

    monkeypatch.setattr(canary_alert, "group_lags", groups)
    monkeypatch.setattr(canary_alert, "topic_states", exist)
    monkeypatch.setattr(canary_alert, "records", no_records)
    producer = Producer()

    async def tell_detector(_: Any, signals: list[Signal]) -> bool:
        producer.topics += [WINDOWS_PARTIAL.name for _ in signals]
        return detector_hears

    monkeypatch.setattr(canary_alert, "tell_detector", tell_detector)
    await canary_alert.tell(settings, cast(BatchProducer, producer), made)
    return producer.topics


async def test_a_detector_at_work_raises_the_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    assert await told(monkeypatch, report(hits=2), Settings(), 1) == [WINDOWS_PARTIAL.name]


async def test_what_the_detector_could_not_be_told_the_command_tells(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    topics = await told(monkeypatch, report(hits=1), Settings(), 1, detector_hears=False)
    assert topics == [WINDOWS_PARTIAL.name, ALERTS.name]


@pytest.mark.parametrize("members", [(), (0,)])
async def test_without_one_the_command_does(
    monkeypatch: pytest.MonkeyPatch, members: tuple[int, ...]
) -> None:
    assert await told(monkeypatch, report(hits=2), Settings(), *members) == [ALERTS.name]


async def test_a_detector_without_such_a_rule_does_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(
        "version: 1\nrules:\n  - {name: late, kind: limit, summary: s, measure: late_events, "
        "statistic: total, window: 5m, above: 1}\n"
    )
    settings = Settings.model_validate({"detection": {"rules_file": rules}})
    assert await told(monkeypatch, report(hits=1), settings, 1) == [ALERTS.name]


async def test_what_did_not_arrive_is_the_command_s_to_tell(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert await told(monkeypatch, report(rows=4), Settings(), 1) == [ALERTS.name]
    assert await told(monkeypatch, report(), Settings(), 1) == []

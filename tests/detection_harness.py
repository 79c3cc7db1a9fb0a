"""Aggregator and detector without Kafka: events in, alerts, modes and windows out.

The cores are the real ones, their messages go through bytes as they do on the topic; only the
broker and the workers around them are missing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipeline.adapters.kafka.batches import partition_for_key
from pipeline.detection.aggregator_messages import messages_of
from pipeline.detection.alert import Alert, Status
from pipeline.detection.messages import NOTHING_KNOWN, Progress, read_message
from pipeline.detection.modes import ModeNotice
from pipeline.detection.partition import PartitionDetector
from pipeline.detection.rules import RuleSet, default_rules
from pipeline.tasks.event import event_of
from pipeline.windows.batch import AggregatorConfig, Record
from pipeline.windows.event_time import event_time_ms
from pipeline.windows.pane import Resolution
from pipeline.windows.partition import PartitionAggregator
from pipeline.windows.stats import WindowStats

Event = dict[str, Any]


@dataclass
class Seen:
    """What came out, in order."""

    alerts: list[Alert] = field(default_factory=list)
    modes: list[ModeNotice] = field(default_factory=list)
    windows: list[WindowStats] = field(default_factory=list)

    def fired(self) -> list[tuple[str, tuple[tuple[str, str], ...], float | None, str]]:
        """Return rule, scope, time and episode of every alert that fired, once each."""
        found = [
            (alert.rule, tuple(sorted(alert.labels.items())), alert.fired_at, alert.episode)
            for alert in self.alerts
            if alert.status is Status.FIRING
        ]
        return list(dict.fromkeys(found))


class Pipeline:
    """`partitions` aggregators and one detector; each can be killed between two batches."""

    def __init__(
        self,
        *,
        partitions: int = 4,
        config: AggregatorConfig | None = None,
        rules: RuleSet | None = None,
    ) -> None:
        self._config = config or AggregatorConfig(publish_open=False)
        self._rules = rules or default_rules()
        self._count = partitions
        self._offsets = dict.fromkeys(range(partitions), 0)
        self._tables: dict[int, dict[str, bytes]] = {n: {} for n in range(partitions)}
        self._aggregators = {n: PartitionAggregator(n, self._config) for n in range(partitions)}
        self._told: dict[int, Progress | None] = dict.fromkeys(range(partitions))
        self.state: dict[str, bytes] = {}
        self.detector = PartitionDetector(self._rules)
        self.seen = Seen()

    def partition_of(self, event: Event) -> int:
        """Return the partition that the event's session has."""
        return partition_for_key(event["session_id"].encode(), self._count)

    def feed(self, events: Sequence[Event], *, replayed: Sequence[Event] = ()) -> None:
        """Take a batch of events of any partitions, in their order; Kafka's time is the event's.

        `replayed` go first and count as read before: their offsets lie before the batch.
        """
        by_partition: dict[int, list[Record]] = {}
        for events_now, back in ((replayed, True), (events, False)):
            for event in events_now:
                number = self.partition_of(event)
                if back:
                    self._offsets[number] -= 1
            for event in events_now:
                number = self.partition_of(event)
                record_ms = event_time_ms(event["ts"]) + 50
                record = Record(self._offsets[number], record_ms, event_of(event))
                self._offsets[number] += 1
                by_partition.setdefault(number, []).append(record)
        for number, batch in by_partition.items():
            self._apply(number, batch)

    def _apply(self, number: int, batch: Sequence[Record]) -> None:
        aggregator = self._aggregators[number]
        changes = aggregator.apply(batch)
        write(self._tables[number], changes.writes)
        watermark_ms = aggregator.watermark_ms
        progress = Progress(
            number,
            self._count,
            NOTHING_KNOWN if watermark_ms is None else Resolution.TEN_SECONDS.floor(watermark_ms),
            idle=False,
        )
        messages = messages_of(changes, progress, self._told[number], aggregator.fence)
        self._told[number] = progress
        self._deliver(value for _, value in messages)

    def _deliver(self, values: Iterable[bytes]) -> None:
        for value in values:
            self.detector.apply(read_message(value))
            while self.detector.is_behind():
                self.detector.step(1_000)
        changes = self.detector.take_changes()
        self.seen.alerts += changes.alerts
        self.seen.modes += changes.modes
        self.seen.windows += changes.windows
        write(self.state, changes.writes)

    def crash_aggregator(self, number: int) -> None:
        """Forget what memory holds and load the table."""
        self._aggregators[number] = PartitionAggregator.load(
            number, list(self._tables[number].items()), self._config
        )
        self._told[number] = None

    def crash_detector(self) -> None:
        """Forget what memory holds and load the table."""
        self.detector = PartitionDetector.load(list(self.state.items()), self._rules)


def write(table: dict[str, bytes], writes: Iterable[tuple[str, bytes | None]]) -> None:
    """Apply writes to a table."""
    for key, value in writes:
        if value is None:
            table.pop(key, None)
        else:
            table[key] = value


def batches(events: Sequence[Event], size: int) -> Iterator[Sequence[Event]]:
    """Cut events into batches."""
    for start in range(0, len(events), size):
        yield events[start : start + size]


def shuffled_within(events: Sequence[Event], lateness_ms: int, seed: int) -> list[Event]:
    """Return the events in another order, none later than newer ones by the lateness."""
    chance = random.Random(seed)
    delayed = [
        (event_time_ms(event["ts"]) + chance.randrange(lateness_ms), event) for event in events
    ]
    return [event for _, event in sorted(delayed, key=lambda item: item[0])]

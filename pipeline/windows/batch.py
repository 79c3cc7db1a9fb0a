"""What goes into the aggregator of a source partition, and what comes out of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from pipeline.extensions import check_interface
from pipeline.storage.rows import Refusal, read_event
from pipeline.tasks.budgets import BudgetPolicy
from pipeline.tasks.event import Event, event_of
from pipeline.windows import event_fields
from pipeline.windows.cardinality import DEFAULT_CAP
from pipeline.windows.watermark import WatermarkConfig

check_interface(event_fields, 2)
_take: Final = event_fields.take


@dataclass(frozen=True, slots=True)
class AggregatorConfig:
    """How event time is kept, when tasks close, what they may use, and how many values count."""

    watermark: WatermarkConfig = field(default_factory=WatermarkConfig)
    idle_ms: int = 1_800_000
    """Event time without an event after which a task closes."""
    budgets: BudgetPolicy = field(default_factory=BudgetPolicy)
    label_cap: int = DEFAULT_CAP
    """Values of one label that a partition counts by name."""
    label_days: int = 15
    max_awake: int = 4_000
    """Open tasks beyond which those that have ended sleep, see `OpenTasks`."""
    publish_open: bool = True
    """Whether panes are published while they can still change, too, and not once when they close:
    for readers that cannot wait for the watermark, at many times the messages."""


class Record:
    """One clean event as it was read."""

    def __init__(self, offset: int, record_ms: int, event: Event) -> None:
        self.offset = offset
        """In the partition of the clean topic."""
        self.record_ms = record_ms
        """The time Kafka has for it."""
        self.event = event


class Message(Protocol):
    """What Kafka delivers."""

    offset: int
    timestamp: int
    """Milliseconds."""
    value: bytes | None


def records_of(messages: Iterable[Message]) -> Iterator[Record]:
    """Read each when it is asked for; leave out what is no verified event of ours.

    Of most events only the fields that tasks and panes are made of are read.
    """
    for message in messages:
        value = message.value
        event = _take(value)
        if event is None:
            whole = read_event(value)
            if isinstance(whole, Refusal):
                continue
            event = event_of(whole)
        yield Record(message.offset, message.timestamp, event)


@dataclass(slots=True)
class Changes:
    """What a batch led to: `writes` go to the table in this order, the rest to topics, metrics."""

    writes: list[tuple[str, bytes | None]] = field(default_factory=list)
    """Key and value; None removes the key."""
    partials: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Key and value for agent.windows.partial."""
    tasks: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Key and value of budget events and summaries for agent.tasks."""
    crossings: list[dict[str, Any]] = field(default_factory=list)
    """The budget events among them, as they are."""
    asleep: list[str] = field(default_factory=list)
    """Keys of `writes` that only a late event or the watermark will ask for again, if anything."""
    unfinished: bool = False
    """Whether the same `tick` would close more: it closes so many tasks at once."""
    applied: int = 0
    replayed: int = 0
    """Events at or below a fence: delivered again, and skipped."""
    processed: int = 0
    """Events whose place in the input came before: sent again by the redactor, and skipped."""
    repeated: int = 0
    """Events whose id came before, at another offset: produced again, and skipped."""
    late: dict[str, int] = field(default_factory=dict)
    """Events beyond the lateness, by agent; they count for an open task, but for no window."""
    early: dict[str, int] = field(default_factory=dict)
    """Events ahead of Kafka's clock by more than is allowed, by agent; they count likewise."""
    overflowed: list[str] = field(default_factory=list)
    """Labels that reached their cap; each is named once."""

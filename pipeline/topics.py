"""The catalogue of Kafka topics: every topic Sluice reads or writes is declared here, once.

Topics are created up front from this list (`sluice migrate`, `sluice up`), never by a producer's
first message. Replication and min.insync.replicas come from settings: they differ by environment.
"""

from __future__ import annotations

from dataclasses import dataclass, field

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MIB = 1024 * 1024


@dataclass(frozen=True)
class Topic:
    """One topic: its name and how it is kept. Times in milliseconds, sizes in bytes."""

    name: str
    key: str
    """What the message key is, in words."""
    value: str
    """What the message value is, in words."""
    retention_ms: int
    compacted: bool = False
    max_message_bytes: int = 2 * MIB
    partitions: int | None = None
    """None: the number in settings (`kafka.partitions`)."""
    extra: dict[str, str] = field(default_factory=dict)

    def config(self, *, min_insync_replicas: int = 1) -> dict[str, str]:
        """Return the broker's topic configuration as names and values."""
        return {
            "retention.ms": str(self.retention_ms),
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(self.max_message_bytes),
            "min.insync.replicas": str(min_insync_replicas),
            **self.extra,
        }


_STATE = {
    # a worker that starts reads all of it: closed segments are compacted every minute
    "segment.ms": "60000",
    "min.cleanable.dirty.ratio": "0.05",
    # removals are kept for longer than any start takes to read them
    "delete.retention.ms": "900000",
}
"""Of the changelogs of workers' tables."""

EVENTS_RAW = Topic(
    name="agent.events.raw",
    key="session_id is best; any key, or none, is accepted",
    value="one native event v1, a JSON array of them, or NDJSON; may hold personal data",
    retention_ms=24 * HOUR_MS,
    # far above the limit of one event, so that an oversize one reaches us and is dead-lettered
    max_message_bytes=16 * MIB,
)
EVENTS_CLEAN = Topic(
    name="agent.events.clean",
    key="session_id",
    value="one redacted and verified event",
    retention_ms=7 * DAY_MS,
    max_message_bytes=4 * MIB,
)
EVENTS_DLQ = Topic(
    name="agent.events.dlq",
    key="topic:partition of the input",
    value="why an input was refused and where it stands; metadata and redacted text only",
    retention_ms=30 * DAY_MS,
)

TASKS = Topic(
    name="agent.tasks",
    key="session_id",
    value="a task's summary when it has closed, or a budget that it crosses while it runs",
    retention_ms=30 * DAY_MS,
)
WINDOWS_PARTIAL = Topic(
    name="agent.windows.partial",
    key="dimension, or what kind of message it is",
    value="panes of one dimension as one source partition knows them; signals; progress",
    retention_ms=2 * DAY_MS,
    # one, so that rules see all dimensions together and everything in one order; partials are few
    partitions=1,
)
WINDOWS = Topic(
    name="agent.windows",
    key="window and dimension",
    value="statistics and digests of one window; a later one replaces it",
    retention_ms=-1,
    compacted=True,
)
ALERTS = Topic(
    name="agent.alerts",
    key="fingerprint",
    value="an alert: the latest record of a fingerprint is its state",
    retention_ms=-1,
    compacted=True,
)
BACKPRESSURE = Topic(
    name="agent.backpressure",
    key="scope: tool:NAME, agent:NAME, workflow:NAME or all",
    value="the mode of a scope, until it expires",
    retention_ms=-1,
    compacted=True,
)
CONTROL = Topic(
    name="agent.control",
    key="what it is for: silence:ID",
    value="what people ask of Sluice; a record without a value takes it back",
    retention_ms=-1,
    compacted=True,
    # all of it concerns every worker that reads it, and there is little
    partitions=1,
)
DETECTOR_STATE = Topic(
    name="sluice-detector-state-changelog",
    key="kind and name",
    value="histories, signals, open alerts, modes and silences; Faust recovers from it",
    retention_ms=-1,
    compacted=True,
    extra=_STATE,
    partitions=1,
)
AGGREGATOR_STATE = Topic(
    name="sluice-aggregator-state-changelog",
    key="source partition, kind and name",
    value="open panes, open tasks, labels and watermark of the aggregator; Faust recovers from it",
    retention_ms=-1,
    compacted=True,
    extra=_STATE,
)

TOPICS: tuple[Topic, ...] = (
    EVENTS_RAW,
    EVENTS_CLEAN,
    EVENTS_DLQ,
    TASKS,
    WINDOWS_PARTIAL,
    WINDOWS,
    ALERTS,
    BACKPRESSURE,
    CONTROL,
    AGGREGATOR_STATE,
    DETECTOR_STATE,
)

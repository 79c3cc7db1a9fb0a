"""What the detector reads, all from one partition of one topic, so that its order is one.

    partial    panes of one dimension, see `pipeline.windows.partial`
    signals    single facts that no pane holds
    progress   how far a source partition has come; it stands behind all that it covers

The aggregator sends what a batch of events led to, and at last the progress. Whoever reads a
progress has therefore read every pane and signal before that watermark, and a crash in between
leaves the watermark where it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import orjson

from pipeline.detection.measures import SIGNALS
from pipeline.detection.signals import Signal
from pipeline.errors import InputError
from pipeline.windows.partial import Partial

SCHEMA_VERSION = 1
NOTHING_KNOWN = -1
"""The watermark of a partition whose events do not agree on the time yet, or that has none."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far event time has come in one source partition."""

    partition: int
    partitions: int
    """How many there are: the watermark over all needs word from each."""
    watermark_ms: int
    """Its panes and signals before this are published; `NOTHING_KNOWN` before the first."""
    idle: bool
    """It was read to its end and got nothing for a while: it holds nobody back."""

    @property
    def key(self) -> bytes:
        """The message key."""
        return f"progress:{self.partition}".encode()

    def to_bytes(self) -> bytes:
        """Return the message value."""
        return orjson.dumps({"schema_version": SCHEMA_VERSION, "kind": "progress", **asdict(self)})

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Progress:
        """Read a message; raise `KeyError` or `TypeError` where it is not one."""
        return cls(
            partition=int(record["partition"]),
            partitions=int(record["partitions"]),
            watermark_ms=int(record["watermark_ms"]),
            idle=bool(record["idle"]),
        )


@dataclass(frozen=True, slots=True)
class Signals:
    """Some single facts."""

    signals: tuple[Signal, ...]

    def to_bytes(self) -> bytes:
        """Return the message value."""
        facts = [asdict(signal) for signal in self.signals]
        return orjson.dumps({"schema_version": SCHEMA_VERSION, "kind": "signals", "signals": facts})

    @classmethod
    def from_record(cls, record: Mapping[str, Any]) -> Signals:
        """Read a message; raise `KeyError`, `TypeError` or `ValueError` where it is not one."""
        return cls(tuple(signal_from(fact) for fact in record["signals"]))


def signal_from(record: Mapping[str, Any]) -> Signal:
    """Read one signal; raise `KeyError`, `TypeError` or `ValueError` where it is not one."""
    if record["measure"] not in SIGNALS:
        raise ValueError("an unknown signal")
    return Signal(
        time=float(record["time"]),
        id=str(record["id"]),
        measure=record["measure"],
        labels=labels_of((str(name), str(value)) for name, value in record["labels"]),
        value=float(record["value"]),
        trace_id=str(record["trace_id"]),
    )


def labels_of(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Return labels as a signal has them: sorted by name."""
    return tuple(sorted(pairs))


Message = Partial | Signals | Progress

# nearly all are partials, and long: they are parsed once
_OTHER_THAN_PARTIAL = b'{"schema_version":%d,"kind":' % SCHEMA_VERSION


def read_message(value: bytes) -> Message:
    """Read one record of agent.windows.partial; raise `InputError` when it is none of ours."""
    if not value.startswith(_OTHER_THAN_PARTIAL):
        return Partial.from_bytes(value)
    try:
        record = orjson.loads(value)
        if record["kind"] == "progress":
            return Progress.from_record(record)
        if record["kind"] == "signals":
            return Signals.from_record(record)
    except (AttributeError, KeyError, TypeError, ValueError):
        raise InputError("not a message for the detector") from None
    raise InputError("a message for the detector of an unknown kind")

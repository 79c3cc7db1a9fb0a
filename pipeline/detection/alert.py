"""An alert as it is kept and as it is published on `agent.alerts` (key: its fingerprint).

Labels say what is wrong and where, and nothing else: they give the fingerprint, so the same trouble
is one alert however it grows. Severity, value and explanation may change while it lasts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from hashlib import blake2b

from pipeline.detection.finding import Details, Finding

SCHEMA_VERSION = 1


class Status(StrEnum):
    """Where an alert stands, in Prometheus' words."""

    PENDING = "pending"
    """The condition is met, not yet for long enough."""
    FIRING = "firing"
    RESOLVED = "resolved"
    """It fired, and the condition has been gone for `keep_firing_for`."""
    INACTIVE = "inactive"
    """It was pending and lapsed without firing."""


@dataclass(frozen=True)
class Alert:
    """One alert; every field is a plain value, times are seconds of event time."""

    rule: str
    labels: Mapping[str, str]
    """The scope: `{"tool": "search"}`; empty for the whole system."""
    fingerprint: str
    episode: str
    """One id from first pending to resolved."""
    status: Status
    severity: str
    summary: str
    active_since: float
    """When the condition was first met."""
    fired_at: float | None
    resolved_at: float | None
    last_active: float
    """When the condition was last met, or had not cleared."""
    last_sent: float
    updated_at: float
    """Event time of this record: of two with one fingerprint the later one holds."""
    value: float
    threshold: float
    baseline: float | None
    window_start: float
    window_end: float
    sample_size: int
    ratio: float
    """How far past its threshold it is right now, 1 being just past it; 0 once clear."""
    hot_at: float | None
    """When `ratio` was last 1 or more: the alert explains others then."""
    details: Details = field(default_factory=dict)
    examples: tuple[str, ...] = ()
    """Up to five trace ids."""
    inhibited_by: tuple[str, ...] = ()
    """Fingerprints of the alerts that explain this one."""
    silenced_by: tuple[str, ...] = ()
    """Ids of the silences that match."""
    references: Mapping[str, float] = field(default_factory=dict)
    """Baselines, frozen while the alert is open."""
    clear_since: float | None = None
    """Since when the condition has been gone, while the alert waits to resolve."""
    returns: int = 0
    """How often the condition came back before the alert could resolve."""

    @property
    def suppressed(self) -> bool:
        """Whether people should not be told: inhibited or silenced."""
        return bool(self.inhibited_by or self.silenced_by)

    def to_record(self) -> dict[str, object]:
        """Return the JSON value of `schemas/topics/alert.v1.json`."""
        record = asdict(self)
        record.update(
            schema_version=SCHEMA_VERSION,
            status=self.status.value,
            suppressed=self.suppressed,
            labels=dict(self.labels),
            references=dict(self.references),
            examples=list(self.examples),
            inhibited_by=list(self.inhibited_by),
            silenced_by=list(self.silenced_by),
        )
        return record

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Alert:
        """Read what `to_record` wrote; raise `KeyError` or `ValueError` where it is not that."""
        if record.get("schema_version") != SCHEMA_VERSION:
            raise ValueError("an alert of another schema version")
        values = {name: record[name] for name in cls.__dataclass_fields__}
        values["status"] = Status(str(record["status"]))
        for name in ("examples", "inhibited_by", "silenced_by"):
            values[name] = tuple(values[name])  # type: ignore[arg-type]  # a JSON array
        return cls(**values)  # type: ignore[arg-type]  # checked by the schema of the topic


def fingerprint_of(rule: str, labels: Mapping[str, str]) -> str:
    """Return 16 hex characters that are the same for the same rule and labels, for ever."""
    text = "\x1f".join([rule, *(f"{key}\x1e{labels[key]}" for key in sorted(labels))])
    return blake2b(text.encode(), digest_size=8).hexdigest()


def episode_of(fingerprint: str, active_since: float) -> str:
    """Return the id of the episode that began then; a replay gives the same one."""
    text = f"{fingerprint}@{active_since:.3f}"
    return blake2b(text.encode(), digest_size=8).hexdigest()


def measured(finding: Finding) -> dict[str, object]:
    """Return the fields of an alert that come from its latest finding."""
    return {
        "severity": finding.severity,
        "value": finding.value,
        "threshold": finding.threshold,
        "baseline": finding.baseline,
        "window_start": finding.start,
        "window_end": finding.end,
        "sample_size": finding.sample_size,
        "ratio": finding.ratio,
    }

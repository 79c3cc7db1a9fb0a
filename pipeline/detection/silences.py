"""Silences: people say which alerts they do not want to hear, until when, and why.

A silence travels on `agent.control` (key: `silence:<id>`); it ends by itself. A silenced alert goes
on with its life and asks for modes as before: only nobody is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase

from pipeline.detection.alert import Alert
from pipeline.errors import InputError

RULE_LABEL = "rule"


@dataclass(frozen=True)
class Silence:
    """Times are seconds of event time; matchers map a label, or `rule`, to a name or a glob."""

    id: str
    matchers: Mapping[str, str]
    starts_at: float
    ends_at: float
    author: str
    comment: str

    def __post_init__(self) -> None:
        """Refuse a silence that would hush everything, or that ends before it starts."""
        if not self.matchers:
            raise InputError("a silence needs at least one matcher, such as tool=search")
        if self.ends_at <= self.starts_at:
            raise InputError("a silence must end after it starts")

    def matches(self, alert: Alert, now: float) -> bool:
        """Tell whether the silence holds now and all its matchers fit the alert."""
        if not self.starts_at <= now < self.ends_at:
            return False
        labels = {RULE_LABEL: alert.rule, **alert.labels}
        return all(
            key in labels and fnmatchcase(labels[key], pattern)
            for key, pattern in self.matchers.items()
        )

    def to_record(self) -> dict[str, object]:
        """Return the JSON value of the control record."""
        return {"type": "silence", **asdict(self), "matchers": dict(self.matchers)}

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> Silence:
        """Read a control record; raise `InputError` that names the field that is wrong."""
        matchers = record.get("matchers")
        if not isinstance(matchers, Mapping) or not all(
            isinstance(text, str) for pair in matchers.items() for text in pair
        ):
            raise InputError("silence: matchers must map label names to names or globs")
        texts = {name: record.get(name) for name in ("id", "author", "comment")}
        times = {name: record.get(name) for name in ("starts_at", "ends_at")}
        for name, value in texts.items():
            if not isinstance(value, str):
                raise InputError(f"silence: {name} must be a text")
        for name, value in times.items():
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise InputError(f"silence: {name} must be a time in seconds")
        return cls(matchers=dict(matchers), **texts, **times)  # type: ignore[arg-type]  # checked


def silenced_by(alert: Alert, silences: Mapping[str, Silence], now: float) -> tuple[str, ...]:
    """Return the ids of the silences that match, in order."""
    return tuple(sorted(s.id for s in silences.values() if s.matches(alert, now)))

"""Modes: what an agent may do, for a scope; published on `agent.backpressure`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.errors import InputError

SCHEMA_VERSION = 1
SCOPE_KINDS = ("tool", "agent", "workflow", "all")


class Mode(StrEnum):
    """What agents in a scope are asked to do."""

    NORMAL = "normal"
    """Everything."""
    READ_ONLY = "read_only"
    """Only what changes nothing: no writes, no spending."""
    ESCALATE = "escalate"
    """Nothing by itself: hand over to a person."""

    @property
    def rank(self) -> int:
        """0 for normal, 2 for escalate."""
        return _RANKS[self]


_RANKS = {Mode.NORMAL: 0, Mode.READ_ONLY: 1, Mode.ESCALATE: 2}
LADDER = (Mode.NORMAL, Mode.READ_ONLY, Mode.ESCALATE)


@dataclass(frozen=True)
class Scope:
    """Whom a mode is for: one tool, one agent, one workflow, or all."""

    kind: str
    name: str = ""

    def __post_init__(self) -> None:
        """Refuse a kind that nobody would look up."""
        if self.kind not in SCOPE_KINDS or (self.kind == "all") == bool(self.name):
            raise InputError("a scope is tool:NAME, agent:NAME, workflow:NAME or all")

    @property
    def key(self) -> str:
        """The key on the topic: `tool:search`, `all`."""
        return f"{self.kind}:{self.name}" if self.name else self.kind

    @classmethod
    def parse(cls, key: str) -> Scope:
        """Read a key; raise `InputError` for anything else."""
        kind, _, name = key.partition(":")
        return cls(kind, name)


ALL = Scope("all")


@dataclass(frozen=True)
class Evidence:
    """The alert that asks for a mode."""

    rule: str
    fingerprint: str
    episode: str
    value: float
    threshold: float
    ratio: float


@dataclass(frozen=True)
class ModeNotice:
    """One record on the topic. Times are seconds of event time."""

    scope: Scope
    mode: Mode
    reason: str
    since: float
    """When the scope came into this mode."""
    issued_at: float
    """Of two notices for one scope the later one holds."""
    expires: float | None
    """When the mode is over unless it is renewed; None for `normal`, which needs no end."""
    evidence: tuple[Evidence, ...] = ()

    def to_record(self) -> dict[str, object]:
        """Return the JSON value of `schemas/topics/backpressure.v1.json`."""
        return {
            "schema_version": SCHEMA_VERSION,
            "scope": {"kind": self.scope.kind, "name": self.scope.name},
            "mode": self.mode.value,
            "reason": self.reason,
            "since": self.since,
            "issued_at": self.issued_at,
            "expires": self.expires,
            "evidence": [vars(item) for item in self.evidence],
        }

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> ModeNotice:
        """Read what `to_record` wrote; raise `InputError` where it is not that."""
        try:
            scope, evidence = record["scope"], record["evidence"]
            if record["schema_version"] != SCHEMA_VERSION:
                raise InputError("a backpressure notice of another schema version")
            if not isinstance(scope, Mapping) or not isinstance(evidence, list | tuple):
                raise InputError("a backpressure notice with a malformed scope or evidence")
            expires = record["expires"]
            return cls(
                scope=Scope(str(scope["kind"]), str(scope["name"])),
                mode=Mode(str(record["mode"])),
                reason=str(record["reason"]),
                since=_number(record["since"]),
                issued_at=_number(record["issued_at"]),
                expires=None if expires is None else _number(expires),
                evidence=tuple(Evidence(**item) for item in evidence),
            )
        except (KeyError, TypeError, ValueError):
            raise InputError("not a backpressure notice") from None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise InputError("a backpressure notice with a time that is no number")
    return float(value)

"""The known truth of a simulated fleet: what was planted, and what each session added up to."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from pipeline.simulate.templates import Planted


@dataclass
class TaskTruth:
    """What one task (or a session without tasks of its own) adds up to."""

    task_id: str
    outcome: str = "unknown"
    llm_calls: int = 0
    tool_calls: int = 0
    """Attempts."""
    logical_tool_calls: int = 0
    """Calls with their retries counted once."""
    failed_tool_calls: int = 0
    """Logical calls of which no attempt succeeded."""
    retrievals: int = 0
    documents: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    tokens_cache_read: int = 0
    cost_usd: float = 0.0
    amount_spent: float = 0.0


@dataclass
class SessionTruth:
    """One session: who ran it, how it ended and what its tasks add up to."""

    session_id: str
    trace_id: str
    workflow: str
    agent_name: str
    release_version: str
    prompt_version: str
    tenant_id: str
    started: str
    ended: str = ""
    outcome: str = "unknown"
    events: int = 0
    tasks: list[TaskTruth] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    """Names of the incidents that touched it."""

    def record(self) -> dict[str, Any]:
        """Return the line for the truth file."""
        return {"kind": "session", **asdict(self)}


@dataclass(frozen=True, slots=True)
class SimulatedEvent:
    """One event on its way to Kafka, with what is true about it."""

    at: float
    """When it is published, in seconds since the epoch, in the fleet's time."""
    key: bytes
    value: bytes
    event_id: str
    planted: tuple[Planted, ...]
    session: SessionTruth | None
    """With the last event of a session: its truth."""

    def records(self) -> list[dict[str, Any]]:
        """Return its lines for the truth file."""
        lines: list[dict[str, Any]] = [
            {"kind": "planted", "event_id": self.event_id, **item._asdict()}
            for item in self.planted
        ]
        if self.session:
            lines.append(self.session.record())
        return lines

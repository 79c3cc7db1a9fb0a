"""What to simulate."""

from __future__ import annotations

from dataclasses import dataclass, field

from pipeline.errors import InputError
from pipeline.simulate.incidents import Incident


@dataclass(frozen=True)
class FleetConfig:
    """A fleet and its time. The same configuration gives the same events, byte for byte."""

    start: float
    """When the first session may begin, in seconds since the epoch."""
    seed: int = 0
    sessions_per_minute: float = 30.0
    """On average over a week: up to three times as many at noon, an eighth on a weekend night."""
    max_events: int | None = None
    """Stop after this many events; sessions that are going on are cut off."""
    max_sessions: int | None = None
    """Start no more than this many sessions; all of them are finished."""
    until: float | None = None
    """Start no session at or after this time."""
    customers: int = 5_000
    rhythm: bool = True
    """Whether sessions follow day and week; without it they come evenly."""
    incidents: tuple[Incident, ...] = field(default=())

    def __post_init__(self) -> None:
        """Refuse what would never begin or never end."""
        if self.sessions_per_minute <= 0 or self.customers < 1:
            raise InputError("a fleet needs sessions and customers")
        for limit in (self.max_events, self.max_sessions):
            if limit is not None and limit < 0:
                raise InputError("a limit must not be negative")

"""How far event time has come in one source partition.

The watermark is the greatest believed event time less the lateness: whatever is older has, as far
as anyone can tell, arrived. It never goes back. Three things keep one wrong clock from closing
windows early:

- an event time counts at most `max_ahead_ms` beyond the time Kafka gave its record;
- a jump of more than `max_jump_ms`, beyond what Kafka's own time moved, is believed only when
  three sessions, or twenty events, in a row say the same; an event on the old time ends the row;
- the first events of a partition are such a jump too.

A partition that brought no event for `idle_timeout_ms` goes on at the pace of the wall clock, so
that its last panes and tasks close. What counts is when events were last read, not Kafka's time for
them: a worker that catches up is not idle.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

QUORUM_SESSIONS: Final = 3
QUORUM_EVENTS: Final = 20


@dataclass(frozen=True, slots=True)
class WatermarkConfig:
    """Times in milliseconds."""

    lateness_ms: int = 15_000
    """How much later than newer events one may arrive and still count."""
    idle_timeout_ms: int = 60_000
    max_ahead_ms: int = 10_000
    """How far ahead of Kafka's clock an agent's clock may be."""
    max_jump_ms: int = 300_000


@dataclass(slots=True)
class Watermark:
    """The watermark of one partition; `value_ms` is None until events agree on the time."""

    config: WatermarkConfig
    value_ms: int | None = None
    greatest_ms: int | None = None
    """The greatest event time that is believed."""
    record_ms: int = 0
    """Kafka's time of the newest record."""
    jump_to_ms: int | None = None
    """The smallest time beyond a jump that is not believed yet."""
    jump_sessions: set[str] = field(default_factory=set)
    jump_events: int = 0
    quiet_since_ms: int | None = None
    """Wall clock of the first tick since the last event; not stored."""

    def observe(self, event_ms: int, record_ms: int, session: str) -> int | None:
        """Take in one event and return the watermark after it."""
        self.quiet_since_ms = None
        config = self.config
        latest_ms = record_ms + config.max_ahead_ms
        time_ms = event_ms if event_ms < latest_ms else latest_ms
        greatest = self.greatest_ms
        elapsed = record_ms - self.record_ms
        if elapsed > 0:
            self.record_ms = record_ms
        else:
            elapsed = 0
        if greatest is None or time_ms > greatest + config.max_jump_ms + elapsed:
            self._consider_jump(time_ms, session)
            return self.value_ms
        if self.jump_events:
            self._end_jump()
        if time_ms <= greatest:
            return self.value_ms
        # as `_believe`, which most events would call
        self.greatest_ms = time_ms
        value = self.value_ms
        reached = time_ms - config.lateness_ms
        if value is None or reached > value:
            self.value_ms = value = reached
        return value

    def tick(self, now_ms: int) -> int | None:
        """Let time pass without events, up to the wall clock's `now_ms`; return the watermark.

        Call it every second or so, and not while the broker is out of reach: what is produced
        meanwhile would come late.
        """
        if self.quiet_since_ms is None:
            self.quiet_since_ms = now_ms
        idle_ms = now_ms - self.quiet_since_ms - self.config.idle_timeout_ms
        if idle_ms > 0:
            latest = self.greatest_ms
            if self.jump_to_ms is not None:
                latest = self.jump_to_ms
                self._end_jump()
                self._believe(latest)
            if latest is not None:
                self._advance(latest + idle_ms - self.config.lateness_ms)
        return self.value_ms

    def _consider_jump(self, time_ms: int, session: str) -> None:
        self.jump_events += 1
        self.jump_sessions.add(session)
        if self.jump_to_ms is None or time_ms < self.jump_to_ms:
            self.jump_to_ms = time_ms
        if len(self.jump_sessions) >= QUORUM_SESSIONS or self.jump_events >= QUORUM_EVENTS:
            believed = self.jump_to_ms
            self._end_jump()
            self._believe(believed)

    def _end_jump(self) -> None:
        self.jump_to_ms = None
        self.jump_sessions.clear()
        self.jump_events = 0

    def _believe(self, time_ms: int) -> None:
        self.greatest_ms = time_ms
        self._advance(time_ms - self.config.lateness_ms)

    def _advance(self, to_ms: int) -> None:
        if self.value_ms is None or to_ms > self.value_ms:
            self.value_ms = to_ms

    def to_json(self) -> dict[str, Any]:
        """Return the state as a JSON object."""
        return {
            "value_ms": self.value_ms,
            "greatest_ms": self.greatest_ms,
            "record_ms": self.record_ms,
            "jump_to_ms": self.jump_to_ms,
            "jump_sessions": sorted(self.jump_sessions),
            "jump_events": self.jump_events,
        }

    @classmethod
    def from_json(cls, config: WatermarkConfig, value: Mapping[str, Any]) -> Watermark:
        """Read what `to_json` wrote."""
        return cls(config, **{**value, "jump_sessions": set(value["jump_sessions"])})

"""Time as an argument: the core never reads the wall clock, it is handed a `Clock`."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells the time in seconds since the Unix epoch (UTC)."""

    def now(self) -> float:
        """Return seconds since the epoch."""
        ...


class SystemClock:
    """The machine's wall clock."""

    def now(self) -> float:
        """Return seconds since the epoch, as the machine has it."""
        return time.time()


class ManualClock:
    """A clock that stands still until it is moved; for simulation, replay and tests."""

    def __init__(self, start: float = 0.0) -> None:
        self._now = start

    def now(self) -> float:
        """Return the time that was last set, in seconds since the epoch."""
        return self._now

    def set(self, now: float) -> None:
        """Move to `now` (seconds since the epoch); going back is allowed, as real clocks do."""
        self._now = now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        self._now += seconds

"""A bound on the work that one event may cause.

Detectors are linear in the length of a text and lengths are bounded, so this is the second line.
`check` is asked before each search. In the main thread of a process a CPU timer also interrupts a
search that does not come back, even inside Python's `re`; elsewhere only `check` acts.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final

from pipeline.errors import PermanentError

TIMEOUT: Final = "timeout"
_NEVER: Final = float("inf")


class DetectionError(PermanentError):
    """A text could not be searched; the message says why, without any of it."""


class Deadline:
    """A context that lasts for one batch, with one allowance for each event in it.

    Re-usable, not nestable. Time is `monotonic`'s, in seconds; the timer itself counts the CPU
    time of the process, so that an idle or a busy machine makes no difference to its cost.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._ends = _NEVER

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGVTALRM, self._interrupt)
            # again after each interval: one event may hold several texts that do not come back
            interval = self._seconds / 2
            signal.setitimer(signal.ITIMER_VIRTUAL, interval, interval)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ends = _NEVER
        if threading.current_thread() is threading.main_thread():
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def start(self) -> None:
        """Give the next event its allowance."""
        self._ends = self._monotonic() + self._seconds

    def stop(self) -> None:
        """End the event's allowance: from here on nothing is interrupted."""
        self._ends = _NEVER

    def check(self) -> None:
        """Raise `DetectionError` where the event has used up its time."""
        if self._monotonic() > self._ends:
            raise DetectionError(TIMEOUT)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        self.check()

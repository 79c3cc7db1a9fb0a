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


class DetectionError(PermanentError):
    """A text could not be searched; the message says why, without any of it."""


class Deadline:
    """A context that lasts for one event; re-usable, not nestable.

    `seconds` is CPU time for the timer and elapsed time of `monotonic` for `check`.
    """

    def __init__(self, seconds: float, monotonic: Callable[[], float]) -> None:
        self._seconds = seconds
        self._monotonic = monotonic
        self._ends = float("inf")
        self._armed = False

    def __enter__(self) -> None:
        self._ends = self._monotonic() + self._seconds
        if threading.current_thread() is threading.main_thread():
            if signal.getsignal(signal.SIGVTALRM) != self._interrupt:
                signal.signal(signal.SIGVTALRM, self._interrupt)
            self._armed = True
            # again after each interval: one event may hold several texts that do not come back
            signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds, self._seconds)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._armed:
            self._armed = False
            signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        self._ends = float("inf")

    def check(self) -> None:
        """Raise `DetectionError` where the event has used up its time."""
        if self._monotonic() > self._ends:
            raise DetectionError(TIMEOUT)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        # a signal that comes late finds nothing to interrupt
        if self._armed:
            raise DetectionError(TIMEOUT)

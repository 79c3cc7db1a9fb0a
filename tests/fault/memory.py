"""How much memory a worker takes through a trial, phase by phase."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Any

import psutil

MIB = 1024 * 1024
FLAT_MIB = 100
"""How far memory may rise above what it is while nothing is wrong, and still count as flat."""
EVERY_SECONDS = 0.25


class MemoryWatch:
    """Samples the resident memory of a process from a thread of its own, for nothing to be missed.

    with MemoryWatch(process) as memory:
        ...
        memory.mark("idle")  # what lies behind was this phase
    """

    def __init__(self, process: psutil.Process) -> None:
        self._process = process
        self._highest = 0
        self._phases: dict[str, int] = {}
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def mark(self, phase: str) -> None:
        """End a phase: the highest memory since the one before is its own."""
        self._phases[phase], self._highest = self._highest, 0
        self._look()

    def figures(self) -> dict[str, Any]:
        """Return MiB of each phase and whether that is flat, measured against the first phase."""
        mib = {phase: round(highest / MIB) for phase, highest in self._phases.items()}
        idle, peak = next(iter(mib.values())), max(mib.values())
        return {
            **{f"memory_mib_{phase.replace(' ', '_')}": value for phase, value in mib.items()},
            "memory_mib_peak": peak,
            "memory_flat": peak <= idle + FLAT_MIB,
        }

    def _look(self) -> None:
        self._highest = max(self._highest, self._process.memory_info().rss)

    def _sample(self) -> None:
        while not self._end.wait(EVERY_SECONDS):
            try:
                self._look()
            except psutil.NoSuchProcess:
                return

    def __enter__(self) -> MemoryWatch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end.set()
        self._thread.join()

"""Which core is whose: what is measured has one, everything that it talks to has the others."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cores:
    """A division of this machine's cores; on a machine with one core both have that."""

    services: frozenset[int]
    """For broker, engine and whoever publishes."""
    subject: frozenset[int]
    """For what is measured: one core."""

    @property
    def everything(self) -> frozenset[int]:
        """All cores that this process may use."""
        return self.services | self.subject


def divide() -> Cores:
    """Return the division for the cores that this process may use."""
    *services, subject = sorted(os.sched_getaffinity(0))
    return Cores(frozenset(services or [subject]), frozenset([subject]))


def pin(pid: int, cores: frozenset[int]) -> None:
    """Bind a process to `cores`: each thread it has by now, and those that these will start."""
    for task in Path(f"/proc/{pid}/task").iterdir():
        with suppress(ProcessLookupError):  # a thread may have ended since
            os.sched_setaffinity(int(task.name), cores)

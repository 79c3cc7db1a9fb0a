"""The workers of the stack: one process for each Faust app, in the order in which they start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Role:
    """A Faust app that runs as a process of its own."""

    name: str
    """Names the app for `python -m agents`, its process and its log."""
    what: str
    """What it does, in a few words for people."""
    package: str = "agents"
    """Python package whose `__main__` takes the name."""

    @property
    def arguments(self) -> tuple[str, ...]:
        """Arguments for the Python interpreter that start it."""
        return ("-m", self.package, self.name)


ROLES: tuple[Role, ...] = (
    Role("redactor", "raw events to clean ones, or to dead letters"),
    Role("aggregator", "clean events to running tasks and windows"),
    Role("detector", "windows to alerts and modes"),
    Role("sink", "clean events to ClickHouse"),
)

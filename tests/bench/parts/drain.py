"""How fast all workers together bring a backlog to ClickHouse, and what CPU each spends on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from pipeline.adapters.clickhouse import Client, connect
from pipeline.local.roles import ROLES, Role
from pipeline.local.stack import LocalStack
from tests.services import Workers

GIVE_UP_SECONDS = 600.0


@dataclass(frozen=True)
class Drained:
    """What bringing a backlog through cost."""

    events_per_second: float
    cpu_microseconds: dict[str, float]
    """Of each role, for one event."""
    bytes_per_event: float
    """Compressed, in ClickHouse, after merging."""

    @property
    def events_per_cpu_second(self) -> float:
        """What one core would do for all roles together."""
        return 1e6 / sum(self.cpu_microseconds.values())


def run(
    stack: LocalStack,
    workers: Workers,
    messages: Sequence[tuple[bytes, bytes]],
    step: Callable[[int], None],
) -> Drained:
    """Start the workers on the messages that wait in the input topic, and see them through.

    The clock starts with the first row, so that the start of the processes does not count; their
    CPU is counted from the moment they were ready.
    """
    client = connect(stack.settings.clickhouse)
    for role in reversed(ROLES):
        workers.start(role.name)
    cpu_before = {role.name: cpu_seconds(workers, role) for role in ROLES}
    shown = first = 0
    began = time.monotonic()
    end = began + GIVE_UP_SECONDS
    while shown < len(messages):
        rows = _rows(client)
        if not first and rows:
            first, began = rows, time.monotonic()
        step(rows - shown)
        shown = rows
        if time.monotonic() > end:
            raise TimeoutError(f"{len(messages) - rows} events did not arrive")
        time.sleep(0.05)
    took = time.monotonic() - began
    cpu = {role.name: cpu_seconds(workers, role) - cpu_before[role.name] for role in ROLES}
    client.command("OPTIMIZE TABLE events FINAL")
    stored = client.query_value(
        "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'events' "
        "AND database = currentDatabase()"
    )
    client.close()
    return Drained(
        events_per_second=(shown - first) / took,
        cpu_microseconds={name: spent / shown * 1e6 for name, spent in cpu.items()},
        bytes_per_event=float(stored) / shown,
    )


def cpu_seconds(workers: Workers, role: Role) -> float:
    """Return the CPU time that the process of `role` has spent so far."""
    times = _process(workers, role).cpu_times()
    return float(times.user + times.system)


def memory_mib(workers: Workers, role: Role) -> float:
    """Return the resident memory of the process of `role`."""
    return float(_process(workers, role).memory_info().rss) / 1024**2


def _process(workers: Workers, role: Role) -> psutil.Process:
    return psutil.Process(workers.status(role.name).pid)


def _rows(client: Client) -> int:
    return int(client.query_value("SELECT count() FROM events"))

"""A real stack for tests: settings on free ports, and workers that a test starts and kills."""

from __future__ import annotations

import os
import random
import signal
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from pipeline.config import KafkaSettings, LocalSettings, RedactionSettings, Settings
from pipeline.local.process import ProcessStatus
from pipeline.local.roles import ROLES
from pipeline.local.stack import LocalStack
from pipeline.local.supervisor import Backoff, Supervisor

PARTITIONS = 4
PSEUDONYM_KEY = "a key for tests, not a secret"


def free_ports(count: int, in_a_row: int = 1) -> list[int]:
    """Return different ports that are free now, and of each also those right behind it.

    Below the range from which the system takes ports for outgoing connections: one of those may
    be taken again before our server binds it. So may one that a test beside us looks for, so each
    process of a test run has a part of the range.
    """
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    size = 12_000 // processes
    part = range(20_000 + process * size, 20_000 + (process + 1) * size)
    found: list[int] = []
    while len(found) < count:
        first = random.choice(part[: 1 - in_a_row or None])
        ports = range(first, first + in_a_row)
        if not any(abs(first - other) < in_a_row for other in found) and all(map(_is_free, ports)):
            found.append(first)
    return found


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def stack_settings(
    data_dir: Path, *, partitions: int = PARTITIONS, kafka_heap_mb: int = 256
) -> Settings:
    """Return settings for a small stack of its own: free ports, few partitions, a small heap."""
    # the workers' are in a row
    kafka, controller, clickhouse, worker = free_ports(4, in_a_row=len(ROLES))
    return Settings(
        kafka=KafkaSettings(partitions=partitions, bootstrap_servers=f"127.0.0.1:{kafka}"),
        redaction=RedactionSettings.model_validate({"key": PSEUDONYM_KEY}),
        local=LocalSettings(
            data_dir=data_dir,
            kafka_port=kafka,
            kafka_controller_port=controller,
            kafka_heap_mb=kafka_heap_mb,
            clickhouse_port=clickhouse,
            worker_port=worker,
        ),
    )


class Workers:
    """Worker processes of one test, against a stack that outlives them.

    with Workers(stack) as workers:
        workers.start("redactor", SLUICE_SINK__BATCH_ROWS="10")
        workers.crash("redactor")  # kill -9; it comes back by itself
    """

    def __init__(self, stack: LocalStack) -> None:
        self._stack = stack
        self._supervisor = Supervisor(backoff=Backoff(first=0.2, limit=1.0))

    def start(
        self,
        role: str,
        *,
        name: str | None = None,
        package: str = "agents",
        **environment: str,
    ) -> ProcessStatus:
        """Start a worker and return when it is ready; a second one of a role needs a name.

        `package` names another package whose `__main__` takes the role.
        """
        known = next(item for item in ROLES if item.name == role)
        port = free_ports(1)[0]
        spec = self._stack.worker_spec(
            replace(known, package=package), port, environment=environment
        )
        if name is not None:
            spec = replace(spec, name=name, log=spec.log.with_name(f"{name}.log"))
        self._supervisor.launch([spec])
        return self.status(spec.name)

    def status(self, name: str) -> ProcessStatus:
        """Return what is known of a worker now."""
        return next(item for item in self._supervisor.processes if item.name == name)

    @property
    def statuses(self) -> tuple[ProcessStatus, ...]:
        """All workers that were started and not ended."""
        return self._supervisor.processes

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a worker that runs."""
        pid = self.status(name).pid
        assert pid is not None, f"{name} does not run"
        os.kill(pid, number)

    def crash(self, name: str) -> None:
        """Kill a worker with SIGKILL; the supervisor starts it again at once."""
        self.signal(name, signal.SIGKILL)

    def end(self, name: str, *, hard: bool = False) -> None:
        """End a worker for good: it drains, or (`hard`) is killed in the middle of its work."""
        self._supervisor.end(name, hard=hard)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which any other process reaches the stack."""
        return self._stack.environment

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._supervisor.stop()

"""The whole system on one machine: broker, engine, topics and tables, workers.

    with LocalStack(settings) as stack:
        ...                       # clients connect with stack.settings

`start` and `stop` block; in asynchronous code call them with `asyncio.to_thread`.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import TracebackType

from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.adapters.kafka.admin import TopicChanges, ensure_coordinator, ensure_topics
from pipeline.config import Settings
from pipeline.errors import ConfigError, RetryableError
from pipeline.local import kafka, ports, reclaim
from pipeline.local.environment import settings_environment
from pipeline.local.ledger import Ledger
from pipeline.local.process import ProcessSpec, ProcessStatus
from pipeline.local.readiness import http_ok
from pipeline.local.roles import ROLES, Role
from pipeline.local.supervisor import Backoff, Supervisor

BROKER = "kafka"
ENGINE = "clickhouse"
HEALTH_PATH = "/health/ready"
TOPICS_SECONDS = 30.0
"""How long a broker that has just opened its port may take to answer."""


def local_settings(settings: Settings) -> Settings:
    """Return the settings with which clients reach the local stack.

    Raises `ConfigError` where they ask for a cluster elsewhere: the stack would start a broker
    and an engine that nobody uses.
    """
    broker = f"{ports.LOOPBACK}:{settings.local.kafka_port}"
    names = {broker, f"localhost:{settings.local.kafka_port}"}
    if settings.kafka.bootstrap_servers not in names:
        raise ConfigError(
            f"kafka.bootstrap_servers is {settings.kafka.bootstrap_servers}, "
            f"but the local broker listens on {broker}",
            hint="leave it unset to follow local.kafka_port; "
            "for a cluster elsewhere run sluice migrate and the workers alone",
        )
    if settings.kafka.security_protocol != "PLAINTEXT":
        raise ConfigError(
            f"kafka.security_protocol is {settings.kafka.security_protocol}, "
            "but the local broker speaks PLAINTEXT, on loopback only"
        )
    engine = settings.clickhouse
    if (
        engine.host not in {ports.LOOPBACK, "localhost"}
        or engine.secure
        or (engine.port != settings.local.clickhouse_port)
    ):
        raise ConfigError(
            f"clickhouse.host, port or secure point elsewhere than to the local engine "
            f"on http://{ports.LOOPBACK}:{settings.local.clickhouse_port}",
            hint="leave them unset to follow local.clickhouse_port",
        )
    return settings


class LocalStack:
    """One stack in one data directory; started once, stopped once."""

    def __init__(
        self,
        settings: Settings,
        *,
        roles: Sequence[Role] = ROLES,
        progress: Callable[[str], None] = lambda _: None,
        on_change: Callable[[Sequence[ProcessStatus]], None] = lambda _: None,
        backoff: Backoff | None = None,
    ) -> None:
        """`progress` gets a line for each step; `on_change` all processes after each change."""
        self.settings = local_settings(settings)
        self._roles = roles
        self._progress = progress
        self._on_change = on_change
        self._data_dir = settings.local.data_dir.expanduser().resolve()
        self._ledger = Ledger(self._data_dir)
        self._supervisor = Supervisor(backoff=backoff, on_change=self._changed)

    @property
    def processes(self) -> tuple[ProcessStatus, ...]:
        """All processes in the order of their start."""
        return self._supervisor.processes

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables with which another process reaches this stack; they hold secrets in clear."""
        return settings_environment(self.settings)

    def start(self) -> None:
        """Start everything and return when all is ready; on any error nothing is left running.

        Raises `ConfigError` for a second stack in this data directory, a port that is taken or
        Java that is missing, `StartError` for a process that does not come up.
        """
        kafka.check_java()
        kafka.check_jars()
        self._ledger.acquire()
        try:
            left = reclaim.end_leftovers(self._ledger)
            if left:
                self._progress(f"ended what an earlier run left behind: {', '.join(left)}")
            self._ensure_ports()
            self._progress("starting Kafka and ClickHouse")
            self._supervisor.launch([self._broker(), self._engine()])
            self._progress("creating topics and tables")
            self._prepare()
            if self._roles:
                self._progress(f"starting {', '.join(role.name for role in self._roles)}")
                self._supervisor.launch(
                    [self._worker(index, role) for index, role in enumerate(self._roles)]
                )
        except BaseException:
            self.stop()
            raise

    def wait(self) -> None:
        """Return when the stack was stopped; a signal handler may raise out of it."""
        self._supervisor.wait()

    def stop(self) -> None:
        """Stop everything in reverse order: workers, which drain, then engine and broker."""
        if not self._ledger.is_held:
            return
        self._supervisor.stop()
        self._ledger.clear()
        self._ledger.release()

    def __enter__(self) -> LocalStack:
        """Start."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop."""
        self.stop()

    def worker_spec(
        self, role: Role, port: int, *, environment: Mapping[str, str] | None = None
    ) -> ProcessSpec:
        """Return how to run a worker of `role` against this stack, its health page on `port`."""
        return ProcessSpec(
            name=role.name,
            command=[sys.executable, *role.arguments],
            environment={
                **self._python_environment(),
                "SLUICE_WORKER__HOST": ports.LOOPBACK,
                "SLUICE_WORKER__PORT": str(port),
                # Faust makes a folder even for a worker that keeps nothing on disk
                "APP_DATADIR": str(self._data_dir / "workers" / f"{role.name}-{port}"),
                **(environment or {}),
            },
            log=self._log(role.name),
            port=port,
            is_ready=partial(http_ok, port, HEALTH_PATH),
        )

    def _broker(self) -> ProcessSpec:
        local = self.settings.local
        return ProcessSpec(
            name=BROKER,
            command=[
                sys.executable,
                *("-m", "pipeline.local.kafka"),
                *("--port", str(local.kafka_port)),
                *("--controller-port", str(local.kafka_controller_port)),
                *("--data", str(self._data_dir / "kafka")),
                *("--heap-mb", str(local.kafka_heap_mb)),
            ],
            environment=self._python_environment(),
            log=self._log(BROKER),
            port=local.kafka_port,
            is_ready=partial(ports.is_listening, local.kafka_port),
        )

    def _engine(self) -> ProcessSpec:
        port = self.settings.local.clickhouse_port
        return ProcessSpec(
            name=ENGINE,
            command=[
                sys.executable,
                *("-m", "pipeline.local.clickhouse"),
                *("--host", ports.LOOPBACK),
                *("--port", str(port)),
                *("--data", str(self._data_dir / "clickhouse")),
            ],
            environment=self._python_environment(),
            log=self._log(ENGINE),
            port=port,
            is_ready=partial(http_ok, port, "/ping"),
        )

    def _worker(self, index: int, role: Role) -> ProcessSpec:
        return self.worker_spec(role, self.settings.local.worker_port + index)

    def _python_environment(self) -> dict[str, str]:
        """Our settings and our code, wherever the command was called from."""
        inherited = os.environ.get("PYTHONPATH")
        path = os.pathsep.join([str(kafka.ROOT), *([inherited] if inherited else [])])
        return {**self.environment, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}

    def _log(self, name: str) -> Path:
        return self._data_dir / "logs" / f"{name}.log"

    def _ensure_ports(self) -> None:
        local = self.settings.local
        ports.ensure_free(local.kafka_port, "local.kafka_port")
        ports.ensure_free(local.kafka_controller_port, "local.kafka_controller_port")
        ports.ensure_free(local.clickhouse_port, "local.clickhouse_port")
        for index in range(len(self._roles)):
            ports.ensure_free(local.worker_port + index, "local.worker_port")

    def _prepare(self) -> None:
        """Create what is missing of topics and tables."""
        for migration in migrate(self.settings.clickhouse).added:
            self._progress(f"migration {migration.label} applied")
        changes = self._topics()
        for name, (before, after) in changes.raised.items():
            self._progress(f"topic {name}: partitions raised from {before} to {after}")
        for name, (held, asked) in changes.surplus.items():
            self._progress(f"topic {name}: has {held} partitions, {asked} asked for; kept")
        for drift in changes.drift:
            wanted = f"the catalogue says {drift.wanted}"
            self._progress(f"topic {drift.topic}: {drift.name} is {drift.actual}, {wanted}; kept")

    def _topics(self) -> TopicChanges:
        retrying = Retrying(
            retry=retry_if_exception_type(RetryableError),
            stop=stop_after_delay(TOPICS_SECONDS),
            wait=wait_fixed(0.2),
            reraise=True,
        )
        retrying(lambda: asyncio.run(ensure_coordinator(self.settings.kafka)))
        return retrying(lambda: asyncio.run(ensure_topics(self.settings.kafka)))

    def _changed(self, processes: Sequence[ProcessStatus]) -> None:
        self._ledger.write(processes)
        self._on_change(processes)

"""A stack whose workers reach Kafka and ClickHouse through proxies, while the tests do not."""

from __future__ import annotations

import sys
import uuid
from dataclasses import replace
from pathlib import Path
from types import TracebackType

from pipeline.local.process import ProcessSpec, ProcessStatus, State
from pipeline.local.stack import BROKER, LocalStack
from pipeline.local.supervisor import Backoff
from tests.fault.proxy import Proxy
from tests.pipeline_harness import query_text
from tests.services import Workers, free_ports, stack_settings

SESSION_SECONDS = 6.0
"""How long a dead worker keeps its partitions, unless the stack is told otherwise."""
PLAIN_TABLES = {"events": "(session_id, ts, event_id)", "dead_letters": "(ts, dead_letter_id)"}
"""Tables of the sink, and an order for their plain counterparts."""


def plain_table(table: str, order: str) -> list[str]:
    """Return the statements that put an empty MergeTree with the same columns in its place."""
    return [
        f"CREATE TABLE {table}_plain AS {table} ENGINE = MergeTree ORDER BY {order} "
        "SETTINGS non_replicated_deduplication_window = 10000",
        f"DROP TABLE {table}",
        f"RENAME TABLE {table}_plain TO {table}",
    ]


class _Stack(LocalStack):
    """The local stack with a broker that has a second, proxied listener."""

    def __init__(self, data_dir: Path, second_port: int, proxy_port: int) -> None:
        super().__init__(
            stack_settings(data_dir, kafka_heap_mb=512),
            roles=(),
            backoff=Backoff(first=0.5, limit=2.0),
        )
        self._second_port = second_port
        self._proxy_port = proxy_port

    def _broker(self) -> ProcessSpec:
        local = self.settings.local
        arguments = (
            local.kafka_port,
            local.kafka_controller_port,
            self._data_dir / "kafka",
            local.kafka_heap_mb,
            self._second_port,
            self._proxy_port,
        )
        command = [sys.executable, "-m", "tests.fault.broker", *map(str, arguments)]
        return replace(super()._broker(), command=command)


class FaultStack:
    """Broker, engine, a proxy in front of each, and workers that come and go.

    with FaultStack(tmp_path) as stack:
        stack.start("sink", "sink-2")
        stack.clickhouse.refuse()
    """

    def __init__(self, data_dir: Path, *, session_seconds: float = SESSION_SECONDS) -> None:
        self.session_seconds = session_seconds
        second, kafka_proxy, clickhouse_proxy = free_ports(3)
        self._stack = _Stack(data_dir, second, kafka_proxy)
        self.settings = self._stack.settings
        self.kafka = Proxy(kafka_proxy, second)
        self.clickhouse = Proxy(clickhouse_proxy, self.settings.local.clickhouse_port)
        self.workers = Workers(self._stack)
        self.data_dir = data_dir
        self._sabotaged: dict[str, bool] = {}

    def start(self, role: str, name: str | None = None, **environment: str) -> ProcessStatus:
        """Start a worker behind the proxies."""
        settings = {
            "SLUICE_KAFKA__BOOTSTRAP_SERVERS": f"127.0.0.1:{self.kafka.port}",
            "SLUICE_KAFKA__SESSION_TIMEOUT_SECONDS": str(self.session_seconds),
            "SLUICE_CLICKHOUSE__PORT": str(self.clickhouse.port),
            "SLUICE_CLICKHOUSE__SEND_RECEIVE_TIMEOUT_SECONDS": str(2.5 * self.session_seconds),
        }
        package = "agents"
        if "SLUICE_TEST_SABOTAGE" in environment:
            package = "tests.fault.saboteur"
            once = self.data_dir / "once" / uuid.uuid4().hex
            once.parent.mkdir(exist_ok=True)
            environment = {**environment, "SLUICE_TEST_ONCE": str(once)}
        status = self.workers.start(role, name=name, package=package, **(settings | environment))
        self._sabotaged[status.name] = package != "agents"
        return status

    def sabotaged(self, name: str) -> bool:
        """Tell whether a worker runs with something broken in it on purpose."""
        return self._sabotaged[name]

    def running(self) -> list[str]:
        """Return the names of the workers that run."""
        return [status.name for status in self.workers.statuses]

    def broker_pid(self) -> int:
        """Return the process of the broker."""
        pid = self._broker().pid
        assert pid is not None
        return pid

    def broker_is_ready(self) -> bool:
        """Tell whether the broker runs and listens."""
        return self._broker().state is State.READY

    def _broker(self) -> ProcessStatus:
        return next(item for item in self._stack.processes if item.name == BROKER)

    def _keep_duplicates(self) -> None:
        """Replace the tables by plain ones, in which a row that is there twice stays there twice.

        ReplacingMergeTree, the backstop, removes duplicates within an insert and in every merge:
        the oracle would look only after that, and miss what the guards let through.
        """
        for table, order in PLAIN_TABLES.items():
            for statement in plain_table(table, order):
                query_text(self.settings, statement)

    def __enter__(self) -> FaultStack:
        self.kafka.__enter__()
        self.clickhouse.__enter__()
        self._stack.start()
        self._keep_duplicates()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.workers.__exit__(kind, error, trace)
        self._stack.stop()
        self.clickhouse.__exit__(kind, error, trace)
        self.kafka.__exit__(kind, error, trace)

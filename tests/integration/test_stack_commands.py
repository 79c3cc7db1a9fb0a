"""`sluice up`, `status` and `down` as a person types them, each in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.config import Settings
from pipeline.local.environment import settings_environment
from pipeline.local.ledger import Ledger
from pipeline.local.roles import ROLES
from pipeline.topics import TOPICS
from tests.services import PARTITIONS, stack_settings

ROOT = Path(__file__).parents[2]
PROCESSES = ["kafka", "clickhouse", *(role.name for role in ROLES)]
PATIENCE_SECONDS = 60.0


def sluice(
    settings: Settings, *arguments: str, extra: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments],
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            **settings_environment(settings),
            **(extra or {}),
        },
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def status(settings: Settings) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(sluice(settings, "status", "--json").stdout)
    return answer


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.3)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A stack that `sluice up --detach` started, with all its workers."""
    settings = stack_settings(tmp_path_factory.mktemp("up"))
    started = sluice(settings, "up", "--detach")
    assert started.returncode == 0, started.stderr
    yield settings
    stopped = sluice(settings, "down")
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stdout.strip() == f"stopped {', '.join(PROCESSES)}"


def test_status_shows_all_there_is(running: Settings) -> None:
    shown = status(running)
    assert shown["errors"] == []
    assert {item["name"]: item["state"] for item in shown["processes"]} == dict.fromkeys(
        PROCESSES, "ready"
    )
    assert all(item["memory_bytes"] > 0 for item in shown["processes"])
    held = {topic["name"]: topic["partitions"] for topic in shown["topics"]}
    wanted = {topic.name: topic.partitions or PARTITIONS for topic in TOPICS}
    # beside them a worker's tables have topics of their own
    assert held | wanted == held
    assert "events" in {table["name"] for table in shown["tables"]}
    assert {group["group"] for group in shown["groups"]} == {f"sluice-{r.name}" for r in ROLES}


def test_status_for_people_names_the_same(running: Settings) -> None:
    shown = sluice(running, "status", extra={"COLUMNS": "200"})
    assert shown.returncode == 0
    for name in [*PROCESSES, *(topic.name for topic in TOPICS), "sluice-sink", "events"]:
        assert name in shown.stdout


def test_a_second_up_is_refused_in_one_line(running: Settings) -> None:
    second = sluice(running, "up")
    assert second.returncode == 1
    errors = [line for line in second.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "already runs" in errors[0]
    assert status(running)["errors"] == []


def test_a_worker_that_is_killed_comes_back_and_is_counted(running: Settings) -> None:
    def sink() -> dict[str, Any]:
        found: dict[str, Any] = next(
            item for item in status(running)["processes"] if item["name"] == "sink"
        )
        return found

    before = sink()
    os.kill(before["pid"], signal.SIGKILL)
    eventually(lambda: sink()["restarts"] == before["restarts"] + 1 and sink()["state"] == "ready")
    assert sink()["pid"] != before["pid"]


def test_data_outlives_a_killed_stack_and_no_process_does(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path)
    events = tmp_path / "events.ndjson"
    events.write_text("not an event\n")
    try:
        assert sluice(settings, "up", "--detach").returncode == 0
        sent = sluice(settings, "publish", str(events))
        assert sent.returncode == 0, sent.stderr
        record = Ledger(tmp_path).read()
        assert record is not None
        supervisor = record.supervisor.find()
        assert supervisor is not None

        supervisor.kill()
        again = sluice(settings, "up", "--detach")
        assert again.returncode == 0, again.stderr
        assert not any(entry.identity and entry.identity.find() for entry in record.entries)
        topics = {topic["name"]: topic["messages"] for topic in status(settings)["topics"]}
        assert topics["agent.events.raw"] == 1
    finally:
        stopped = sluice(settings, "down")
    assert stopped.stdout.strip() == f"stopped {', '.join(PROCESSES)}"
    assert status(settings)["processes"] == []
    assert sluice(settings, "down").stdout.strip() == "nothing was running"


def test_sigterm_stops_everything_in_order(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path)
    assert sluice(settings, "up", "--detach").returncode == 0
    record = Ledger(tmp_path).read()
    assert record is not None
    supervisor = record.supervisor.find()
    assert supervisor is not None
    supervisor.terminate()
    psutil.wait_procs([supervisor], timeout=PATIENCE_SECONDS)
    assert not any(entry.identity and entry.identity.find() for entry in record.entries)
    assert "redactor stopped" in (tmp_path / "logs" / "redactor.log").read_text()
    # Kafka's own mark of an orderly shutdown, which spares it the recovery at its next start
    assert (tmp_path / "kafka" / "data" / ".kafka_cleanshutdown").exists()


def test_a_port_that_is_taken_is_one_line(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.local.clickhouse_port))
        taken.listen()
        refused = sluice(settings, "up")
    assert refused.returncode == 1
    first, hint = refused.stderr.splitlines()
    port = settings.local.clickhouse_port
    assert first.startswith(f"error: port {port} (local.clickhouse_port) is taken")
    assert "SLUICE_LOCAL__CLICKHOUSE_PORT" in hint


def test_a_data_directory_of_something_else_is_one_line(tmp_path: Path) -> None:
    settings = stack_settings(tmp_path)
    stray = tmp_path / "kafka" / "data" / "stray"
    stray.parent.mkdir(parents=True)
    stray.touch()
    refused = sluice(settings, "up")
    assert refused.returncode == 1
    errors = [line for line in refused.stderr.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "is no intact Kafka data directory" in errors[0]
    assert status(settings)["processes"] == []


@pytest.mark.parametrize("command", [["status"], ["status", "--json"], ["up"], ["migrate"]])
def test_no_secret_is_in_any_output(tmp_path: Path, command: list[str]) -> None:
    """Nothing listens on these ports: every command fails, and says so without a secret."""
    secret = "hunter2-hunter2-hunter2"
    refused = sluice(
        stack_settings(tmp_path),
        *command,
        extra={
            "SLUICE_KAFKA__SECURITY_PROTOCOL": "SASL_PLAINTEXT",
            "SLUICE_KAFKA__SASL_USERNAME": "agent",
            "SLUICE_KAFKA__SASL_PASSWORD": secret,
            "SLUICE_CLICKHOUSE__PASSWORD": secret,
            "SLUICE_REDACTION__KEY": secret,
        },
    )
    assert refused.returncode == 1
    assert "error:" in refused.stderr
    assert secret not in refused.stdout + refused.stderr


def test_no_secret_is_in_a_settings_error(tmp_path: Path) -> None:
    secret = "short-secret"
    refused = sluice(stack_settings(tmp_path), "status", extra={"SLUICE_REDACTION__KEY": secret})
    assert refused.returncode == 1
    assert "redaction" in refused.stderr
    assert secret not in refused.stdout + refused.stderr

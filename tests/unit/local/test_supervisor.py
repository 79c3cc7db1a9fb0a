"""The supervisor, with real processes that do nothing but answer for their health."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import psutil
import pytest

from pipeline.local.process import ProcessSpec, State
from pipeline.local.readiness import http_ok
from pipeline.local.supervisor import Backoff, StartError, Supervisor
from tests.services import free_ports

ROOT = Path(__file__).parents[3]
PATIENCE_SECONDS = 20.0


def stand_in(name: str, folder: Path, *, as_name: str | None = None) -> ProcessSpec:
    port = free_ports(1)[0]
    return ProcessSpec(
        name=as_name or name,
        command=[sys.executable, "-m", "tests.stand_ins", name],
        environment={"SLUICE_WORKER__PORT": str(port), "PYTHONPATH": str(ROOT)},
        log=folder / f"{as_name or name}.log",
        port=port,
        is_ready=partial(http_ok, port, "/"),
        start_seconds=PATIENCE_SECONDS,
        stop_seconds=5.0,
    )


def eventually(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    running = Supervisor(backoff=Backoff(first=0.05, limit=0.1))
    yield running
    running.stop()


def test_launch_returns_when_all_are_ready(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.launch([stand_in("steady", tmp_path), stand_in("steady", tmp_path, as_name="two")])
    assert [(item.name, item.state) for item in supervisor.processes] == [
        ("steady", State.READY),
        ("two", State.READY),
    ]
    assert all(http_ok(item.port, "/") for item in supervisor.processes)


def test_a_process_that_dies_is_started_again_and_counted(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    supervisor.launch([stand_in("steady", tmp_path)])
    first = supervisor.processes[0].pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    eventually(lambda: supervisor.processes[0].restarts == 1)
    eventually(lambda: supervisor.processes[0].state is State.READY)
    again = supervisor.processes[0]
    assert again.pid != first
    assert again.exit_code == -signal.SIGKILL


def test_a_broken_start_is_one_line_with_the_last_of_its_log(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    with pytest.raises(StartError) as raised:
        supervisor.launch([stand_in("broken", tmp_path)])
    assert str(raised.value) == (
        "broken ended at its start with exit code 3: broken: cannot read its policy"
    )
    assert supervisor.processes[0].state is State.FAILED
    assert supervisor.processes[0].restarts == 0


def test_a_command_that_does_not_exist_is_an_error_of_launch(
    supervisor: Supervisor, tmp_path: Path
) -> None:
    spec = ProcessSpec("ghost", ["/no/such/command"], {}, tmp_path / "ghost.log", 1, lambda: True)
    with pytest.raises(Exception, match="ghost: cannot start /no/such/command"):
        supervisor.launch([spec])


def test_one_that_is_never_ready_fails_in_time(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = ProcessSpec(
        "mute",
        [sys.executable, "-c", "import time; time.sleep(60)"],
        {},
        tmp_path / "mute.log",
        port=1,
        is_ready=lambda: False,
        start_seconds=0.3,
    )
    with pytest.raises(StartError, match="mute was not ready within 0 s"):
        supervisor.launch([spec])


def test_stop_ends_the_last_group_first(tmp_path: Path) -> None:
    ended: list[str] = []

    def note(processes: object) -> None:
        assert isinstance(processes, tuple)
        ended.extend(
            item.name
            for item in processes
            if item.state is State.STOPPED and item.name not in ended
        )

    supervisor = Supervisor(on_change=note)
    supervisor.launch([stand_in("steady", tmp_path, as_name="broker")])
    supervisor.launch([stand_in("steady", tmp_path, as_name="worker")])
    pids = [item.pid for item in supervisor.processes]
    supervisor.stop()
    assert ended == ["worker", "broker"]
    assert not any(pid is not None and psutil.pid_exists(pid) for pid in pids)


def test_a_signal_that_raises_out_of_wait_leaves_everything_to_stop(tmp_path: Path) -> None:
    def raises(*_: object) -> None:
        raise KeyboardInterrupt

    supervisor = Supervisor()
    supervisor.launch([stand_in("steady", tmp_path)])
    pid = supervisor.processes[0].pid
    before = signal.signal(signal.SIGUSR1, raises)
    try:
        threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGUSR1)).start()
        with pytest.raises(KeyboardInterrupt):
            supervisor.wait()
    finally:
        signal.signal(signal.SIGUSR1, before)
    supervisor.stop()
    assert pid is not None
    assert not psutil.pid_exists(pid)


def test_one_that_ignores_sigterm_is_killed(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = stand_in("deaf", tmp_path)
    supervisor.launch([ProcessSpec(**{**vars(spec), "stop_seconds": 0.2})])
    pid = supervisor.processes[0].pid
    supervisor.stop()
    assert pid is not None
    assert not psutil.pid_exists(pid)


def test_a_stop_during_the_start_releases_who_waits(tmp_path: Path) -> None:
    supervisor = Supervisor()
    spec = stand_in("steady", tmp_path)
    failed: list[BaseException] = []

    def launch() -> None:
        try:
            supervisor.launch([ProcessSpec(**{**vars(spec), "is_ready": lambda: False})])
        except StartError as error:
            failed.append(error)

    waiting = threading.Thread(target=launch)
    waiting.start()
    eventually(lambda: bool(supervisor.processes))
    supervisor.stop()
    waiting.join(PATIENCE_SECONDS)
    assert [str(error) for error in failed] == ["the stack was stopped while it started"]


def test_end_forgets_a_process(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.launch([stand_in("steady", tmp_path), stand_in("deaf", tmp_path)])
    supervisor.end("deaf", hard=True)
    assert [item.name for item in supervisor.processes] == ["steady"]
    with pytest.raises(KeyError):
        supervisor.end("deaf")


def test_the_log_of_the_run_before_is_kept_beside(supervisor: Supervisor, tmp_path: Path) -> None:
    spec = stand_in("steady", tmp_path)
    spec.log.write_text("the run before\n")
    supervisor.launch([spec])
    assert spec.log.read_text() == "steady: started\n"
    assert (tmp_path / "steady.log.1").read_text() == "the run before\n"


def test_backoff_doubles_up_to_its_limit() -> None:
    backoff = Backoff(first=1.0, limit=30.0)
    assert [backoff.pause(failures) for failures in (1, 2, 3, 5, 6, 10_000)] == [
        *(1.0, 2.0, 4.0, 16.0, 30.0, 30.0)
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="PR_SET_PDEATHSIG is Linux's")
def test_no_orphan_stays_when_the_supervisor_is_killed(tmp_path: Path) -> None:
    """A process that supervises is killed with SIGKILL: what it started ends by itself."""
    script = f"""
import sys, time
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from pipeline.local.supervisor import Supervisor
from tests.unit.local.test_supervisor import stand_in
supervisor = Supervisor()
supervisor.launch([stand_in("steady", Path({str(tmp_path)!r}))])
print(supervisor.processes[0].pid, flush=True)
time.sleep(60)
"""
    with psutil.Popen([sys.executable, "-c", script], stdout=-1) as parent:
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.kill()
        parent.wait()
        eventually(lambda: not psutil.pid_exists(child))

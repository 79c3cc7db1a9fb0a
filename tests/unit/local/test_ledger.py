"""The record of a stack's processes: one stack for a data directory, and no stranger killed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from pipeline.errors import ConfigError
from pipeline.local.ledger import Entry, Identity, Ledger, Record
from pipeline.local.process import ProcessStatus, State
from pipeline.local.reclaim import end_leftovers, stop_running


@pytest.fixture
def start_sleeper() -> Iterator[Callable[[], int]]:
    """Starts processes that sleep; gives the pid of each."""
    with ExitStack() as started:

        def start() -> int:
            command = [sys.executable, "-c", "import time; time.sleep(60)"]
            process = started.enter_context(subprocess.Popen(command))
            started.callback(process.kill)
            return process.pid

        yield start


def status(pid: int | None, log: Path) -> ProcessStatus:
    return ProcessStatus("sink", State.READY, pid, port=6067, log=log, restarts=2)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    log = tmp_path / "sink.log"
    ledger.write([status(os.getpid(), log), status(None, log)])
    me = Identity.of(os.getpid())
    assert me is not None
    assert Ledger(tmp_path).read() == Record(
        me,
        (Entry("sink", "ready", 6067, log, 2, me), Entry("sink", "ready", 6067, log, 2, None)),
    )
    ledger.clear()
    assert ledger.read() is None


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"supervisor": {"pid": 1}}'])
def test_a_record_that_cannot_be_read_is_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "stack.json").write_bytes(content)
    assert Ledger(tmp_path).read() is None


def test_a_second_stack_is_refused_until_the_first_releases(tmp_path: Path) -> None:
    first, second = Ledger(tmp_path), Ledger(tmp_path)
    first.acquire()
    first.write([])
    with pytest.raises(ConfigError, match=rf"already runs in .* \(pid {os.getpid()}\)"):
        second.acquire()
    assert (first.is_held, second.is_held) == (True, False)
    first.release()
    second.acquire()
    second.release()


def test_an_identity_is_a_pid_and_its_start(start_sleeper: Callable[[], int]) -> None:
    identity = Identity.of(start_sleeper())
    assert identity is not None
    assert identity.find() == psutil.Process(identity.pid)
    earlier = Identity(identity.pid, identity.started - 60.0)
    assert earlier.find() is None


def test_leftovers_are_ended_and_strangers_are_not(
    tmp_path: Path, start_sleeper: Callable[[], int]
) -> None:
    left, stranger = Identity.of(start_sleeper()), Identity.of(start_sleeper())
    assert left is not None
    assert stranger is not None
    recycled = Identity(stranger.pid, stranger.started - 3600.0)
    entries = tuple(
        Entry(name, "ready", 6066, tmp_path / "log", 0, identity)
        for name, identity in (("sink", left), ("redactor", recycled))
    )
    assert end_leftovers(Ledger(tmp_path), Record(recycled, entries)) == ["sink"]
    assert left.find() is None
    assert stranger.find() is not None


def test_down_with_nothing_running_is_no_error(tmp_path: Path) -> None:
    assert stop_running(Ledger(tmp_path)) == []

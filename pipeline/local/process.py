"""One child process: how it is described, started, tied to its parent's life, and ended."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pipeline.errors import ConfigError

PR_SET_PDEATHSIG = 1
# resolved here: between fork and exec nothing may be imported or looked up
_PRCTL = ctypes.CDLL(None).prctl if sys.platform == "linux" else None


class State(StrEnum):
    """Where a process is in its life."""

    STARTING = "starting"
    READY = "ready"
    WAITING = "waiting"
    """It ended by itself and will be started again after a pause."""
    FAILED = "failed"
    """It ended, or was not ready in time, at its first start; it is not started again."""
    STOPPED = "stopped"


@dataclass(frozen=True)
class ProcessSpec:
    """What to run, and how to tell that it is ready."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    """Added to our own environment."""
    log: Path
    """Output and errors; the log of the run before is kept beside it with `.1` added."""
    port: int
    """Where it listens on loopback, for people."""
    is_ready: Callable[[], bool]
    start_seconds: float = 90.0
    stop_seconds: float = 30.0
    """After SIGTERM, before SIGKILL."""


@dataclass(frozen=True)
class ProcessStatus:
    """A process as it is now."""

    name: str
    state: State
    pid: int | None
    port: int
    log: Path
    restarts: int = 0
    exit_code: int | None = None
    """Of the last run that ended; negative: the signal that ended it."""


def rotate(log: Path) -> None:
    """Keep the log of the run before as `LOG.1`, so that one run is one file."""
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.is_file() and log.stat().st_size:
        log.replace(log.with_name(log.name + ".1"))


def spawn(spec: ProcessSpec) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, its output appended to its log.

    The session keeps a terminal's Ctrl-C from reaching it: its parent ends it, in order. On Linux
    it gets SIGTERM when the *thread* that called this function ends, so that no orphan stays
    however its parent dies: call it from a thread that outlives the process.
    """
    parent = os.getpid()

    def tie_to_parent() -> None:
        if _PRCTL is None:
            return
        _PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    try:
        with spec.log.open("ab") as log:
            return subprocess.Popen(
                list(spec.command),
                env={**os.environ, **spec.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=tie_to_parent,
            )
    except OSError as error:
        raise ConfigError(f"{spec.name}: cannot start {spec.command[0]}: {error}") from None


def kill_group(process: subprocess.Popen[bytes]) -> None:
    """Kill a process that has not been waited for yet, with everything in its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def last_line(log: Path, *, tail_bytes: int = 8192, width: int = 300) -> str:
    """Return the last line of a log that says something, cut to `width`; nothing if none does.

    The frames of a Java stack trace (`at …`, `... 22 more`) say nothing to a person.
    """
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - tail_bytes))
            text = file.read().decode("utf-8", errors="replace")
    except OSError:
        return ""
    lines = (line.strip() for line in reversed(text.splitlines()))
    telling = (line for line in lines if line and not line.startswith(("at ", "... ")))
    return next(telling, "")[:width]

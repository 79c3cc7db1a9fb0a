"""Which processes the stack of a data directory has, on disk: for other terminals and later runs.

Two files in the data directory. `stack.lock` is locked by the running stack, so that there is one,
and the lock ends with its holder however it dies. `stack.json` lists the processes, each with
its start time: a pid alone may belong to a stranger by now.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import orjson
import psutil

from pipeline.errors import ConfigError
from pipeline.local.process import ProcessStatus

CLOCK_TOLERANCE_SECONDS = 2.0
"""A start time is counted from boot, and the boot time moves when the clock is corrected."""


@dataclass(frozen=True)
class Identity:
    """A process that is not mistaken for another: pid, and start time in epoch seconds."""

    pid: int
    started: float

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """Return the identity of a process that runs now, or None."""
        try:
            return cls(pid, psutil.Process(pid).create_time())
        except psutil.Error:
            return None

    def find(self) -> psutil.Process | None:
        """Return the process if it still runs, else None, also where the pid was given anew."""
        try:
            process = psutil.Process(self.pid)
            same = abs(process.create_time() - self.started) < CLOCK_TOLERANCE_SECONDS
            return process if same and process.status() != psutil.STATUS_ZOMBIE else None
        except psutil.Error:
            return None


@dataclass(frozen=True)
class Entry:
    """A process of the stack as `stack.json` has it."""

    name: str
    state: str
    port: int
    log: Path
    restarts: int
    identity: Identity | None


@dataclass(frozen=True)
class Record:
    """What `stack.json` holds: who supervises, and the processes in the order of their start."""

    supervisor: Identity
    entries: tuple[Entry, ...]


class Ledger:
    """The two files of one data directory."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._file = data_dir / "stack.json"
        self._lock_file = data_dir / "stack.lock"
        self._lock: IO[bytes] | None = None

    def acquire(self) -> None:
        """Become the one stack of this data directory; raise `ConfigError` if there is one."""
        self.data_dir.mkdir(parents=True, exist_ok=True)
        lock = self._lock_file.open("ab")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            record = self.read()
            pid = f" (pid {record.supervisor.pid})" if record else ""
            raise ConfigError(
                f"Sluice already runs in {self.data_dir}{pid}",
                hint="sluice status shows it, sluice down stops it; "
                "for a second one set SLUICE_LOCAL__DATA_DIR and the ports",
            ) from None
        self._lock = lock

    @property
    def is_held(self) -> bool:
        """Whether we are the one stack."""
        return self._lock is not None

    def release(self) -> None:
        """Let another stack have the data directory."""
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    def write(self, processes: Sequence[ProcessStatus]) -> None:
        """Replace the record: we supervise `processes`."""
        supervisor = Identity.of(os.getpid())
        assert supervisor is not None  # noqa: S101 - we run
        content = {
            "supervisor": _identity_fields(supervisor),
            "processes": [
                {
                    "name": process.name,
                    "state": process.state,
                    "port": process.port,
                    "log": str(process.log),
                    "restarts": process.restarts,
                    "identity": _identity_fields(Identity.of(process.pid))
                    if process.pid is not None
                    else None,
                }
                for process in processes
            ],
        }
        replacement = self._file.with_suffix(".json.new")
        replacement.write_bytes(orjson.dumps(content, option=orjson.OPT_INDENT_2))
        replacement.replace(self._file)

    def read(self) -> Record | None:
        """Return the last record, or None if there is none that can be read."""
        try:
            content = orjson.loads(self._file.read_bytes())
            supervisor = _identity(content["supervisor"])
            entries = tuple(
                Entry(
                    name=item["name"],
                    state=item["state"],
                    port=item["port"],
                    log=Path(item["log"]),
                    restarts=item["restarts"],
                    identity=_identity(item["identity"]),
                )
                for item in content["processes"]
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return None if supervisor is None else Record(supervisor, entries)

    def clear(self) -> None:
        """Forget the record: no process is left."""
        self._file.unlink(missing_ok=True)


def _identity_fields(identity: Identity | None) -> dict[str, Any] | None:
    return None if identity is None else {"pid": identity.pid, "started": identity.started}


def _identity(fields: dict[str, Any] | None) -> Identity | None:
    return None if fields is None else Identity(int(fields["pid"]), float(fields["started"]))

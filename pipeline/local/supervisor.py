"""Keeps processes running: starts them, waits until they are ready, restarts those that die.

One thread owns all processes. It forks them, and it lives until they have ended, because a
process is tied to the thread that forked it (see `process.spawn`). Everybody else hands it orders.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from queue import Empty, Queue

from pipeline.errors import SluiceError
from pipeline.local.process import (
    ProcessSpec,
    ProcessStatus,
    State,
    kill_group,
    last_line,
    rotate,
    spawn,
)

TICK_SECONDS = 0.2


class StartError(SluiceError):
    """A process ended, or was not ready in time, at its first start."""


@dataclass(frozen=True)
class Backoff:
    """Seconds to pause before a restart: doubled each time, forgotten after a long good run."""

    first: float = 1.0
    limit: float = 30.0
    forget_after: float = 60.0

    def pause(self, failures: int) -> float:
        """Return the pause after `failures` (1, 2, …) short runs in a row."""
        return min(self.limit, self.first * 2.0 ** min(failures - 1, 32))


class _Process:
    """A process under supervision; only the owning thread calls it."""

    def __init__(self, spec: ProcessSpec, backoff: Backoff) -> None:
        self.spec = spec
        self.state = State.STOPPED
        self.running: subprocess.Popen[bytes] | None = None
        self.error = ""
        self._backoff = backoff
        self._restarts = 0
        self._failures = 0
        self._exit_code: int | None = None
        self._was_ready = False
        self._started = 0.0
        self._resume = 0.0

    def start(self, now: float) -> None:
        self.running = spawn(self.spec)
        self.state = State.STARTING
        self._started = now

    def tick(self, now: float) -> None:
        """Take note of what happened since the last tick, and act on it."""
        if self.running is not None:
            code = self.running.poll()
            if code is not None:
                self._ended(code, now)
            elif self.state is State.STARTING:
                self._check_ready(now)
        elif self.state is State.WAITING and now >= self._resume:
            self._restarts += 1
            self.start(now)

    def kill(self) -> None:
        """End it at once, with everything in its session; the caller waits with `reap`."""
        if self.running is not None:
            kill_group(self.running)

    def end(self) -> None:
        """Ask it to end; the caller waits with `reap`."""
        if self.running is not None:
            self.running.terminate()

    def reap(self, seconds: float) -> None:
        """Wait for it to end for so many seconds, then kill it."""
        if self.running is not None:
            try:
                self._exit_code = self.running.wait(max(0.0, seconds))
            except subprocess.TimeoutExpired:
                kill_group(self.running)
                self._exit_code = self.running.wait()
            self.running = None
        self.state = State.STOPPED

    def status(self) -> ProcessStatus:
        return ProcessStatus(
            name=self.spec.name,
            state=self.state,
            pid=None if self.running is None else self.running.pid,
            port=self.spec.port,
            log=self.spec.log,
            restarts=self._restarts,
            exit_code=self._exit_code,
        )

    def _check_ready(self, now: float) -> None:
        if self.spec.is_ready():
            self.state = State.READY
            self._was_ready = True
        elif not self._was_ready and now - self._started > self.spec.start_seconds:
            self._fail(f"was not ready within {self.spec.start_seconds:.0f} s")

    def _ended(self, code: int, now: float) -> None:
        self.running = None
        self._exit_code = code
        if not self._was_ready:
            ending = f"signal {-code}" if code < 0 else f"exit code {code}"
            self._fail(f"ended at its start with {ending}")
            return
        long_run = now - self._started >= self._backoff.forget_after
        self._failures = 1 if long_run else self._failures + 1
        self._resume = now + self._backoff.pause(self._failures)
        self.state = State.WAITING

    def _fail(self, what: str) -> None:
        self.state = State.FAILED
        line = last_line(self.spec.log)
        self.error = f"{self.spec.name} {what}" + (f": {line}" if line else "")


class Supervisor:
    """Starts groups of processes and keeps them running until `stop`."""

    def __init__(
        self,
        *,
        backoff: Backoff | None = None,
        on_change: Callable[[Sequence[ProcessStatus]], None] = lambda _: None,
    ) -> None:
        """`on_change` gets all processes after any of them changed; the owning thread calls it."""
        self._backoff = backoff or Backoff()
        self._on_change = on_change
        self._groups: list[list[_Process]] = []
        self._orders: Queue[Callable[[], None] | None] = Queue()
        self._pending: list[tuple[list[_Process], Future[None]]] = []
        self._statuses: tuple[ProcessStatus, ...] = ()
        self._thread = threading.Thread(target=self._run, name="supervisor", daemon=True)
        # `Thread.join` will not do for `wait`: in Python 3.11 and 3.12 a signal handler that raises
        # out of it marks the thread as ended (bpo-45274), and `stop` would have nothing to stop
        self._has_ended = threading.Event()

    @property
    def processes(self) -> tuple[ProcessStatus, ...]:
        """All processes in the order of their start."""
        return self._statuses

    def launch(self, specs: Sequence[ProcessSpec]) -> None:
        """Start a group of processes side by side and return when all are ready.

        Raises `StartError` with the last line of its log for one that ends or takes too long.
        """
        if not self._thread.is_alive():
            self._thread.start()
        done: Future[None] = Future()
        self._orders.put(lambda: self._start_group(specs, done))
        done.result()

    def end(self, name: str, *, hard: bool = False) -> None:
        """End one process and forget it; it is not restarted. Raises `KeyError` if unknown.

        `hard`: with SIGKILL at once, as a crash would, instead of SIGTERM and time to drain.
        """
        done: Future[None] = Future()
        self._orders.put(lambda: self._end_one(name, done, hard=hard))
        done.result()

    def wait(self) -> None:
        """Return when the processes were stopped; a signal handler may raise out of it."""
        self._has_ended.wait()

    def stop(self) -> None:
        """End everything, the last group first, each group side by side; then the thread ends."""
        if self._thread.is_alive():
            self._orders.put(None)
            self._has_ended.wait()
            self._thread.join()

    # below: the owning thread

    def _run(self) -> None:
        try:
            while True:
                try:
                    order = self._orders.get(timeout=TICK_SECONDS)
                except Empty:
                    pass
                else:
                    if order is None:
                        return
                    order()
                self._tick()
        finally:
            while self._groups:
                self._end_processes(self._groups[-1])
                self._groups.pop()
            for _, done in self._pending:
                done.set_exception(StartError("the stack was stopped while it started"))
            self._publish()
            self._has_ended.set()

    def _tick(self) -> None:
        now = time.monotonic()
        for process in self._all():
            process.tick(now)
        for group, done in list(self._pending):
            failed = [process.error for process in group if process.state is State.FAILED]
            if failed:
                done.set_exception(StartError("; ".join(failed)))
            elif all(process.state is State.READY for process in group):
                done.set_result(None)
            else:
                continue
            self._pending.remove((group, done))
        self._publish()

    def _start_group(self, specs: Sequence[ProcessSpec], done: Future[None]) -> None:
        group = [_Process(spec, self._backoff) for spec in specs]
        self._groups.append(group)
        try:
            for process in group:
                rotate(process.spec.log)
                process.start(time.monotonic())
        except (SluiceError, OSError) as error:
            done.set_exception(error)
        else:
            self._pending.append((group, done))
        self._publish()

    def _end_one(self, name: str, done: Future[None], *, hard: bool) -> None:
        for group in self._groups:
            for process in group:
                if process.spec.name == name:
                    if hard:
                        process.kill()
                    self._end_processes([process])
                    group.remove(process)
                    self._publish()
                    done.set_result(None)
                    return
        done.set_exception(KeyError(name))

    def _end_processes(self, processes: Sequence[_Process]) -> None:
        for process in processes:
            process.end()
        start = time.monotonic()
        for process in processes:
            process.reap(process.spec.stop_seconds - (time.monotonic() - start))
        self._publish()

    def _all(self) -> list[_Process]:
        return [process for group in self._groups for process in group]

    def _publish(self) -> None:
        statuses = tuple(process.status() for process in self._all())
        if statuses != self._statuses:
            self._statuses = statuses
            self._on_change(statuses)

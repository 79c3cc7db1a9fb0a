"""End a stack from outside: ask its supervisor, then end what a killed supervisor left behind."""

from __future__ import annotations

import signal
from collections.abc import Iterable

import psutil

from pipeline.errors import SluiceError
from pipeline.local.ledger import Ledger, Record

DRAIN_SECONDS = 30.0
"""What a process without a supervisor may take to end after SIGTERM."""
SUPERVISOR_SECONDS = 120.0
"""What a supervisor may take: workers, engine and broker drain one after the other."""


def stop_running(ledger: Ledger) -> list[str]:
    """Stop the stack of a data directory; return the names of what was running, in start order.

    A live supervisor is asked to stop and waited for. Raises `SluiceError` if it does not end.
    """
    record = ledger.read()
    if record is None:
        return []
    names = [entry.name for entry in record.entries if entry.identity and entry.identity.find()]
    supervisor = record.supervisor.find()
    if supervisor is not None:
        supervisor.send_signal(signal.SIGTERM)
        if _wait([supervisor], SUPERVISOR_SECONDS):
            raise SluiceError(
                f"the stack (pid {supervisor.pid}) did not stop within {SUPERVISOR_SECONDS:.0f} s",
                hint=f"kill -9 {supervisor.pid}, then sluice down again",
            )
    end_leftovers(ledger, record)
    return names


def end_leftovers(ledger: Ledger, record: Record | None = None) -> list[str]:
    """End the recorded processes that outlived their supervisor; return their names.

    In reverse order of their start, one by one: SIGTERM, then SIGKILL to its whole session.
    """
    record = record or ledger.read()
    ended = []
    for entry in reversed(record.entries if record else ()):
        process = entry.identity.find() if entry.identity else None
        if process is None:
            continue
        ended.append(entry.name)
        process.terminate()
        for stubborn in _wait([process], DRAIN_SECONDS):
            stubborn.kill()
            _wait([stubborn], DRAIN_SECONDS)
    ledger.clear()
    return ended[::-1]


def _wait(processes: Iterable[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Return those that still run after `seconds`."""
    _, alive = psutil.wait_procs(list(processes), timeout=seconds)
    return alive

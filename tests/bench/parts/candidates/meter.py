"""Counts and times a candidate from inside its process, and tells the benchmark in JSON lines."""

from __future__ import annotations

import os
import sys
import time

import orjson
import psutil


class Meter:
    """The clock of one candidate; it ends the process when the last event is finished.

    Clock and CPU begin with the first event in hand: connecting and getting partitions do not
    count. CPU is that of all threads of the process.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0
        self._began: tuple[float, float] | None = None

    @property
    def left(self) -> int:
        """How many events are to be finished yet."""
        return self._count - self._done

    def take(self) -> None:
        """Note that an event is in hand; only the first time matters."""
        if self._began is None:
            self._began = time.monotonic(), time.process_time()

    def finish(self, events: int) -> None:
        """Note that `events` more are stored; does not return after the last."""
        self._done += events
        _tell({"step": events})
        if self._done < self._count:
            return
        assert self._began is not None, "finished without a beginning"
        wall, cpu = self._began
        _tell(
            {
                # a batch may have gone past what was asked for
                "events": self._done,
                "seconds": time.monotonic() - wall,
                "cpu_seconds": time.process_time() - cpu,
                "memory_mib": psutil.Process().memory_info().rss / 1024**2,
            }
        )
        # leaving a group in good order takes seconds, and nothing is measured any more
        os._exit(0)


def _tell(line: dict[str, float]) -> None:
    sys.stdout.buffer.write(orjson.dumps(line) + b"\n")
    sys.stdout.buffer.flush()

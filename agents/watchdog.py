"""Ends a worker that is alive and does nothing, so that its supervisor starts it anew.

Faust has several known ways to stop consuming without an error. The watchdog shares nothing with
what may have stopped: it is a thread with connections of its own, and asks Kafka, not the worker,
how far the worker came.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from pipeline.adapters.kafka.admin import committed_offsets, topic_states
from pipeline.config import KafkaSettings
from pipeline.errors import SluiceError

logger = logging.getLogger(__name__)

EXIT_STANDSTILL = 71
"""Exit code of a worker that was ended for doing nothing (EX_OSERR of sysexits.h)."""

Place = tuple[str, int]
"""Topic and partition."""


@dataclass(frozen=True, slots=True)
class _Stand:
    committed: int
    end: int
    """Of the partition, when the standstill began."""
    since: float


class Standstill:
    """Tells which partitions get longer while their committed offset has not moved for too long."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._stands: dict[Place, _Stand] = {}

    def observe(
        self, now: float, positions: Mapping[Place, tuple[int, int]], *, excused_at: float
    ) -> list[Place]:
        """Return the partitions that stand still.

        `positions` has committed offset and end of each partition that the worker owns;
        `excused_at` is when the worker last said that it waits for a service. All times in
        seconds of one clock.
        """
        stands: dict[Place, _Stand] = {}
        for place, (committed, end) in positions.items():
            before = self._stands.get(place)
            if before is None or before.committed != committed or committed >= end:
                stands[place] = _Stand(committed, end, now)
            elif excused_at > before.since:
                stands[place] = _Stand(committed, end, excused_at)
            else:
                stands[place] = before
        self._stands = stands
        return [
            place
            for place, stand in stands.items()
            if now - stand.since >= self._seconds and positions[place][1] > stand.end
        ]


class Watchdog:
    """Watches one worker from a thread of its own; a service of `agents.__main__`."""

    def __init__(
        self,
        kafka: KafkaSettings,
        group: str,
        owned: Callable[[], set[Place]],
        excused_at: Callable[[], float],
        *,
        seconds: float,
    ) -> None:
        """`owned` and `excused_at` are called in the watchdog's thread; 0 seconds: no watching."""
        self._kafka = kafka
        self._group = group
        self._owned = owned
        self._excused_at = excused_at
        self._seconds = seconds
        self._standstill = Standstill(seconds)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    async def start(self) -> None:
        """Begin to watch."""
        if self._seconds > 0:
            self._thread.start()

    async def stop(self) -> None:
        """Stop watching; a look that is under way may go on for a moment."""
        self._stop.set()

    def _watch(self) -> None:
        while not self._stop.wait(self._seconds / 8):
            owned = self._owned()
            if not owned:
                continue
            try:
                positions = asyncio.run(asyncio.wait_for(self._look(owned), self._seconds))
            except (SluiceError, OSError, TimeoutError):
                # a broker that is away says nothing about the worker
                continue
            stuck = self._standstill.observe(
                time.monotonic(), positions, excused_at=self._excused_at()
            )
            if stuck and not self._stop.is_set():
                self._end(stuck)

    async def _look(self, owned: set[Place]) -> dict[Place, tuple[int, int]]:
        committed = await committed_offsets(self._kafka, self._group)
        states = await topic_states(self._kafka, {topic for topic, _ in owned})
        return {
            (state.name, number): (
                max(committed.get((state.name, number), 0), state.begin_offsets[number]),
                end,
            )
            for state in states
            for number, end in state.end_offsets.items()
            if (state.name, number) in owned
        }

    def _end(self, stuck: list[Place]) -> None:
        names = ", ".join(f"{topic}:{number}" for topic, number in sorted(stuck))
        logger.critical(
            "%s committed nothing for %.0f s while its lag grew, the worker stops: %s",
            self._group,
            self._seconds,
            names,
        )
        logging.shutdown()
        sys.stderr.flush()
        os._exit(EXIT_STANDSTILL)

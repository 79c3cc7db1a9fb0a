"""Asks Kafka every few seconds how far the consumer groups of all workers are behind."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress

from pipeline.adapters.kafka.admin import committed_offsets, topic_states
from pipeline.config import KafkaSettings
from pipeline.detection.lag import LagMeter, Place, Position
from pipeline.errors import SluiceError
from pipeline.topics import EVENTS_CLEAN, EVENTS_RAW, WINDOWS_PARTIAL

logger = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
TIMEOUT_SECONDS = 30.0
GROUPS = {
    "sluice-redactor": EVENTS_RAW.name,
    "sluice-aggregator": EVENTS_CLEAN.name,
    "sluice-detector": WINDOWS_PARTIAL.name,
    "sluice-sink": EVENTS_CLEAN.name,
}
"""Each group and what it reads: one that never committed has all of that before it."""
CHANGELOG = "-changelog"
"""How the topics end that workers only read to recover."""


class LagWatch:
    """A service of the detector; `latest` has what the last look found."""

    def __init__(self, kafka: KafkaSettings, groups: Mapping[str, str] = GROUPS) -> None:
        self._kafka = kafka
        self._groups = groups
        self._meter = LagMeter()
        self._behind: Mapping[str, float] = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._watch(), name="lag-watch")

    async def stop(self) -> None:
        """Stop looking."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def take(self) -> Mapping[str, float]:
        """Return seconds behind by group since the last call; empty without a new look."""
        behind, self._behind = self._behind, {}
        return behind

    async def _watch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(TIMEOUT_SECONDS):
                    positions = await self._positions()
            except (SluiceError, OSError, TimeoutError) as error:
                # a broker that is away says nothing about the groups
                logger.info("the lag of groups is not known: %s", type(error).__name__)
            else:
                self._behind = self._meter.observe(time.monotonic(), positions)
            await asyncio.sleep(EVERY_SECONDS)

    async def _positions(self) -> dict[Place, Position]:
        committed = {group: await committed_offsets(self._kafka, group) for group in self._groups}
        topics = {topic for found in committed.values() for topic, _ in found}
        states = await topic_states(
            self._kafka,
            {topic for topic in topics if not topic.endswith(CHANGELOG)} | {*self._groups.values()},
        )
        ends = {
            (state.name, number): end
            for state in states
            for number, end in state.end_offsets.items()
        }
        begins = {
            group: {
                (state.name, number): begin
                for state in states
                if state.name == topic
                for number, begin in state.begin_offsets.items()
            }
            for group, topic in self._groups.items()
        }
        return {
            (group, *place): (offset, ends[place])
            for group, found in committed.items()
            for place, offset in (begins[group] | found).items()
            if place in ends
        }

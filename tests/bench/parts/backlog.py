"""What the workers' groups have still to read: the end of a load, and a clean begin of another."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from pipeline.adapters.kafka.admin import group_lags, topic_states
from pipeline.config import Settings
from pipeline.local.roles import ROLES
from pipeline.topics import EVENTS_CLEAN, EVENTS_RAW, WINDOWS_PARTIAL

LAG_SECONDS = 1.0
"""Between two looks: as long as workers take to commit."""
READ = {EVENTS_RAW.name, EVENTS_CLEAN.name, WINDOWS_PARTIAL.name}
GIVE_UP_SECONDS = 3_600.0


async def until_read(settings: Settings, look: Callable[[dict[str, int]], None]) -> None:
    """Wait until the groups of all roles have read everything.

    `look` is told at each look how many records each role has still to read.
    """
    end = time.monotonic() + GIVE_UP_SECONDS
    left = 1
    while left:
        states = await topic_states(settings.kafka, READ)
        lags = {
            lag.group: sum(lag.lag.values()) for lag in await group_lags(settings.kafka, states)
        }
        by_role = {role.name: lags.get(f"sluice-{role.name}", 0) for role in ROLES}
        look(by_role)
        left = max(by_role.values())
        if time.monotonic() > end:
            raise TimeoutError(f"{left} events are still to be read")
        await asyncio.sleep(LAG_SECONDS)

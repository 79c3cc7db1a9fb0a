"""How far everything has come to rest: what commands that compare or replace may rely on."""

from __future__ import annotations

import asyncio
import time

from pipeline.adapters.kafka.admin import committed_offsets, topic_states
from pipeline.config import KafkaSettings
from pipeline.errors import UnavailableError
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ, EVENTS_RAW

REDACTOR_GROUP = "sluice-redactor"
SINK_GROUP = "sluice-sink"

Offsets = dict[tuple[str, int], int]
"""By topic and partition."""


async def settled_offsets(kafka: KafkaSettings, *, wait_seconds: float = 60.0) -> Offsets:
    """Return offsets below which all of raw, clean and dead letters has reached ClickHouse.

    What the redactor has committed stands in its output topics; so the ends of those, taken
    afterwards, are what the sink has to reach. Raises `UnavailableError` if it does not in time.
    """
    redacted = await committed_offsets(kafka, REDACTOR_GROUP)
    states = await topic_states(kafka, [EVENTS_CLEAN.name, EVENTS_DLQ.name])
    wanted = {
        (state.name, number): end for state in states for number, end in state.end_offsets.items()
    }
    give_up = time.monotonic() + wait_seconds
    while True:
        stored = await committed_offsets(kafka, SINK_GROUP)
        behind = sum(max(0, end - stored.get(place, 0)) for place, end in wanted.items())
        if not behind:
            break
        if time.monotonic() > give_up:
            raise UnavailableError(
                f"the sink is {behind:,} records behind", hint="see sluice status; try again later"
            )
        await asyncio.sleep(1.0)
    settled = {place: offset for place, offset in redacted.items() if place[0] == EVENTS_RAW.name}
    return settled | wanted

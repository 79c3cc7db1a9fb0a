"""What the table already holds of one partition, asked once when the partition is taken over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.storage.coordinates import PresentOffsets, Source, SourceFence
from pipeline.storage.recent_ids import RecentIds

Query = Callable[[str, Mapping[str, Any]], Awaitable[list[tuple[Any, ...]]]]
"""Runs a query with server-side parameters and returns its rows."""

_FURTHEST_SOURCES = """
SELECT source_topic, source_partition, tupleElement(furthest, 1), tupleElement(furthest, 2)
FROM
(
    SELECT source_topic, source_partition, max((source_offset, source_index)) AS furthest
    FROM {table:Identifier}
    WHERE cluster = {cluster:String} AND topic = {topic:String}
      AND partition = {partition:UInt32} AND offset < {first:UInt64}
    GROUP BY source_topic, source_partition
)
"""

# Ranges of consecutive offsets: offset minus rank is the same all through such a range.
_PRESENT_RANGES = """
SELECT min(offset), max(offset)
FROM
(
    SELECT offset, offset - row_number() OVER (ORDER BY offset) AS range
    FROM
    (
        SELECT DISTINCT offset
        FROM {table:Identifier}
        WHERE cluster = {cluster:String} AND topic = {topic:String}
          AND partition = {partition:UInt32} AND offset >= {first:UInt64}
    )
)
GROUP BY range
"""


# Those at and above `first` are learned again from the records themselves.
_RECENT_IDS = """
SELECT event_id
FROM {table:Identifier}
WHERE cluster = {cluster:String} AND topic = {topic:String} AND partition = {partition:UInt32}
  AND offset < {end:UInt64} AND offset >= {begin:UInt64}
ORDER BY offset
"""
IDS_TOGETHER = 25_000
"""Offsets whose ids are asked for at once: an answer is Python objects, far larger than its ids."""


@dataclass
class Progress:
    """What is known to be stored of one partition."""

    fence: SourceFence
    present: PresentOffsets
    recent: RecentIds | None = None
    """None where records have no ids of their producer."""


async def load_progress(
    query: Query,
    *,
    table: str,
    cluster: str,
    topic: str,
    partition: int,
    first: int,
    horizon: int | None = None,
) -> Progress:
    """Ask `table` what it holds of a partition that is read from offset `first` on.

    Below `first` everything was stored before it was committed, so the furthest sources there make
    the fence; at and above it the offsets that a crash left behind uncommitted are skipped.
    `horizon` is the number of records within which an event id is known again; None: no ids.
    """
    parameters = {
        "table": table,
        "cluster": cluster,
        "topic": topic,
        "partition": partition,
        "first": first,
    }
    furthest = await query(_FURTHEST_SOURCES, parameters)
    ranges = await query(_PRESENT_RANGES, parameters)
    recent = None
    if horizon is not None:
        recent = RecentIds(horizon)
        for begin in range(max(0, first - horizon), first, IDS_TOGETHER):
            between = {"begin": begin, "end": min(begin + IDS_TOGETHER, first)}
            for (event_id,) in await query(_RECENT_IDS, parameters | between):
                recent.add(event_id)
    return Progress(
        SourceFence(Source(*row) for row in furthest),
        PresentOffsets((int(low), int(high)) for low, high in ranges),
        recent,
    )

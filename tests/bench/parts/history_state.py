"""How much room histories take, and how long they take to come back.

A few dimensions get fifteen days, every hour of them with data and the last one densely; what they
take is multiplied. Recovery is reading the changelog, at the rate at which Faust reads one, and
building the histories from it. The dimensions are tools, which have one digest: other kinds keep up
to three, and there are far fewer of those.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass

from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.pane import Resolution
from pipeline.windows.partial import Partial, PartialPane
from tests.unit.windows.latencies import pane_of

DAYS = 15
DIMENSIONS = 10_000
PARTITIONS = 4
CHANGELOG_RECORDS_PER_SECOND = 14_000
"""What Faust reads on one core, measured with an empty agent."""
_END_MS = 30_000 * int(Resolution.DAY)


@dataclass(frozen=True)
class Extrapolated:
    """For `DIMENSIONS` dimensions."""

    megabytes: float
    records: int
    recovery_seconds: float


def run(sample: int) -> Extrapolated:
    """Measure `sample` dimensions."""
    histories = Histories()
    table: dict[str, bytes] = {}
    chance = random.Random(1)
    for start_ms in _starts():
        for number in range(sample):
            _add(histories, Dimension(DimensionKind.TOOL, (f"tool-{number}",)), start_ms, chance)
        for key, value in histories.take_writes():
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
    began = time.process_time()
    Histories.load(table.items())
    load_seconds = time.process_time() - began
    factor = DIMENSIONS / sample
    records = round(len(table) * factor)
    size = sum(len(key) + len(value) for key, value in table.items())
    return Extrapolated(
        megabytes=size * factor / 1e6,
        records=records,
        recovery_seconds=records / CHANGELOG_RECORDS_PER_SECOND + load_seconds * factor,
    )


def _starts() -> list[int]:
    hour, minute = int(Resolution.HOUR), int(Resolution.MINUTE)
    begin = _END_MS - DAYS * int(Resolution.DAY)
    hours = list(range(begin, _END_MS - 2 * hour, hour))
    minutes = list(range(_END_MS - 2 * hour, _END_MS - 10 * minute, minute))
    dense = list(range(_END_MS - 10 * minute, _END_MS, int(Resolution.TEN_SECONDS)))
    return hours + minutes + dense


def _add(histories: Histories, dimension: Dimension, start_ms: int, chance: random.Random) -> None:
    for partition in range(PARTITIONS):
        values = [round(chance.lognormvariate(11, 1)) for _ in range(20)]
        part = PartialPane(pane_of(start_ms, values), (start_ms, 0))
        end_ms = start_ms + int(Resolution.TEN_SECONDS)
        histories.apply(Partial(dimension, partition, end_ms, (part,)))

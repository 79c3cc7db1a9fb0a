"""Which records become rows: not what is refused, and not what came before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from pipeline.storage.coordinates import PresentOffsets, SourceFence
from pipeline.storage.recent_ids import RecentIds
from pipeline.storage.rows import Refusal


class Straight(Protocol):
    """Makes rows of records without an object for each value."""

    def read(self, value: bytes | None, /) -> tuple[str, str, int, int, int] | None:
        """Return a record's id and its source's topic, partition, offset and index.

        None: it goes the general way, which takes or refuses it.
        """

    def keep(self, cluster: str, topic: str, partition: int, offset: int, /) -> object:
        """Make what was read last a row, which stands there."""


class Sorted:
    """Rows and the records they came from, and what became of the other records."""

    def __init__(self) -> None:
        self.straight: list[Any] = []
        """Records that are rows of `Straight`."""
        self.rows: list[dict[str, Any]] = []
        self.records: list[Any] = []
        """Those that `rows` came from."""
        self.refused: list[tuple[Any, Refusal]] = []
        self.repeated: list[str] = []
        """In which way each left-out record came before; the kinds of `sluice_repeated_records`."""


def sort(
    records: list[Any],
    read: Callable[[bytes | None], Any],
    cluster: str,
    fence: SourceFence,
    present: PresentOffsets,
    recent: RecentIds | None,
    straight: Straight | None = None,
) -> Sorted:
    """Read the next records of a partition; the fence moves, and ids are remembered."""
    found = Sorted()
    for record in records:
        offset = record.offset
        straight_read = None if straight is None else straight.read(record.value)
        if straight is not None and straight_read is not None:
            event_id, topic, partition, source_offset, index = straight_read
            passes = fence.passes_place(topic, partition, source_offset, index)
            kind = _repetition(passes, event_id, offset, present, recent)
            if kind is None:
                straight.keep(cluster, record.topic, record.partition, offset)
                found.straight.append(record)
            else:
                found.repeated.append(kind)
            continue
        row = read(record.value)
        if isinstance(row, Refusal):
            found.refused.append((record, row))
            continue
        kind = _repetition(fence.passes_record(row), row.get("event_id"), offset, present, recent)
        if kind is not None:
            found.repeated.append(kind)
            continue
        row["at"] = place_of(record, cluster)
        found.rows.append(row)
        found.records.append(record)
    return found


def place_of(record: Any, cluster: str) -> dict[str, Any]:
    """Return where a record stands, as a row has it."""
    return {
        "cluster": cluster,
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
    }


def _repetition(
    passes: bool, event_id: Any, offset: Any, present: PresentOffsets, recent: RecentIds | None
) -> str | None:
    """Tell in which way a record is one that came before; None: it is new.

    `passes` is what the fence says of its source.
    """
    if not passes:
        return "processing"
    first_of_its_id = recent is None or recent.add(event_id)
    if offset in present:
        return "delivery"
    return None if first_of_its_id else "production"

"""Which records become rows: not what is refused, and not what came before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.storage.coordinates import PresentOffsets, SourceFence
from pipeline.storage.recent_ids import RecentIds
from pipeline.storage.rows import Refusal


class Sorted:
    """Rows and the records they came from, and what became of the other records."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.records: list[Any] = []
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
) -> Sorted:
    """Read the next records of a partition; the fence moves, and ids are remembered."""
    found = Sorted()
    for record in records:
        row = read(record.value)
        if isinstance(row, Refusal):
            found.refused.append((record, row))
            continue
        offset = record.offset
        kind = _repetition(row, offset, fence, present, recent)
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
    row: dict[str, Any],
    offset: Any,
    fence: SourceFence,
    present: PresentOffsets,
    recent: RecentIds | None,
) -> str | None:
    """Tell in which way a record is one that came before; None: it is new."""
    if not fence.passes_record(row):
        return "processing"
    first_of_its_id = recent is None or recent.add(row["event_id"])
    if offset in present:
        return "delivery"
    return None if first_of_its_id else "production"

"""What the sink makes of the records of one call: packed blocks of rows, and what is refused."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable
from itertools import chain, groupby
from operator import attrgetter
from typing import Any, NamedTuple, Protocol, cast

from agents.replacing_sink import Row
from pipeline.adapters.clickhouse.native import Packed
from pipeline.errors import InputError
from pipeline.storage.progress import Progress
from pipeline.storage.rows import Refusal
from pipeline.storage.sorting import Straight, place_of, sort
from pipeline.storage.tables import BLOCK, LEASE_UNTIL, Table

UNFIT = Refusal("refused_by_clickhouse", "a value does not fit its column")
_NO_ROW = (InputError, LookupError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What a record raises that lacks a field, or has a value that fits no column."""

Read = Callable[[bytes | None], Row | Refusal]
Pack = Callable[[list[str], list[str], list[list[Any]]], Packed]


class StraightRows(Straight, Protocol):
    """What makes most rows."""

    def pack(self) -> Packed:
        """Return the rows as a block, and begin the next one."""


class Refused(NamedTuple):
    """A record that becomes a dead letter: where it stands, why, and its size in bytes."""

    topic: str
    partition: int
    offset: int
    refusal: Refusal
    size: int


class Block(NamedTuple):
    """Rows that are packed, and the records they were made of."""

    records: list[Any]
    packed: Packed


class Batch:
    """Gathers the records of one call, in order.

    From bytes to bytes, some hundred records at a time: what was parsed is still in the processor's
    cache when it is packed, and its memory serves the next records. All but `lease_until`, which is
    known when the blocks are sent.
    """

    def __init__(
        self,
        table: Table,
        read: Read,
        pack: Pack,
        cluster: str,
        straight: StraightRows | None = None,
    ) -> None:
        """`straight` makes the rows that it can; the others are read, and packed by `pack`."""
        self.blocks: list[Block] = []
        self.refused: list[Refused] = []
        self.repeated: list[str] = []
        """In which way each left-out record came before."""
        self._table = table.without(LEASE_UNTIL)
        self._read = read
        self._pack = pack
        self._cluster = cluster
        self._straight = straight
        # those that wait for enough others to make a block
        self._straight_records: list[Any] = []
        self._rows: list[Row] = []
        self._records: list[Any] = []

    def add(self, records: list[Any], progress: Progress) -> None:
        """Take the next records of a partition, of which `progress` is known."""
        for first in range(0, len(records), BLOCK):
            found = sort(
                records[first : first + BLOCK],
                self._read,
                self._cluster,
                progress.fence,
                progress.present,
                progress.recent,
                self._straight,
            )
            self._straight_records += found.straight
            self._rows += found.rows
            self._records += found.records
            self.repeated += found.repeated
            for record, refusal in found.refused:
                self.refused.append(refused(record, refusal, len(record.value or b"")))
            if max(len(self._straight_records), len(self._rows)) >= BLOCK:
                self.finish()

    def finish(self) -> None:
        """Pack the rows that wait; those that lack what a column needs are refused."""
        if self._straight is not None and self._straight_records:
            self.blocks.append(Block(self._straight_records, self._straight.pack()))
            self._straight_records = []
        rows, records, self._rows, self._records = self._rows, self._records, [], []
        try:
            self.blocks += self._packed(rows, records)
        except _NO_ROW:
            for row, record in zip(rows, records, strict=True):
                try:
                    self.blocks += self._packed([row], [record])
                except _NO_ROW:
                    self.refused.append(refused(record, UNFIT, 0))

    def halves(self, block: Block) -> list[Block]:
        """Return a block as two, made anew from its records: what was packed cannot be parted."""
        middle = len(block.records) // 2
        found = []
        for records in (block.records[:middle], block.records[middle:]):
            found += self._packed([self._row_of(record) for record in records], records)
        return found

    def token(self, blocks: Iterable[Block]) -> str:
        """Name `blocks` by exactly the offsets in them: a repeated insert has the same name.

        ClickHouse drops a second insert under the same token without a look at its rows, so two
        different batches must never share one.
        """
        digest = hashlib.blake2b(digest_size=16)
        records = chain.from_iterable(block.records for block in blocks)
        for (topic, partition), group in groupby(records, attrgetter("topic", "partition")):
            offsets = array("q", [record.offset for record in group])
            # how many, so that no offset can be taken for the name of what comes after it
            digest.update(f"{self._cluster}:{topic}:{partition}:{len(offsets)};".encode())
            digest.update(offsets)
        return digest.hexdigest()

    def _packed(self, rows: list[Row], records: list[Any]) -> list[Block]:
        """Return rows as a block; none are none."""
        if not rows:
            return []
        columns = self._table.to_columns(rows)
        return [Block(records, self._pack(self._table.names, self._table.types, columns))]

    def _row_of(self, record: Any) -> Row:
        """Read a record again that became a row before."""
        row = cast(Row, self._read(record.value))
        row["at"] = place_of(record, self._cluster)
        return row


def refused(record: Any, refusal: Refusal, size: int) -> Refused:
    """Return what becomes a dead letter of `record`."""
    return Refused(record.topic, record.partition, record.offset, refusal, size)

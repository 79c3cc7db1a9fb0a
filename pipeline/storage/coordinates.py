"""Where a record stands, and the two fences that keep it from being stored twice.

A record of the clean topic can come again in two ways (in a third, the *event* comes again at a new
place in the input, since an agent published it twice: see `recent_ids`):

- *Re-delivery*: Kafka hands us the same offset again, since it was not committed before a crash.
  `PresentOffsets` answers from what the table holds at and above the committed offset.
- *Re-processing*: the stage before us crashed after it had sent its output and before it committed
  its input, so it sends the same output again, at new offsets. `SourceFence` answers from the
  coordinates in the input topic which every output carries.

`SourceFence` is exact because of an invariant of the stage before: it takes one input partition
in order, starts at its committed offset, and never sends an output without its predecessors of the
same output partition. So once an output partition holds a record from input position p, it holds
all that came to it from before p, and whatever arrives at or below p is a repetition.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple


class Source(NamedTuple):
    """The position of an event in the input: a message, and the event's index inside it."""

    topic: str
    partition: int
    offset: int
    event_index: int


class _Position:
    """The furthest position in one input partition."""

    def __init__(self, offset: int, event_index: int) -> None:
        self.offset = offset
        self.event_index = event_index


class SourceFence:
    """For one output partition: the furthest input position seen, by input partition."""

    def __init__(self, furthest: Iterable[Source] = ()) -> None:
        self._furthest: dict[tuple[Any, ...], _Position] = {}
        # what comes next is mostly from the same partition of the input
        self._topic = ""
        self._partition = -1
        self._last = _Position(-1, -1)
        for source in furthest:
            self.passes(source)

    @property
    def furthest(self) -> list[Source]:
        """What another fence begins with to stand where this one does."""
        return [
            Source(topic, partition, position.offset, position.event_index)
            for (topic, partition), position in self._furthest.items()
        ]

    def passes(self, source: Source) -> bool:
        """Tell whether `source` is new, and if so move the fence up to it."""
        return self.passes_place(source.topic, source.partition, source.offset, source.event_index)

    def passes_record(self, record: dict[str, Any]) -> bool:
        """As `passes`, for a record that `pipeline.storage.rows` has read; without an object."""
        source = record["source"]
        return self.passes_place(
            source["topic"], source["partition"], source["offset"], source["index"]
        )

    def passes_place(self, topic: str, partition: int, offset: int, event_index: int) -> bool:
        """As `passes`, for the parts of a `Source`."""
        if topic != self._topic or partition != self._partition:
            self._last = self._position(topic, partition)
            self._topic, self._partition = topic, partition
        last = self._last
        if offset < last.offset or (offset == last.offset and event_index <= last.event_index):
            return False
        last.offset, last.event_index = offset, event_index
        return True

    def _position(self, topic: str, partition: int) -> _Position:
        key = topic, partition
        found = self._furthest.get(key)
        if found is None:
            found = self._furthest[key] = _Position(-1, -1)
        return found


class PresentOffsets:
    """The offsets of one partition that the table already holds, as closed ranges."""

    def __init__(self, ranges: Iterable[tuple[int, int]] = ()) -> None:
        """Take `ranges` of (first, last), which do not overlap."""
        ordered = sorted(ranges)
        self._firsts = [first for first, _ in ordered]
        self._lasts = [last for _, last in ordered]

    def __contains__(self, offset: int) -> bool:
        at = bisect_right(self._firsts, offset) - 1
        return at >= 0 and offset <= self._lasts[at]

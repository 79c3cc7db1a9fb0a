"""The history of one dimension: partials of all source partitions, merged, rolled up, expired.

Each ten seconds that a partition closes are folded into the panes of all resolutions at once, each
of which has its own fence. So there is no moment at which data moves from one value to another,
and no crash between two writes can lose it or count it twice. What is still open in a partition is
held beside it and replaced as it grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from pipeline.windows.dimension import Dimension
from pipeline.windows.history_pane import TASK_MEASURES, HistoryPane
from pipeline.windows.journal import Journal
from pipeline.windows.pane import Pane, Resolution, merge_panes
from pipeline.windows.partial import Partial, PartialPane
from pipeline.windows.retention import WEEKLY_KINDS, Retention
from pipeline.windows.segment import SLOT_MS, Segment, pack_segment, unpack_segment
from pipeline.windows.unpacked import UnpackedSlots

Place = tuple[Resolution, int]
"""Resolution and start of a pane, or of a slot of neighbouring panes."""

COOL_AFTER_MS = 2 * int(Resolution.MINUTE)
"""A pane that ended this long ago is hardly written to any more."""

_FINEST_FIRST = tuple(Resolution)
_COARSEST_FIRST = tuple(reversed(_FINEST_FIRST))

_unpacked = UnpackedSlots()


@dataclass(slots=True)
class Outcome:
    """How many panes of a partial were new, were at or below a fence, or were too old to keep."""

    applied: int = 0
    repeated: int = 0
    expired: int = 0


@dataclass(slots=True)
class History:
    """The panes of one dimension: slots as stored bytes, and as values where they change."""

    dimension: Dimension
    retention: Retention
    stored: dict[Place, bytes] = field(default_factory=dict)
    hot: dict[Place, Segment] = field(default_factory=dict)
    changed: set[Place] = field(default_factory=set)
    swept_ms: int = 0
    thinned_ms: int = 0
    """Where the last hour ended that was old enough to be thinned when that was looked at."""
    journal: Journal = field(default_factory=Journal)
    loaded: list[Partial] = field(default_factory=list)
    """Partials of a stored journal, which are taken in when the history is needed: a worker that
    starts has thousands of them, in slots that would all have to be unpacked."""

    @property
    def size_bytes(self) -> int:
        """Bytes of the stored values."""
        return sum(map(len, self.stored.values()))

    def restore(self, slot: Place, data: bytes) -> None:
        """Take in a stored slot."""
        self.stored[slot] = data
        if slot[0] is Resolution.TEN_SECONDS:
            segment = unpack_segment(data, slot[0])
            if any(pane.open for pane in segment.values()):
                self.hot[slot] = segment

    def apply(self, partial: Partial, now_ms: int) -> Outcome:
        """Take in a partial of this dimension; `now_ms` is the event time that expiry goes by."""
        if self.loaded:
            self._take_in(now_ms)
        outcome = Outcome()
        for part in partial.panes:
            final = part.pane.end_ms <= partial.watermark_ms
            places = [
                (resolution, resolution.floor(part.pane.start_ms))
                for resolution in (_FINEST_FIRST if final else _FINEST_FIRST[:1])
            ]
            kept = [place for place in places if not self.is_expired(place, now_ms)]
            new = [place for place in kept if self._take(place, partial.partition, part, final)]
            self.changed.update(map(_slot_of, new))
            if new:
                outcome.applied += 1
            elif kept:
                outcome.repeated += 1
            else:
                outcome.expired += 1
        return outcome

    def take_writes(self, now_ms: int) -> Iterator[tuple[Place, bytes | None]]:
        """Yield slots that changed since the last call; None for one that has expired."""
        if self.loaded:
            self._take_in(now_ms)
        for slot in [slot for slot in self.hot if self._is_cool(slot, now_ms)]:
            segment = self.hot.pop(slot)
            compacted = {start_ms: pane.compacted() for start_ms, pane in segment.items()}
            if slot in self.changed or any(compacted[at] is not segment[at] for at in segment):
                self.changed.discard(slot)
                yield slot, self._store(slot, compacted)
        for slot in self.changed:
            segment = self.hot[slot]
            if slot[0] is Resolution.MINUTE:
                # minutes cool one after the other: their slot is hot for five times as long
                for start_ms, pane in segment.items():
                    if start_ms + int(Resolution.MINUTE) + COOL_AFTER_MS < now_ms:
                        segment[start_ms] = pane.compacted()
            yield slot, self._store(slot, segment)
        self.changed.clear()
        if now_ms >= self.swept_ms + Resolution.MINUTE:
            self.swept_ms = now_ms
            yield from self._sweep(now_ms)

    def panes_between(self, start_ms: int, end_ms: int, now_ms: int) -> list[Pane]:
        """Return panes that make up [start_ms, end_ms), the coarsest that fit, and what is open.

        A coarse pane fits also where it reaches beyond the end but has no data there yet. Where
        the start falls inside the finest pane that is still kept, the span begins after that pane.
        """
        if self.loaded:
            self._take_in(now_ms)
        panes: list[Pane] = []
        levels = [_Level(self, resolution, now_ms) for resolution in _COARSEST_FIRST]
        at_ms = start_ms
        while at_ms < end_ms:
            step_ms = 0
            for level in levels:
                size_ms = level.size_ms
                if at_ms % size_ms or at_ms <= level.gone_ms:
                    continue
                pane = level.at(at_ms)
                if at_ms + size_ms <= end_ms or pane is None or pane.data_end_ms <= end_ms:
                    if pane is not None:
                        panes.append(pane.pane)
                    step_ms = size_ms
                    break
            at_ms = at_ms + step_ms if step_ms else self._next_start_ms(at_ms, now_ms)
        self._add_open(start_ms, end_ms, panes)
        return panes

    def _take_in(self, now_ms: int) -> None:
        loaded, self.loaded = self.loaded, []
        for partial in loaded:
            self.apply(partial, now_ms)

    def segment(self, slot: Place) -> Segment | None:
        """Return the panes of a slot, to be read only; None where nothing was."""
        segment = self.hot.get(slot)
        if segment is None:
            data = self.stored.get(slot)
            if data is not None:
                segment = _unpacked.segment(data, slot[0])
        return segment

    def is_expired(self, place: Place, now_ms: int) -> bool:
        """Return whether panes there are not kept any more."""
        return place[1] <= self.gone_ms(place[0], now_ms)

    def gone_ms(self, resolution: Resolution, now_ms: int) -> int:
        """Return the latest start of a pane that is not kept any more."""
        kept_ms = self.retention.kept_ms(self.dimension.kind, resolution)
        return now_ms - kept_ms - int(resolution)

    def _take(self, place: Place, partition: int, part: PartialPane, final: bool) -> bool:
        slot = _slot_of(place)
        segment = self.hot.get(slot)
        if segment is None:
            data = self.stored.get(slot)
            # not the cached value: this one is changed in place
            segment = {} if data is None else unpack_segment(data, slot[0])
            self.hot[slot] = segment
        pane = segment.get(place[1])
        if pane is None:
            pane = segment[place[1]] = HistoryPane.empty(place[1], place[0])
        if final:
            return pane.fold(partition, part.pane)
        return pane.replace_open(partition, part)

    def _store(self, slot: Place, segment: Segment) -> bytes:
        for pane in segment.values():
            pane.settle()
        data = self.stored[slot] = pack_segment(segment)
        return data

    def _is_cool(self, slot: Place, now_ms: int) -> bool:
        return slot[1] + SLOT_MS[slot[0]] + COOL_AFTER_MS < now_ms

    def _sweep(self, now_ms: int) -> Iterator[tuple[Place, bytes | None]]:
        for slot in [slot for slot in self.stored if self._is_slot_expired(slot, now_ms)]:
            del self.stored[slot]
            self.hot.pop(slot, None)
            yield slot, None
        thin_before_ms = Resolution.HOUR.floor(now_ms - self.retention.full_hour_ms)
        if thin_before_ms == self.thinned_ms:
            # nothing new is old enough, and to look at what is means to unpack it
            return
        self.thinned_ms = thin_before_ms
        for slot, data in self.stored.items():
            if slot[0] is not Resolution.HOUR or slot[1] + int(slot[0]) > thin_before_ms:
                continue
            segment = _unpacked.segment(data, slot[0])
            kept = TASK_MEASURES if self.dimension.kind in WEEKLY_KINDS else ()
            thinned = {
                start_ms: pane.thinned(kept)
                if start_ms + int(Resolution.HOUR) <= thin_before_ms
                else pane
                for start_ms, pane in segment.items()
            }
            if any(thinned[start_ms] is not segment[start_ms] for start_ms in segment):
                yield slot, self._store(slot, thinned)

    def _is_slot_expired(self, slot: Place, now_ms: int) -> bool:
        last_ms = slot[1] + SLOT_MS[slot[0]] - int(slot[0])
        return self.is_expired((slot[0], last_ms), now_ms)

    def _add_open(self, start_ms: int, end_ms: int, panes: list[Pane]) -> None:
        for (resolution, _), segment in self.hot.items():
            if resolution is Resolution.TEN_SECONDS:
                for at_ms, pane in segment.items():
                    if pane.open and start_ms <= at_ms < end_ms:
                        panes += [part.pane for part in pane.open.values()]

    def _next_start_ms(self, at_ms: int, now_ms: int) -> int:
        """Return where the next pane begins that is kept and not before `at_ms`."""
        for resolution in _FINEST_FIRST:
            next_ms = -resolution.floor(-at_ms - 1)
            if not self.is_expired((resolution, next_ms), now_ms):
                return next_ms
        return now_ms


class _Level:
    """One resolution, for one walk over a history: neighbours are mostly in one slot."""

    def __init__(self, history: History, resolution: Resolution, now_ms: int) -> None:
        self.size_ms = int(resolution)
        self.gone_ms = history.gone_ms(resolution, now_ms)
        self._history = history
        self._resolution = resolution
        self._slot_ms = SLOT_MS[resolution]
        self._begin_ms = -1
        self._segment: Segment | None = None

    def at(self, start_ms: int) -> HistoryPane | None:
        """Return the pane that starts there; None where nothing was."""
        begin_ms = start_ms - start_ms % self._slot_ms
        if begin_ms != self._begin_ms:
            self._begin_ms = begin_ms
            self._segment = self._history.segment((self._resolution, begin_ms))
        segment = self._segment
        return None if segment is None else segment.get(start_ms)


def _slot_of(place: Place) -> Place:
    return place[0], place[1] - place[1] % SLOT_MS[place[0]]


def merged(panes: list[Pane], start_ms: int) -> Pane:
    """Merge panes of any resolution into one value; its own resolution means nothing."""
    return merge_panes(panes, start_ms, Resolution.TEN_SECONDS)

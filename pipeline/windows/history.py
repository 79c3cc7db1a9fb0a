"""The history of one dimension: partials of all source partitions, merged, rolled up, expired.

Each ten seconds that a partition closes are folded into the panes of all resolutions at once, each
of which has its own fence. So there is no moment at which data moves from one value to another,
and no crash between two writes can lose it or count it twice. What is still open in a partition is
held beside it and replaced as it grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from pipeline.windows.dimension import Dimension
from pipeline.windows.history_pane import HistoryPane
from pipeline.windows.pane import Pane, Resolution, merge_panes
from pipeline.windows.partial import Partial, PartialPane
from pipeline.windows.retention import Retention

Place = tuple[Resolution, int]
"""Resolution and start of a pane."""

COOL_AFTER_MS = 2 * int(Resolution.MINUTE)
"""A pane that ended this long ago is hardly written to any more."""

_FINEST_FIRST = tuple(Resolution)
_COARSEST_FIRST = tuple(reversed(_FINEST_FIRST))

# readers of windows come back to the same panes every few seconds
_decoded = lru_cache(maxsize=16_384)(HistoryPane.from_bytes)


@dataclass(slots=True)
class Outcome:
    """How many panes of a partial were new, were at or below a fence, or were too old to keep."""

    applied: int = 0
    repeated: int = 0
    expired: int = 0


@dataclass(slots=True)
class History:
    """The panes of one dimension: bytes as they are stored, and values where they change."""

    dimension: Dimension
    retention: Retention
    stored: dict[Place, bytes] = field(default_factory=dict)
    hot: dict[Place, HistoryPane] = field(default_factory=dict)
    changed: set[Place] = field(default_factory=set)
    swept_ms: int = 0

    @property
    def size_bytes(self) -> int:
        """Bytes of the stored values."""
        return sum(map(len, self.stored.values()))

    def restore(self, place: Place, data: bytes) -> None:
        """Take in a stored pane."""
        self.stored[place] = data
        if place[0] is Resolution.TEN_SECONDS:
            pane = HistoryPane.from_bytes(data)
            if pane.open:
                self.hot[place] = pane

    def apply(self, partial: Partial, now_ms: int) -> Outcome:
        """Take in a partial of this dimension; `now_ms` is the event time that expiry goes by."""
        outcome = Outcome()
        for part in partial.panes:
            final = part.pane.end_ms <= partial.watermark_ms
            places = [
                (resolution, resolution.floor(part.pane.start_ms))
                for resolution in (_FINEST_FIRST if final else _FINEST_FIRST[:1])
            ]
            kept = [place for place in places if not self.is_expired(place, now_ms)]
            new = [place for place in kept if self._take(place, partial.partition, part, final)]
            self.changed.update(new)
            if new:
                outcome.applied += 1
            elif kept:
                outcome.repeated += 1
            else:
                outcome.expired += 1
        return outcome

    def take_writes(self, now_ms: int) -> Iterator[tuple[Place, bytes | None]]:
        """Yield what has changed since the last call; None for a pane that has expired."""
        for place in [place for place in self.hot if self._end_ms(place) + COOL_AFTER_MS < now_ms]:
            pane = self.hot.pop(place)
            compacted = pane.compacted()
            if compacted is not pane or place in self.changed:
                self.changed.discard(place)
                yield place, self._store(place, compacted)
        for place in self.changed:
            yield place, self._store(place, self.hot[place])
        self.changed.clear()
        if now_ms >= self.swept_ms + Resolution.MINUTE:
            self.swept_ms = now_ms
            yield from self._sweep(now_ms)

    def panes_between(self, start_ms: int, end_ms: int, now_ms: int) -> list[Pane]:
        """Return panes that make up [start_ms, end_ms), the coarsest that fit, and what is open.

        A coarse pane fits also where it reaches beyond the end but has no data there yet. Where
        the start falls inside the finest pane that is still kept, the span begins after that pane.
        """
        panes: list[Pane] = []
        at_ms = start_ms
        while at_ms < end_ms:
            for resolution in _COARSEST_FIRST:
                place = resolution, at_ms
                if at_ms % resolution or self.is_expired(place, now_ms):
                    continue
                pane = self.at(place)
                if at_ms + resolution <= end_ms or pane is None or pane.data_end_ms <= end_ms:
                    if pane is not None:
                        panes.append(pane.pane)
                    at_ms += resolution
                    break
            else:
                at_ms = self._next_start_ms(at_ms, now_ms)
        return panes + self._open_between(start_ms, end_ms)

    def at(self, place: Place) -> HistoryPane | None:
        """Return the pane at `place`, to be read only; None where nothing was."""
        pane = self.hot.get(place)
        if pane is None:
            data = self.stored.get(place)
            return None if data is None else _decoded(data)
        return pane

    def is_expired(self, place: Place, now_ms: int) -> bool:
        """Return whether panes there are not kept any more."""
        kept_ms = self.retention.kept_ms(self.dimension.kind, place[0])
        return self._end_ms(place) + kept_ms <= now_ms

    def _take(self, place: Place, partition: int, part: PartialPane, final: bool) -> bool:
        pane = self.hot.get(place)
        if pane is None:
            data = self.stored.get(place)
            # not the cached value: this one is changed in place
            pane = HistoryPane.empty(place[1], place[0])
            if data is not None:
                pane = HistoryPane.from_bytes(data)
            self.hot[place] = pane
        if final:
            return pane.fold(partition, part.pane)
        return pane.replace_open(partition, part)

    def _store(self, place: Place, pane: HistoryPane) -> bytes:
        data = self.stored[place] = pane.to_bytes()
        return data

    def _sweep(self, now_ms: int) -> Iterator[tuple[Place, bytes | None]]:
        for place in [place for place in self.stored if self.is_expired(place, now_ms)]:
            del self.stored[place]
            self.hot.pop(place, None)
            yield place, None
        thin_before_ms = now_ms - self.retention.full_hour_ms
        for place, data in self.stored.items():
            if place[0] is Resolution.HOUR and self._end_ms(place) <= thin_before_ms:
                thinned = HistoryPane.from_bytes(data).thinned().to_bytes()
                if thinned != data:
                    self.stored[place] = thinned
                    yield place, thinned

    def _open_between(self, start_ms: int, end_ms: int) -> list[Pane]:
        return [
            part.pane
            for (resolution, at_ms), pane in self.hot.items()
            if resolution is Resolution.TEN_SECONDS and start_ms <= at_ms < end_ms
            for part in pane.open.values()
        ]

    def _next_start_ms(self, at_ms: int, now_ms: int) -> int:
        """Return where the next pane begins that is kept and not before `at_ms`."""
        for resolution in _FINEST_FIRST:
            next_ms = -resolution.floor(-at_ms - 1)
            if not self.is_expired((resolution, next_ms), now_ms):
                return next_ms
        return now_ms

    @staticmethod
    def _end_ms(place: Place) -> int:
        return place[1] + int(place[0])


def merged(panes: list[Pane], start_ms: int) -> Pane:
    """Merge panes of any resolution into one value; its own resolution means nothing."""
    return merge_panes(panes, start_ms, Resolution.MINUTE)

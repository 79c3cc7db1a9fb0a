"""How far event time has come over all source partitions: as far as the slowest that is not idle.

An idle partition must not hold the others back: nothing comes from it, and its own watermark goes
on at the wall clock's pace from where its last event stood, which may be weeks ago after a replay.
Where all are idle the furthest counts, so that what is open still closes.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.detection.messages import NOTHING_KNOWN, Progress


class SourceWatermark:
    """The latest progress of each source partition."""

    def __init__(self, known: Iterable[Progress] = ()) -> None:
        self._latest: dict[int, Progress] = {}
        for progress in known:
            self.observe(progress)

    def observe(self, progress: Progress) -> bool:
        """Take in a progress; False when it changes nothing. A watermark never goes back."""
        known = self._latest.get(progress.partition)
        if known is not None and progress.watermark_ms < known.watermark_ms:
            return False
        self._latest[progress.partition] = progress
        return progress != known

    @property
    def all(self) -> list[Progress]:
        """The latest of each partition."""
        return list(self._latest.values())

    @property
    def value_ms(self) -> int | None:
        """The watermark; None until every partition has told, and one of them a time."""
        latest = self._latest.values()
        if not latest or len(latest) < max(progress.partitions for progress in latest):
            return None
        busy = [progress.watermark_ms for progress in latest if not progress.idle]
        value = min(busy) if busy else max(progress.watermark_ms for progress in latest)
        return None if value == NOTHING_KNOWN else value

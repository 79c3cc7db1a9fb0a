"""How much a worker may hold in memory of what it has fetched and not finished.

Without a bound over all topics, an outage of ClickHouse fills a queue behind each of the sink's
handlers, and catching up afterwards a batch in each of them. The bound is in bytes, because events
differ in size by a factor of a thousand; a topic of which nothing is held may be fetched whatever
the others hold, so that no topic waits for another's handler.
"""

from __future__ import annotations

from collections import defaultdict

from agents.runs import Run
from pipeline.adapters.kafka.fetched import RECORD_BYTES, memory_of

HELD_BYTES = 16 * 1024 * 1024
"""What a worker may hold of all its topics, fetched and not finished."""
MOST_RUNS = 2 * HELD_BYTES // RECORD_BYTES
"""More than can ever wait behind a handler, one fetch of each topic beyond the bound included."""


class Intake:
    """Counts the bytes of runs that are delivered and not finished, by topic."""

    def __init__(self, limit: int) -> None:
        """`limit`: bytes in all, passed by at most one fetch of each topic."""
        self._limit = limit
        self._held: dict[Run, int] = {}
        self._by_topic: defaultdict[str, int] = defaultdict(int)

    @property
    def held(self) -> int:
        """Bytes held now."""
        return sum(self._by_topic.values())

    def may_fetch(self, topic: str) -> bool:
        """Tell whether more of `topic` may be fetched."""
        return self.held < self._limit or not self._by_topic[topic]

    def is_enough(self, size: int) -> bool:
        """Tell whether `size` bytes make a full batch: half, so that the rest can be fetched."""
        return 2 * size >= self._limit

    def size_in(self, run: Run) -> int:
        """Return the bytes that are held of `run`; of one that counts no more, none."""
        return self._held.get(run, 0)

    def take(self, run: Run) -> None:
        """Note that `run` was delivered to its handler."""
        size = memory_of(run.records)
        self._held[run] = size
        self._by_topic[run.topic] += size

    def give_back(self, run: Run) -> None:
        """Note that `run` is finished; one of an assignment that has ended counts no more."""
        self._by_topic[run.topic] -= self._held.pop(run, 0)

    def clear(self) -> None:
        """Forget everything: the assignment ended, and what it delivered is dropped."""
        self._held.clear()
        self._by_topic.clear()

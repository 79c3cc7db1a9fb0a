"""The event ids a partition brought lately: an id that comes again was published again.

Producers retry: an agent that saw no acknowledgement publishes its event a second time, with the
same id. All events of a session stand in one partition of the clean topic, so one partition's ids
are enough to know it.
"""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.extensions import check_interface
from pipeline.storage import recent_hashes

check_interface(recent_hashes, 1)


class RecentIds:
    """Remembers at least the last `horizon` ids of one partition, and at most half as many more.

    Ids are kept as Python's 64-bit string hashes (SipHash under a key of this process, so nobody
    can craft two ids that collide); among a million ids the chance that a new one collides is
    5e-14. They are kept in tables of half a horizon, the latest three: at 10 to 20 bytes each,
    since a worker with many partitions would otherwise spend most of its memory here.
    """

    def __init__(self, horizon: int, ids: Iterable[str] = ()) -> None:
        """Begin with `ids`, oldest first."""
        self._hashes = recent_hashes.RecentHashes((horizon + 1) // 2)
        for event_id in ids:
            self.add(event_id)

    def add(self, event_id: str) -> bool:
        """Remember an id; tell whether it was new."""
        return self._hashes.add(event_id)

    def __len__(self) -> int:
        """Return how many ids are remembered."""
        return len(self._hashes)

"""The event ids a partition brought lately: an id that comes again was published again.

Producers retry: an agent that saw no acknowledgement publishes its event a second time, with the
same id. All events of a session stand in one partition of the clean topic, so one partition's ids
are enough to know it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable


class RecentIds:
    """Remembers at least the last `horizon` ids of one partition, and at most half as many more.

    Ids are kept as Python's 64-bit string hashes (SipHash under a key of this process, so nobody
    can craft two ids that collide); among a million ids the chance that a new one collides is
    5e-14. A set holds the latest of them, at about 75 bytes each. When it is half a horizon long it
    becomes a sorted array, at 8 bytes each, and two of those are kept: a worker with many
    partitions would otherwise spend most of its memory here.
    """

    def __init__(self, horizon: int, ids: Iterable[str] = ()) -> None:
        """Begin with `ids`, oldest first."""
        self._half = (horizon + 1) // 2
        self._young: set[int] = set()
        self._old: deque[array[int]] = deque(maxlen=2)
        for event_id in ids:
            self.add(event_id)

    def add(self, event_id: str) -> bool:
        """Remember an id; tell whether it was new."""
        key = hash(event_id)
        if key in self._young:
            return False
        is_new = not any(_holds(keys, key) for keys in self._old)
        self._young.add(key)
        if len(self._young) >= self._half:
            self._old.append(array("q", sorted(self._young)))
            self._young = set()
        return is_new

    def __len__(self) -> int:
        """Return how many ids are remembered."""
        return len(self._young) + sum(map(len, self._old))


def _holds(keys: array[int], key: int) -> bool:
    place = bisect_left(keys, key)
    return place < len(keys) and keys[place] == key

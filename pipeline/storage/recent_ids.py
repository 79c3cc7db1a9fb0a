"""The event ids a partition brought lately: an id that comes again was published again.

Producers retry: an agent that saw no acknowledgement publishes its event a second time, with the
same id. All events of a session stand in one partition of the clean topic, so one partition's ids
are enough to know it.
"""

from __future__ import annotations

from collections.abc import Iterable


class RecentIds:
    """Remembers at least the last `horizon` ids of one partition, and at most twice as many.

    Ids are kept as Python's 64-bit string hashes (SipHash under a key of this process, so nobody
    can craft two ids that collide); among a million ids the chance that a new one collides is
    5e-14. Two sets take turns: when the young one is full it becomes the old one, which costs
    nothing an event and needs no order of insertion. About 75 bytes an id.
    """

    def __init__(self, horizon: int, ids: Iterable[str] = ()) -> None:
        """Begin with `ids`, oldest first."""
        self._horizon = horizon
        self._young: set[int] = set()
        self._old: set[int] = set()
        for event_id in ids:
            self.add(event_id)

    def add(self, event_id: str) -> bool:
        """Remember an id; tell whether it was new."""
        key = hash(event_id)
        if key in self._young:
            return False
        is_new = key not in self._old
        self._young.add(key)
        if len(self._young) >= self._horizon:
            self._old, self._young = self._young, set()
        return is_new

    def __len__(self) -> int:
        """Return how many ids are remembered."""
        return len(self._young) + len(self._old)

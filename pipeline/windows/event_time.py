"""Event times, as clean events state them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND = timedelta(seconds=1)
_LENGTH = len("YYYY-MM-DDTHH:MM:SS.ffffffZ")


def event_time_ms(ts: str) -> int:
    """Return `YYYY-MM-DDTHH:MM:SS.ffffffZ` as whole milliseconds since the epoch (rounded down).

    Raises `ValueError` for anything else.
    """
    if len(ts) != _LENGTH:
        raise ValueError("not the time of a clean event")
    return _second_ms(ts[:19]) + int(ts[20:23])


# events of one second come together: a date is read once, and not for each
@lru_cache(maxsize=4_096)
def _second_ms(ts: str) -> int:
    # not timestamp(): it goes through a float of seconds
    return (datetime.fromisoformat(f"{ts}+00:00") - _EPOCH) // _SECOND * 1_000

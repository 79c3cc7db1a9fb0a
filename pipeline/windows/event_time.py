"""Event times, as clean events state them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def event_time_ms(ts: str) -> int:
    """Return `YYYY-MM-DDTHH:MM:SS.ffffffZ` as whole milliseconds since the epoch (rounded down)."""
    # not timestamp(): it goes through a float of seconds and loses milliseconds
    return (datetime.fromisoformat(ts) - _EPOCH) // _MILLISECOND

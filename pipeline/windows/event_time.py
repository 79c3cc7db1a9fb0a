"""Event times, as clean events state them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_LENGTH: Final = 27
_TO_SECONDS: Final = 19
_KEPT_SECONDS: Final = 4_096
_ZERO: Final = 48


def event_time_ms(ts: str) -> int:
    """Return `YYYY-MM-DDTHH:MM:SS.ffffffZ` as whole milliseconds since the epoch (rounded down).

    Raises `ValueError` for anything else.
    """
    return EventClock().ms_of(ts)


class EventClock:
    """Reads the times of many events; those of one second come together, so each is read once."""

    def __init__(self) -> None:
        self._seconds: dict[str, int] = {}
        self._last = " " * (_LENGTH + 1)  # no time begins with it
        self._last_ms = 0

    def ms_of(self, ts: str) -> int:
        """As `event_time_ms`."""
        if len(ts) != _LENGTH:
            raise ValueError("not the time of a clean event")
        if not ts.startswith(self._last):
            self._last_ms = self._second_ms(ts[:_TO_SECONDS])
            self._last = ts[:_TO_SECONDS]
        hundreds, tens, ones = ord(ts[20]) - _ZERO, ord(ts[21]) - _ZERO, ord(ts[22]) - _ZERO
        if not (0 <= hundreds <= 9 and 0 <= tens <= 9 and 0 <= ones <= 9):
            raise ValueError("not the time of a clean event")
        return self._last_ms + hundreds * 100 + tens * 10 + ones

    def _second_ms(self, second: str) -> int:
        found = self._seconds.get(second)
        if found is None:
            if len(self._seconds) >= _KEPT_SECONDS:
                self._seconds.clear()
            # not timestamp(): it goes through a float of seconds
            since = datetime.fromisoformat(f"{second}+00:00") - _EPOCH
            found = self._seconds[second] = since // _SECOND * 1_000
        return found

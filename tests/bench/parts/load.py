"""The events of the throughput benchmark: those of a seeded fleet, at the times that a load wants.

A fleet's own times are far apart: sixty thousand events of thirty sessions a minute are three hours
of windows. Under load the same events come within a minute. So each event keeps its content and is
given a time; what is sent again gets ids and a session of its own, too. That must not cost a parse
for each event, or the sender would be slower than what it measures: every event is cut into pieces
once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from pipeline.adapters.kafka.batches import Record
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate

START = 1_793_000_000.0
"""When the simulated fleet begins; only its rhythm depends on it."""
_CUTS = ("session_id", "event_id", "ts")
_TIME = len("2026-10-26T07:33:51.876+00:00")


@dataclass(frozen=True)
class _Template:
    session_id: str
    event_id: str
    pieces: tuple[bytes, bytes, bytes, bytes]
    """What stands before, between and after session, id and time."""

    def __len__(self) -> int:
        return sum(map(len, self.pieces)) + len(self.session_id) + len(self.event_id) + _TIME


class Load:
    """Mixed events of all types, always the same for one seed."""

    def __init__(self, count: int, seed: int) -> None:
        fleet = simulate(FleetConfig(start=START, seed=seed, max_events=count))
        self._templates = [_cut(event.value) for event in fleet]

    @property
    def mean_bytes(self) -> float:
        """Size of an event on average."""
        return sum(len(each) for each in self._templates) / len(self)

    def __len__(self) -> int:
        return len(self._templates)

    def record(self, number: int, at: float, *, label: str = "") -> tuple[str, Record]:
        """Return the id and the record of event `number`, whose time is `at` (seconds).

        Numbers past the last begin again at the first, in sessions of their own. A `label` makes
        ids and sessions that no other label has.
        """
        again, place = divmod(number, len(self._templates))
        template = self._templates[place]
        mark = f"{label}{again}." if label or again else ""
        session, event_id = f"{mark}{template.session_id}", f"{mark}{template.event_id}"
        time = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
        head, middle, gap, tail = template.pieces
        value = b"".join(
            (head, session.encode(), middle, event_id.encode(), gap, time.encode(), tail)
        )
        return event_id, Record(session.encode(), value)

    def records(
        self, count: int, *, start: float, rate: float, first: int = 0, label: str = ""
    ) -> Iterator[Record]:
        """Yield `count` events from number `first` on, whose times are those of a steady `rate`."""
        for number in range(first, first + count):
            yield self.record(number, start + (number - first) / rate, label=label)[1]


def _cut(value: bytes) -> _Template:
    event = orjson.loads(value)
    kept = {name: event.pop(name) for name in _CUTS}
    # in front, in this order: where one of them ends the next piece begins
    front = orjson.dumps(dict.fromkeys(_CUTS, "␞"))[:-1]
    head, middle, gap, tail = front.split("\u241e".encode())
    rest = b"," + orjson.dumps(event)[1:]
    pieces = (head, middle, gap, tail + rest)
    return _Template(kept["session_id"], kept["event_id"], pieces)

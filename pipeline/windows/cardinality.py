"""A cap on the values of each label: the first ones count by name, the rest as `other`.

Without it one agent that puts an id into a name would fill every state. Each source partition
admits by itself; a value that was not seen for `keep_days` of event time gives its place back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pipeline.windows.dimension import OTHER
from pipeline.windows.pane import Resolution

DEFAULT_CAP: Final = 1_000
_DAY: Final = int(Resolution.DAY)  # arithmetic with a plain int is several times faster


@dataclass(slots=True)
class Cardinality:
    """The admitted values of each label, with the day (since the epoch) each was last seen."""

    cap: int = DEFAULT_CAP
    keep_days: int = 15
    admitted: dict[str, dict[str, int]] = field(default_factory=dict)
    overflowed: set[str] = field(default_factory=set)
    """Labels whose overflow has been reported."""
    changed: bool = False
    """Whether there is something to store since `to_json`."""
    new_overflows: list[str] = field(default_factory=list)
    """Labels that overflowed since the caller last emptied this; each is named once."""

    def admit(self, label: str, value: str, day: int) -> str:
        """Return `value` when its label has room for it, else `other`."""
        values = self.admitted.setdefault(label, {})
        seen = values.get(value)
        if seen is not None:
            if day > seen:
                values[value] = day
                self.changed = True
            return value
        if len(values) >= self.cap and not self._expire(values, day):
            if label not in self.overflowed:
                self.overflowed.add(label)
                self.new_overflows.append(label)
                self.changed = True
            return OTHER
        values[value] = day
        self.changed = True
        return value

    def _expire(self, values: dict[str, int], day: int) -> bool:
        stale = [value for value, seen in values.items() if seen < day - self.keep_days]
        for value in stale:
            del values[value]
        return bool(stale)

    def to_json(self) -> dict[str, Any]:
        """Return the state as a JSON object."""
        return {"admitted": self.admitted, "overflowed": sorted(self.overflowed)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any], cap: int, keep_days: int) -> Cardinality:
        """Read what `to_json` wrote."""
        return cls(
            cap=cap,
            keep_days=keep_days,
            admitted={label: dict(values) for label, values in value["admitted"].items()},
            overflowed=set(value["overflowed"]),
        )


def day_of(time_ms: int) -> int:
    """Return the day since the epoch that holds `time_ms`."""
    return time_ms // _DAY

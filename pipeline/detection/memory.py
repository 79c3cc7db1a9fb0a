"""What rules remember of their dimensions between looks, by storage key."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from zlib import crc32

from pipeline.detection.durations import DAY, MINUTE
from pipeline.detection.finding import Remembered
from pipeline.detection.rules.model import Rule
from pipeline.detection.view import Dimension

SAVE_EVERY = 5 * MINUTE
"""Memory changes at every look; it is stored this seldom. What a crash loses is read again from
windows at the next look."""
FORGET_AFTER = 14 * DAY
CHECKED = "checked"
"""The number that says at which event time a rule last looked: the fence of what it remembers."""
_Key = tuple[str, Dimension]


class Memory:
    """What each rule remembers of each dimension."""

    def __init__(self) -> None:
        self._values: dict[_Key, Remembered] = {}
        self._names: dict[_Key, str] = {}
        self._loaded: dict[str, Remembered] = {}

    def of(self, rule: Rule, dimension: Dimension) -> Remembered:
        """Return what the rule remembers of the dimension, to read and to change."""
        if rule.kind != "silence":
            return Remembered()
        key = (rule.name, dimension)
        found = self._values.get(key)
        if found is None:
            name = _name(rule, dimension)
            found = self._loaded.pop(name, None) or Remembered()
            self._values[key] = found
            self._names[key] = name
        return found

    def collect(self, now: float, state: MutableMapping[str, dict[str, object] | None]) -> None:
        """Put what is due to be stored into `state`, and drop what nobody looked at for long.

        Each entry has its own moment in the interval, so that they are not all due at once.
        """
        gone: list[_Key] = []
        for key, remembered in self._values.items():
            name, checked = self._names[key], remembered.numbers.get(CHECKED, now)
            if now - checked > FORGET_AFTER:
                gone.append(key)
                state[name] = None
            elif checked == now and (now + crc32(name.encode())) % SAVE_EVERY < MINUTE:
                state[name] = _to_json(remembered)
        for key in gone:
            del self._values[key], self._names[key]

    def dump(self) -> dict[str, dict[str, object]]:
        """Return everything, by storage key."""
        kept = {name: _to_json(remembered) for name, remembered in self._loaded.items()}
        for key, remembered in self._values.items():
            kept[self._names[key]] = _to_json(remembered)
        return kept

    def load(self, name: str, value: Mapping[str, object]) -> None:
        """Take up one stored entry; it is attached when its rule looks again."""
        numbers, hours = value["numbers"], value["hours"]
        if not isinstance(numbers, Mapping) or not isinstance(hours, list):
            raise ValueError("not what a rule remembers")
        self._loaded[name] = Remembered(dict(numbers), list(hours))


def _to_json(remembered: Remembered) -> dict[str, object]:
    return {"numbers": dict(remembered.numbers), "hours": list(remembered.hours)}


def _name(rule: Rule, dimension: Dimension) -> str:
    labels = ",".join(f"{key}={value}" for key, value in sorted(dimension.labels.items()))
    return f"memory:{rule.name}:{labels}"

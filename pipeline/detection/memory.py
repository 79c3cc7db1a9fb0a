"""What rules remember of their dimensions between looks, as plain numbers."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from zlib import crc32

from pipeline.detection.durations import DAY, MINUTE
from pipeline.detection.rules.model import Rule
from pipeline.detection.view import Dimension

SAVE_EVERY = 5 * MINUTE
"""Memory changes at every look; it is stored this seldom. What a crash loses is read again from
windows at the next look."""
FORGET_AFTER = 14 * DAY
_CHECKED = "checked"
_Key = tuple[str, Dimension]


class Memory:
    """A small mapping of names to numbers for each rule and dimension."""

    def __init__(self) -> None:
        self._values: dict[_Key, dict[str, float]] = {}
        self._names: dict[_Key, str] = {}
        self._loaded: dict[str, dict[str, float]] = {}

    def of(self, rule: Rule, dimension: Dimension) -> MutableMapping[str, float]:
        """Return what the rule remembers of the dimension, to read and to change."""
        if rule.kind != "silence":
            return {}
        key = (rule.name, dimension)
        values = self._values.get(key)
        if values is None:
            name = _name(rule, dimension)
            values = self._loaded.pop(name, {})
            self._values[key] = values
            self._names[key] = name
        return values

    def collect(self, now: float, state: MutableMapping[str, dict[str, object] | None]) -> None:
        """Put what is due to be stored into `state`, and drop what nobody looked at for long.

        Each entry has its own moment in the interval, so that they are not all due at once.
        """
        gone: list[_Key] = []
        for key, values in self._values.items():
            checked = values.get(_CHECKED, now)
            if now - checked > FORGET_AFTER:
                gone.append(key)
                state[self._names[key]] = None
            elif checked == now and (now + crc32(self._names[key].encode())) % SAVE_EVERY < MINUTE:
                state[self._names[key]] = dict(values)
        for key in gone:
            del self._values[key], self._names[key]

    def dump(self) -> dict[str, dict[str, object]]:
        """Return everything, by storage key."""
        kept: dict[str, dict[str, object]] = {k: dict(v) for k, v in self._loaded.items()}
        for key, values in self._values.items():
            kept[self._names[key]] = dict(values)
        return kept

    def load(self, name: str, values: Mapping[str, object]) -> None:
        """Take up one stored entry; it is attached when its rule looks again."""
        self._loaded[name] = {key: float(str(value)) for key, value in values.items()}


def _name(rule: Rule, dimension: Dimension) -> str:
    labels = ",".join(f"{key}={value}" for key, value in sorted(dimension.labels.items()))
    return f"memory:{rule.name}:{labels}"

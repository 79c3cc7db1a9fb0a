"""What a series is about: a dimension is a kind and the values of its labels.

The kinds are a fixed list, because each one costs every event a little: they are the ones that
rules read. A label's value is a name from an event (never free text), or `other` when its label
has reached the cap of `pipeline.windows.cardinality`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Final

OTHER: Final = "other"
"""The value that stands for all values beyond a label's cap."""

_SEPARATOR: Final = "\x1f"  # cannot occur in a name, see `name` in schemas/events/envelope.v1.json


class DimensionKind(StrEnum):
    """The kinds of dimension; the value is its label names, joined by `+`."""

    ALL = "all"
    TOOL = "tool"
    MODEL = "model"
    PROMPT_VERSION = "prompt_version"
    RELEASE = "release"
    WORKFLOW = "workflow"
    AGENT = "agent"
    TENANT = "tenant"
    AGENT_STEP = "agent+step"
    WORKFLOW_RELEASE = "workflow+release"
    WORKFLOW_MODEL = "workflow+model"
    WORKFLOW_PROMPT_VERSION = "workflow+prompt_version"

    @property
    def label_names(self) -> tuple[str, ...]:
        """The names of the labels, in the order of a dimension's values."""
        return () if self is DimensionKind.ALL else tuple(self.value.split("+"))


@dataclass(frozen=True, slots=True, eq=False)
class Dimension:
    """One series: the kind, and one value for each of its labels."""

    kind: DimensionKind
    values: tuple[str, ...] = ()
    key: str = field(init=False, repr=False)
    """A string that is equal for equal dimensions only; `parse` reads it back."""

    def __post_init__(self) -> None:
        # kept, because dimensions are keys of dictionaries all along the hot path
        object.__setattr__(self, "key", _SEPARATOR.join((self.kind.value, *self.values)))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Dimension) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def labels(self) -> Mapping[str, str]:
        """Names and values, such as `{"workflow": "refund", "release": "2.3.0"}`."""
        return dict(zip(self.kind.label_names, self.values, strict=True))

    @classmethod
    def of(cls, kind: str, labels: Mapping[str, str]) -> Dimension:
        """Build from a kind's name and its labels; `ValueError` or `KeyError` when they differ."""
        known = DimensionKind(kind)
        return cls(known, tuple(labels[name] for name in known.label_names))

    @staticmethod
    @lru_cache(maxsize=65_536)
    def parse(key: str) -> Dimension:
        """Read a key; raise `ValueError` for an unknown kind or a wrong number of values."""
        kind_name, *values = key.split(_SEPARATOR)
        kind = DimensionKind(kind_name)
        if len(values) != len(kind.label_names):
            raise ValueError(f"a dimension of kind {kind} has {len(kind.label_names)} values")
        return Dimension(kind, tuple(values))

    def __str__(self) -> str:
        return ",".join(f"{k}={v}" for k, v in self.labels.items()) or "all"

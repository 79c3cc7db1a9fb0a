"""What an evaluator is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from pipeline.detection.rules.model import Severity
from pipeline.detection.view import Dimension, WindowView

Details = dict[str, object]
"""Further facts of a finding: plain JSON values."""


@dataclass
class Remembered:
    """What a rule remembers of one dimension from look to look, in plain values."""

    numbers: dict[str, float] = field(default_factory=dict)
    hours: list[int] = field(default_factory=list)
    """Counts of consecutive whole hours, for what panes keep too shortly."""


@dataclass(frozen=True)
class Look:
    """One question: how does this dimension stand at this event time?"""

    view: WindowView
    dimension: Dimension
    now: float
    frozen: Mapping[str, float] = field(default_factory=dict)
    """References kept from before an open alert became active; empty while all is well."""
    memory: Remembered = field(default_factory=Remembered)
    """What the rule remembers of this dimension; it may change it."""


@dataclass(frozen=True)
class Finding:
    """A condition that is met, or that was met and has not cleared yet.

    An evaluator that finds neither answers None.
    """

    active: bool
    """True: beyond the upper threshold. False: between the lower and the upper one."""
    severity: Severity
    value: float
    threshold: float
    baseline: float | None
    start: float
    end: float
    """The window, [start, end) in seconds of event time."""
    sample_size: int
    ratio: float
    """How far past its threshold it is right now, 1 being just past it: backpressure and inhibition
    go by this, so it comes from the shortest window of the rule."""
    references: Mapping[str, float] = field(default_factory=dict)
    """What the values were compared with, by name; kept frozen while the alert is open."""
    details: Details = field(default_factory=dict)


class Evaluator(Protocol):
    """One rule, ready to judge any of its dimensions."""

    def judge(self, look: Look) -> Finding | None:
        """Answer whether the rule's condition is met; cheap, called at every evaluation."""
        ...

    def explain(self, look: Look, finding: Finding) -> Details:
        """Return what a person wants to know besides; called only when an alert is sent."""
        ...

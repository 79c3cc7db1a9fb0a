"""Things that go wrong in the fleet on purpose: what, where, when and how badly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from pipeline.errors import InputError
from pipeline.events.normalize import utc_text
from pipeline.simulate.catalogue import TOOLS, WORKFLOWS


@dataclass(frozen=True)
class Kind:
    """A kind of incident and what is meant where the user does not say."""

    scope: str
    """What its target is: a workflow, tool or agent."""
    target: str
    size: float
    seconds: float
    summary: str


KINDS = {
    "token_growth": Kind(
        "workflow", "refund", 1.5, 7 * 86_400.0, "a new release uses `size` times the tokens"
    ),
    "latency_spike": Kind(
        "tool", "issue_refund", 8.0, 1_800.0, "a tool takes `size` times as long"
    ),
    "tool_failure": Kind(
        "tool", "lookup_order", 0.6, 1_800.0, "a call of a tool fails with probability `size`"
    ),
    "silent_agent": Kind(
        "agent", "travel-agent", 1.0, 3_600.0, "an agent stops reporting; `size` has no meaning"
    ),
    "budget_runaway": Kind(
        "workflow", "booking", 60.0, 600.0, "one session goes round in a loop `size` times"
    ),
    "bad_prompt": Kind(
        "workflow", "faq", 0.35, 86_400.0, "a new prompt version fails `size` more of its tasks"
    ),
}
"""By name; sizes are factors, probabilities or counts as the summary says, times are seconds."""


@dataclass(frozen=True)
class Incident:
    """One incident. `start` and `end` are seconds since the epoch, in the fleet's time."""

    kind: str
    target: str
    start: float
    end: float
    size: float

    def __post_init__(self) -> None:
        """Refuse an unknown kind or target, and an end before the start."""
        kind = KINDS.get(self.kind)
        if kind is None:
            raise InputError(f"no incident is called {self.kind!r}; there are: {', '.join(KINDS)}")
        known = {
            "workflow": [workflow.name for workflow in WORKFLOWS],
            "agent": [workflow.agent for workflow in WORKFLOWS],
            "tool": list(TOOLS),
        }[kind.scope]
        if self.target not in known:
            raise InputError(
                f"incident {self.kind}: no {kind.scope} is called {self.target!r}; "
                f"there are: {', '.join(known)}"
            )
        if self.end <= self.start or self.size <= 0:
            raise InputError(f"incident {self.kind}: its length and its size must be positive")

    @property
    def name(self) -> str:
        """What the truth calls it."""
        return f"{self.kind}:{self.target}@{utc_text(int(self.start * 1000))}"

    def covers(self, at: float) -> bool:
        """Say whether it is going on at `at`."""
        return self.start <= at < self.end

    def record(self) -> dict[str, Any]:
        """Return its line for the truth file."""
        line = {**asdict(self), "kind": "incident", "name": self.name, "incident": self.kind}
        line["scope"] = {KINDS[self.kind].scope: self.target}
        line["start"] = utc_text(int(self.start * 1000))
        line["end"] = utc_text(int(self.end * 1000))
        if self.kind == "token_growth":
            line["scope"]["release_version"] = release_at(self.start, patch=1)
        if self.kind == "bad_prompt":
            line["scope"]["prompt_version"] = prompt_version_at(self.start, bad=True)
        return line


def release_at(at: float, *, patch: int = 0) -> str:
    """Return the release an agent runs: a new one each calendar week."""
    year, week, _ = datetime.fromtimestamp(at, UTC).isocalendar()
    return f"{year}.{week:02d}.{patch}"


def prompt_version_at(at: float, *, bad: bool = False) -> str:
    """Return the prompt version in use: a new one each month."""
    month = datetime.fromtimestamp(at, UTC).strftime("%Y-%m")
    return f"{month}-experiment" if bad else month


@dataclass
class Conditions:
    """What a session or a step meets, given the incidents; without any, nothing is changed."""

    incidents: Sequence[Incident]

    def at(self, kind: str, target: str, at: float) -> Incident | None:
        """Return the incident of `kind` that `target` is in at `at`, if there is one."""
        if not self.incidents:
            return None
        for incident in self.incidents:
            if incident.kind == kind and incident.target == target and incident.covers(at):
                return incident
        return None

    def runaway_between(self, workflow: str, after: float, until: float) -> Incident | None:
        """Return the runaway that the first session of `workflow` after `after` turns into."""
        for incident in self.incidents:
            if (
                incident.kind == "budget_runaway"
                and incident.target == workflow
                and after < incident.start <= until
            ):
                return incident
        return None

"""The running totals of one task: what each event adds, and when the task closes.

A task is a `task_id` inside a session, or the whole session where events carry none. It closes
when the watermark passes its end (`session_end`, or an agent_step of type `task_end`), or when
nothing came for the idle time, in event time. What comes for it after that is its next part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final

from pipeline.amounts import bounded
from pipeline.tasks.budgets import (
    LEVELS,
    Crossing,
    Limits,
    Resource,
    crossings,
    elapsed_level,
    level_name,
)
from pipeline.tasks.event import (
    AGENT_NAME,
    CAPABILITY_TIER,
    DOCUMENTS,
    ENVIRONMENT,
    OUTCOME,
    RELEASE_VERSION,
    SESSION_ID,
    STATUS,
    STEP_TYPE,
    TASK_ID,
    TENANT_ID,
    TOKENS_CACHE_READ,
    TRACE_ID,
    WORKFLOW,
    Event,
)
from pipeline.tasks.logical_calls import Call, Change, call_key, record_attempt
from pipeline.tasks.reading import Action, Reading

MAX_STEPS: Final = 64
"""Step names a task keeps apart; the rest is `other`."""
MAX_SEEN: Final = 512
"""Event ids a part remembers: the horizon within which a re-production is recognised."""

Step = list[int]
"""Of one step's latencies: their number, and their sum and maximum in µs."""


def task_key(event: Event) -> str:
    """Return the key of the task that an event belongs to; task ids are unique in a session."""
    task_id = event[TASK_ID]
    session_id: str = event[SESSION_ID]
    return f"{session_id}\x1f{task_id}" if task_id else session_id


class TaskState:
    """Totals of one part of one task, and the fence. Costs in billionths of a dollar.

    Sums of what events say end at `MOST_AMOUNT`.

    Not a dataclass: what makes those is not compiled, and takes as long as several events.
    """

    def __init__(
        self,
        key: str,
        opened_ms: int,
        session_id: str,
        task_id: str | None,
        trace_id: str,
        agent: str,
        release: str,
    ) -> None:
        """`opened_ms`: event time of the event that opened the part; tells parts apart."""
        self.key = key
        self.opened_ms = opened_ms
        self.session_id = session_id
        self.task_id = task_id
        self.trace_id = trace_id
        self.agent = agent
        self.release = release
        self.start_ms = opened_ms
        self.last_ms = opened_ms
        self.fence = -1
        """Offset of the last event that was applied, in the clean topic's partition."""
        self.workflow: str | None = None
        self.tenant: str | None = None
        self.tier: str | None = None
        self.environment: str | None = None
        self.end_ms: int | None = None
        self.outcome: str | None = None
        self.closed_ms: int | None = None
        self.events = 0
        self.evaluations = 0
        self.untraced = 0
        self.tokens_in = 0
        self.tokens_out = 0
        self.tokens_cached = 0
        self.cost = 0
        self.llm_calls = 0
        self.tool_calls = 0
        self.logical_calls = 0
        self.logical_failures = 0
        self.documents = 0
        self.errors: dict[str, int] = {}
        self.steps: dict[str, Step] = {}
        self.models: dict[str, int] = {}
        """Tokens by model version."""
        self.prompts: dict[str, int] = {}
        """Tokens by prompt and version."""
        self.calls: dict[str, Call] = {}
        self.told: dict[str, list[int]] = {}
        """Budget levels whose crossing has been told, with value, limit and event time."""
        self.seen: dict[str, int] = {}
        """Ids of the latest events, in the order of their arrival; the numbers mean nothing."""
        self.noted_end_ms: int | None = None
        """The `end_ms` that those who keep open tasks have noted; not stored."""

    @classmethod
    def open(cls, key: str, event: Event, time_ms: int) -> TaskState:
        """Start a part with its first event, which is not applied yet."""
        return TaskState(
            key,
            time_ms,
            event[SESSION_ID],
            event[TASK_ID],
            event[TRACE_ID],
            event[AGENT_NAME],
            event[RELEASE_VERSION],
        )

    @property
    def summary_id(self) -> str:
        """The id of this part's summary: the same for every run over the same events."""
        text = f"{self.key}\x1f{self.opened_ms}".encode()
        return blake2b(text, digest_size=16, person=b"sluice-task").hexdigest()

    @property
    def is_task(self) -> bool:
        """Whether anything but evaluations came; those may come long after their task."""
        return self.events > self.evaluations

    @property
    def tokens(self) -> int:
        """Tokens in and out."""
        return bounded(self.tokens_in + self.tokens_out)

    @property
    def model(self) -> str | None:
        """The model version with the most tokens."""
        return _greatest(self.models)

    @property
    def prompt(self) -> str | None:
        """The prompt and version with the most tokens."""
        return _greatest(self.prompts)

    def due_ms(self, idle_ms: int) -> int:
        """Return the event time at which the task closes, unless more comes."""
        return self.last_ms + idle_ms if self.end_ms is None else self.end_ms + 1

    def used(self, now_ms: int) -> dict[Resource, int]:
        """Return what the task has used of each budget at event time `now_ms`."""
        return {
            Resource.TOKENS: self.tokens,
            Resource.TOOL_CALLS: self.tool_calls,
            Resource.COST_USD: self.cost,
            Resource.ELAPSED_MS: now_ms - self.start_ms,
        }

    def is_repeated(self, event_id: str) -> bool:
        """Return whether the event was applied already (a re-production); remember it if not."""
        seen = self.seen
        if event_id in seen:
            return True
        seen[event_id] = 1
        if len(seen) > MAX_SEEN:
            del seen[next(iter(seen))]
        return False

    def is_near(self, limits: Limits, now_ms: int) -> bool:
        """Return whether any budget is used by the lowest level; much cheaper than `cross`."""
        tokens, tool_calls, cost, elapsed = limits.near
        return (
            self.tokens_in + self.tokens_out >= tokens
            or self.tool_calls >= tool_calls
            or self.cost >= cost
            or now_ms - self.start_ms >= elapsed
        )

    def cross(self, limits: Limits, now_ms: int) -> list[Crossing]:
        """Return the budget levels that are reached at `now_ms` for the first time."""
        found = crossings(limits.each, self.used(now_ms), self.told, self.start_ms, now_ms)
        for crossing in found:
            name = level_name(crossing.resource, crossing.level)
            self.told[name] = [crossing.value, crossing.limit, crossing.time_ms]
        return found

    def told_crossings(self) -> list[Crossing]:
        """Return the crossings that have been told, to tell them again after a restart."""
        return [
            Crossing(Resource(resource), int(level), *numbers)
            for name, numbers in self.told.items()
            for resource, level in (name.split(":"),)
        ]

    def next_elapsed_ms(self, limits: Limits) -> int | None:
        """Return the event time at which the next level of elapsed time is reached, if any."""
        times = [
            self.start_ms + elapsed_level(limit, level)
            for resource, limit in limits.each
            if resource is Resource.ELAPSED_MS
            for level in LEVELS
            if level_name(resource, level) not in self.told
        ]
        return min(times, default=None)

    def apply(self, event: Event, reading: Reading, earliest_end_ms: int = 0) -> Sequence[Change]:
        """Add one event; return what it changes in the outcomes of logical tool calls.

        `reading` is what `read` returned for the event. An end that comes late counts at
        `earliest_end_ms`: what is closed by then stays closed.
        """
        time_ms, kind, error = reading.time_ms, reading.kind, reading.error
        self.events += 1
        if time_ms >= self.last_ms:
            self.last_ms = time_ms
            if tier := event[CAPABILITY_TIER]:
                self.tier = tier
        elif time_ms < self.start_ms:
            self.start_ms = time_ms
        if not reading.trace_id:
            self.untraced += 1
        # mostly known from the first event on
        if not self.workflow:
            self.workflow = event[WORKFLOW]
        if not self.tenant:
            self.tenant = event[TENANT_ID]
        if not self.environment:
            self.environment = event[ENVIRONMENT]
        if error is not None:
            self.errors[error] = self.errors.get(error, 0) + 1
        action = reading.action
        if action is None:
            if kind == "session_end":
                self._end(max(time_ms, earliest_end_ms), event[OUTCOME])
            elif kind == "evaluation":
                self.evaluations += 1
            return ()
        if reading.latency is not None:
            self._add_latency(action[1], reading.latency)
        if kind == "tool_call":
            return self._add_tool_call(event, time_ms, ok=error is None)
        if kind == "llm_call":
            self._add_llm_call(event, reading, action)
        elif kind == "retrieval":
            self.documents += len(event[DOCUMENTS] or ())
        elif kind == "agent_step" and event[STEP_TYPE] == "task_end":
            self._end(max(time_ms, earliest_end_ms), event[OUTCOME] or "unknown")
        return ()

    def _end(self, time_ms: int, outcome: str) -> None:
        # the earliest end holds, whichever arrives first
        if self.end_ms is None or time_ms < self.end_ms:
            self.end_ms, self.outcome = time_ms, outcome

    def _add_latency(self, name: str, latency_us: int) -> None:
        step = self.steps.get(name)
        if step is None:
            if len(self.steps) >= MAX_STEPS:
                name = "other"
            step = self.steps.setdefault(name, [0, 0, 0])
        step[0] += 1
        step[1] = bounded(step[1] + latency_us)
        if latency_us > step[2]:
            step[2] = latency_us

    def _add_llm_call(self, event: Event, reading: Reading, action: Action) -> None:
        self.llm_calls += 1
        self.tokens_in = bounded(self.tokens_in + (reading.tokens_in or 0))
        self.tokens_out = bounded(self.tokens_out + (reading.tokens_out or 0))
        self.tokens_cached = bounded(self.tokens_cached + (event[TOKENS_CACHE_READ] or 0))
        self.cost = bounded(self.cost + (reading.cost or 0))
        tokens = reading.tokens or 0
        model, prompt = action[3], action[4]
        self.models[model] = bounded(self.models.get(model, 0) + tokens)
        if prompt is not None:
            self.prompts[prompt] = bounded(self.prompts.get(prompt, 0) + tokens)

    def _add_tool_call(self, event: Event, time_ms: int, *, ok: bool) -> Sequence[Change]:
        self.tool_calls += 1
        if event[STATUS] == "cancelled":
            return ()
        changes = record_attempt(self.calls, call_key(event), time_ms, ok=ok)
        for _, successes, failures in changes:
            self.logical_calls += successes + failures
            self.logical_failures += failures
        return changes


def _greatest(tokens: Mapping[str, int]) -> str | None:
    """Return the name with the most tokens, of equals the last by name."""
    found, most = None, -1
    for name, count in tokens.items():
        if count > most or (count == most and name > (found or "")):
            found, most = name, count
    return found

"""Where the readings of a batch come together before its panes are touched.

An event becomes one reading. Readings are added up by who acted (agent, release, workflow, tenant)
and by what was done (agent's step, tool, model, prompt), each within a pane: a batch then costs
each dimension one update for a group of readings, not one for an event.
"""

from __future__ import annotations

from typing import Any, Final

from pipeline.tasks.event import AGENT_NAME, RELEASE_VERSION, TENANT_ID, WORKFLOW, Event
from pipeline.tasks.reading import Action, Reading
from pipeline.windows.contributions import Amounts, Contribution
from pipeline.windows.measure import NAMES, Measure
from pipeline.windows.pane import Counter, Example

Actor = tuple[Any, ...]
"""Agent, release, workflow, tenant."""
_LATENCY: Final = Measure.LATENCY_MS
_TOKENS: Final = Measure.TOKENS
_COST: Final = Measure.COST_USD
_EXAMPLE: Final = NAMES[_LATENCY]


class Gathered:
    """The readings of one group, added up one by one."""

    def __init__(self) -> None:
        self._events = 0
        self._successes = 0
        self._failures = 0
        self._llm_calls = 0
        self._rarer: dict[str, int] = {}
        self._latencies = Amounts()
        self._tokens = Amounts()
        self._costs = Amounts()
        self._longest = -1
        self._longest_trace = ""
        self._failed: Example | None = None

    def add(self, reading: Reading) -> None:
        """Add one reading."""
        self._events += 1
        self._successes += reading.succeeded
        self._failures += reading.failed
        trace_id = reading.trace_id
        latency: Any = reading.latency
        if latency is not None:
            self._latencies.add(latency)
            number: int = latency
            if number >= self._longest and (
                number > self._longest or trace_id > self._longest_trace
            ):
                self._longest, self._longest_trace = number, trace_id
        if reading.kind == "llm_call":
            self._llm_calls += 1
            tokens: Any = reading.tokens
            if tokens is not None:
                self._tokens.add(tokens)
            cost: Any = reading.cost
            if cost is not None:
                self._costs.add(cost)
        rarer = reading.rarer
        if rarer is not None:
            for name, count in rarer.items():
                self._rarer[name] = self._rarer.get(name, 0) + count
        if reading.error is not None:
            failed = reading.time_ms, trace_id
            if self._failed is None or failed > self._failed:
                self._failed = failed

    def add_outcome(self, successes: int, failures: int) -> None:
        """Add what the outcome of a logical tool call adds, or takes back."""
        self._successes += successes
        self._failures += failures

    def contribution(self) -> Contribution:
        """Return the sum."""
        found = Contribution()
        counters = found.counters
        for name, count in (
            (Counter.EVENTS, self._events),
            (Counter.SUCCESS, self._successes),
            (Counter.FAILURE, self._failures),
            (Counter.LLM_CALLS, self._llm_calls),
        ):
            if count:
                counters[name] = count
        counters.update(self._rarer)
        if self._latencies.values:
            found.amounts[_LATENCY] = self._latencies
            found.examples[_EXAMPLE] = [(self._longest, self._longest_trace)]
        if self._tokens.values:
            found.amounts[_TOKENS] = self._tokens
        if self._costs.values:
            found.amounts[_COST] = self._costs
        if self._failed is not None:
            found.examples[Counter.FAILURE] = [self._failed]
        return found


def actor_of(event: Event) -> Actor:
    """Return who acted."""
    return event[AGENT_NAME], event[RELEASE_VERSION], event[WORKFLOW], event[TENANT_ID]


class Span:
    """What was gathered for the panes that start at one time."""

    def __init__(self) -> None:
        self.by_actor: dict[Actor, Gathered] = {}
        self.by_action: dict[Action, Gathered] = {}


class Gathering:
    """The readings of a batch, by the start of their pane, and by actor and by action."""

    def __init__(self) -> None:
        self._spans: dict[int, Span] = {}
        # events come roughly in the order of their time
        self._last_ms = -1
        self._last = Span()

    def add(self, start_ms: int, actor: Actor, reading: Reading) -> None:
        """Add one reading."""
        span = self._span(start_ms)
        of_actor = span.by_actor.get(actor)
        if of_actor is None:
            of_actor = span.by_actor[actor] = Gathered()
        of_actor.add(reading)
        action = reading.action
        if action is not None:
            of_action = span.by_action.get(action)
            if of_action is None:
                of_action = span.by_action[action] = Gathered()
            of_action.add(reading)

    def add_outcome(
        self, start_ms: int, actor: Actor, action: Action | None, successes: int, failures: int
    ) -> None:
        """Add the outcome of a logical tool call at a time that its reading does not have."""
        span = self._span(start_ms)
        span.by_actor.setdefault(actor, Gathered()).add_outcome(successes, failures)
        if action is not None:
            span.by_action.setdefault(action, Gathered()).add_outcome(successes, failures)

    def take(self) -> list[tuple[int, Span]]:
        """Return what was gathered since the last call."""
        taken = list(self._spans.items())
        self._spans.clear()
        self._last_ms = -1
        return taken

    def _span(self, start_ms: int) -> Span:
        if start_ms == self._last_ms:
            return self._last
        span = self._spans.get(start_ms)
        if span is None:
            span = self._spans[start_ms] = Span()
        self._last_ms, self._last = start_ms, span
        return span

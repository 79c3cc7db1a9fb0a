"""Three weeks of the simulated fleet through aggregator and detector: quiet, and with 24 incidents.

The events are those of `sluice simulate`, in the order in which they would be published: sessions
with all their steps, tools and retries, some seconds late at times. They are not redacted and
pass no broker; the cores are the real ones and tick every ten seconds of event time. The two runs
take a process each, since they are long.
"""

from __future__ import annotations

import multiprocessing
import queue
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from agents.garbage import settle
from pipeline.config import LimitSettings
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.simulate.catalogue import WORKFLOWS
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate
from pipeline.simulate.incidents import KINDS, Incident
from pipeline.simulate.truth import SimulatedEvent
from pipeline.tasks.budgets import Budget, BudgetPolicy
from pipeline.windows.batch import AggregatorConfig
from tests.bench.parts.episodes import Episode, Expected, Matched, episodes_of, matched
from tests.detection_harness import Event, Pipeline
from tests.unit.detection.synthetic import DAY, HOUR, MONDAY

DAYS = 21
SESSIONS_PER_MINUTE = 1.0
"""Few: the events of a source come in clumps then, and its nights are long."""
TOOL_CALLS = 40
"""The budget of a task: a session has three or four calls, and some retries."""
_BATCH = 300
_ORIGIN = Origin("agent.events.raw", 0, 0)
_LIMITS = LimitSettings()
_VERIFIED = {"verified": True, "quarantined": 0, "counts": {}}

_RULES = {
    "token_growth": "token-growth",
    "latency_spike": "tool-latency",
    "tool_failure": "tool-success",
    "silent_agent": "agent-silence",
    "budget_runaway": "budget-exceeded",
    "bad_prompt": "task-failure",
}
"""The rule that is to find each kind of incident."""
_PLAN = (
    # kind, target, day, hour, hours, size; days 5, 6, 12, 13, 19 and 20 are weekends
    ("latency_spike", "issue_refund", 7, 9.0, 2.0, 8.0),
    ("latency_spike", "lookup_order", 9, 12.0, 3.0, 6.0),
    ("latency_spike", "search_availability", 15, 10.0, 3.0, 8.0),
    ("latency_spike", "get_customer_profile", 18, 11.0, 2.0, 10.0),
    ("tool_failure", "lookup_order", 8, 10.0, 2.0, 0.7),
    ("tool_failure", "create_booking", 10, 13.0, 2.0, 0.6),
    ("tool_failure", "verify_identity", 14, 11.0, 3.0, 0.6),
    ("tool_failure", "issue_refund", 17, 9.0, 2.0, 0.8),
    ("silent_agent", "travel-agent", 8, 13.0, 5.0, 1.0),
    ("silent_agent", "refund-agent", 11, 9.0, 6.0, 1.0),
    ("silent_agent", "account-agent", 16, 9.0, 6.0, 1.0),
    ("silent_agent", "help-agent", 18, 8.0, 8.0, 1.0),
    ("token_growth", "refund", 9, 6.0, 36.0, 1.8),
    ("token_growth", "booking", 11, 6.0, 36.0, 1.7),
    ("token_growth", "faq", 14, 6.0, 36.0, 2.2),
    ("token_growth", "address_change", 17, 6.0, 36.0, 2.0),
    ("budget_runaway", "booking", 10, 9.0, 0.3, 90.0),
    ("budget_runaway", "refund", 13, 12.0, 0.3, 90.0),
    ("budget_runaway", "address_change", 15, 15.0, 0.3, 90.0),
    ("budget_runaway", "billing_dispute", 19, 12.0, 0.5, 90.0),
    ("bad_prompt", "faq", 7, 12.0, 8.0, 0.8),
    ("bad_prompt", "refund", 12, 9.0, 9.0, 0.7),
    ("bad_prompt", "booking", 16, 9.0, 9.0, 0.7),
    ("bad_prompt", "faq", 20, 9.0, 9.0, 0.8),
)


def incidents() -> tuple[Incident, ...]:
    """Return 24 incidents of 6 kinds, four of each, in the second and third week."""
    planned = []
    for kind, target, day, hour, hours, size in _PLAN:
        start = MONDAY + day * DAY + hour * HOUR
        planned.append(Incident(kind, target, start, start + hours * HOUR, size))
    return tuple(planned)


@dataclass(frozen=True)
class Found:
    """What two runs gave."""

    events: int
    false: Sequence[Episode]
    """Episodes of the run without incidents."""
    incidents: Matched


def run(step: Callable[[int], None], *, days: int = DAYS, seed: int = 3) -> Found:
    """Run both; `step` is called with 1 for each simulated day of either."""
    context = multiprocessing.get_context("spawn")
    told = context.Queue()
    with context.Pool(2, initializer=_remember_queue, initargs=(told,)) as pool:
        runs = [pool.apply_async(_run, (seed, days, planned)) for planned in ((), incidents())]
        # not by the days that are told: a run that fails tells no more of them
        while not all(each.ready() for each in runs):
            with suppress(queue.Empty):
                step(told.get(timeout=1.0))
        (events, false), (_, episodes) = (each.get() for each in runs)
    return Found(events, false, matched(map(_expected, incidents()), episodes))


def _expected(incident: Incident) -> Expected:
    scope = {KINDS[incident.kind].scope: incident.target}
    if incident.kind == "budget_runaway":
        scope["agent"] = next(flow.agent for flow in WORKFLOWS if flow.name == incident.target)
    return Expected(incident.name, _RULES[incident.kind], scope, incident.start, incident.end)


_days_told: multiprocessing.Queue[int] | None = None


def _remember_queue(told: multiprocessing.Queue[int]) -> None:
    """Set up a process of the pool."""
    global _days_told
    _days_told = told
    settle()


def _run(seed: int, days: int, planned: tuple[Incident, ...]) -> tuple[int, list[Episode]]:
    """Simulate, aggregate, detect; return how many events and what fired."""
    fleet = FleetConfig(
        start=MONDAY,
        seed=seed,
        sessions_per_minute=SESSIONS_PER_MINUTE,
        until=MONDAY + days * DAY,
        incidents=planned,
    )
    budgets = BudgetPolicy(Budget(tool_calls=TOOL_CALLS))
    config = AggregatorConfig(publish_open=False, budgets=budgets)
    pipeline = Pipeline(partitions=1, config=config)
    batch: list[Event] = []
    count = told = 0
    for simulated in simulate(fleet):
        batch.append(_clean(simulated))
        count += 1
        if len(batch) == _BATCH:
            pipeline.feed(batch)
            batch = []
            # a record for each dimension and minute: too many to keep
            pipeline.seen.windows.clear()
            if told < min(days - 1, int((simulated.at - MONDAY) / DAY)):
                told += _tell_day()
    pipeline.feed(batch)
    while told < days:
        told += _tell_day()
    return count, episodes_of(pipeline.seen.alerts)


def _tell_day() -> int:
    assert _days_told is not None
    _days_told.put(1)
    return 1


def _clean(simulated: SimulatedEvent) -> Event:
    """Return the event as the redactor would publish it, but for its texts."""
    [decoded] = decode_message(simulated.value, origin=_ORIGIN, limits=_LIMITS, now=simulated.at)
    assert isinstance(decoded, DecodedEvent), "the simulator writes valid events"
    return {**decoded.event, "redaction": _VERIFIED}

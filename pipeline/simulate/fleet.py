"""A seeded fleet of agents: sessions begin, overlap and end, and publish what they do."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice

from pipeline.simulate.arrivals import arrivals
from pipeline.simulate.catalogue import WORKFLOWS, Workflow
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.draw import generator
from pipeline.simulate.identity import person
from pipeline.simulate.incidents import Conditions
from pipeline.simulate.session import Setting, play
from pipeline.simulate.truth import SimulatedEvent

EVENTS_PER_SESSION = 9.7
"""On average, over all workflows."""
_WEIGHTS = [workflow.weight for workflow in WORKFLOWS]


def simulate(config: FleetConfig) -> Iterator[SimulatedEvent]:
    """Yield the fleet's events in the order in which they are published.

    Lazy, and memory holds only the sessions that are going on. Event time (`ts` in the events) is
    roughly in order: an event is published when its step has ended, some seconds late at times.
    Without `max_events`, `max_sessions` or `until` there is no end.
    """
    events = _merged(config)
    return events if config.max_events is None else islice(events, config.max_events)


def _merged(config: FleetConfig) -> Iterator[SimulatedEvent]:
    """Merge overlapping sessions by the time of publication."""
    waiting: list[tuple[float, int, SimulatedEvent]] = []
    order = 0
    for setting in _settings(config):
        # whatever comes later than this session's start may still have to let its events pass
        while waiting and waiting[0][0] <= setting.start:
            yield heapq.heappop(waiting)[2]
        for event in play(setting):
            order += 1
            heapq.heappush(waiting, (event.at, order, event))
    while waiting:
        yield heapq.heappop(waiting)[2]


def _settings(config: FleetConfig) -> Iterator[Setting]:
    conditions = Conditions(config.incidents)
    draw = generator(config.seed, "fleet")
    last_of = {workflow.name: config.start for workflow in WORKFLOWS}
    for number, start in enumerate(islice(arrivals(config), config.max_sessions)):
        if config.until is not None and start >= config.until:
            return
        workflow: Workflow = draw.choices(WORKFLOWS, _WEIGHTS)[0]
        # a few customers come back often
        customer = int(config.customers * draw.random() ** 2)
        yield Setting(
            seed=config.seed,
            number=number,
            start=start,
            workflow=workflow,
            person=person(config.seed, customer),
            conditions=conditions,
            runaway=conditions.runaway_between(workflow.name, last_of[workflow.name], start),
        )
        last_of[workflow.name] = start

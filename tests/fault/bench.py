"""One trial: publish, break something meanwhile, let everything settle, and ask the oracle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.local.process import State
from tests.fault.kafka_log import Progress, end_offsets
from tests.fault.load import Load, Mix, Published
from tests.fault.oracle import TOPICS, Oracle, Verdict
from tests.fault.stack import FaultStack
from tests.fault.waiting import ROLES, Room, settle


@dataclass
class Trial:
    """What a scenario gets to work with, and what it has to tell."""

    stack: FaultStack
    published: Published
    times: int
    seconds: float
    """How long an outage lasts, where there is one."""
    recoveries: list[float] = field(default_factory=list)
    further: dict[str, Any] = field(default_factory=dict)

    async def committed(self, role: str) -> int:
        """Return how much the group of `role` has committed."""
        async with Progress(self.stack.settings.kafka) as progress:
            return await progress.committed(f"sluice-{role}")

    async def recovered(self, role: str, *, limit: float = 400.0) -> float:
        """Wait until the group of `role` commits something new; note and return the seconds."""
        began = time.monotonic()
        async with Progress(self.stack.settings.kafka) as progress:
            before = await progress.committed(f"sluice-{role}")
            while await progress.committed(f"sluice-{role}") <= before:
                assert time.monotonic() - began < limit, f"{role} does not commit any more"
                await asyncio.sleep(0.25)
        self.recoveries.append(time.monotonic() - began)
        return self.recoveries[-1]

    async def ready(self, name: str) -> None:
        """Wait until a worker is ready."""
        await eventually(
            lambda: self.stack.workers.status(name).state is State.READY, f"{name} is ready"
        )

    async def start(self, role: str, name: str | None = None, **environment: str) -> None:
        """Start a worker."""
        await asyncio.to_thread(self.stack.start, role, name, **environment)

    async def end(self, name: str, *, hard: bool = False) -> None:
        """End a worker."""
        await asyncio.to_thread(lambda: self.stack.workers.end(name, hard=hard))


Inject = Callable[[Trial], Awaitable[None]]


@dataclass(frozen=True)
class Scenario:
    """A fault: how it is made, how often, and under which load."""

    name: str
    inject: Inject
    times: int = 1
    """In the long form."""
    events: int = 10_000
    """At least, in the long form."""
    seconds: float = 0.0
    rate: float = 500.0
    """Events a second, at most."""
    most_behind: int | None = None
    """Publish no faster than the workers follow: so many messages of the input may wait."""
    mix: Mix = field(default_factory=Mix)
    workers: dict[str, dict[str, str]] = field(default_factory=dict)
    """Environment of workers that differ from the usual, by role."""


@dataclass
class Row:
    """A line of the table."""

    fault: str
    times: int
    verdict: Verdict
    recovery_seconds: float
    seconds: float
    further: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """Return the object for fault.json."""
        verdict = self.verdict
        return {
            "fault": self.fault,
            "times": self.times,
            "events": verdict.events,
            "lost": verdict.lost,
            "twice": verdict.twice,
            "dead_letters": verdict.dead_letters,
            "published_again": verdict.productions,
            "panes": verdict.windows,
            "tasks": verdict.tasks,
            "recovery_seconds": round(self.recovery_seconds, 1),
            "seconds": round(self.seconds, 1),
            **self.further,
            "problems": verdict.problems,
        }


async def run_trial(
    stack: FaultStack, scenario: Scenario, number: int, *, times: int, events: int, seconds: float
) -> Row:
    """Run a scenario once; `number` gives it events of its own."""
    began = time.monotonic()
    await _ensure_workers(stack, scenario)
    await settle(stack.settings)
    begin = await end_offsets(stack.settings.kafka, *(topic.name for topic in TOPICS))
    room = None if scenario.most_behind is None else Room(stack.settings, scenario.most_behind)
    load = Load(stack.settings, number, events, scenario.rate, scenario.mix, room)
    trial = Trial(stack, load.published, times, seconds)
    publishing = asyncio.create_task(load.run())
    try:
        await scenario.inject(trial)
        load.may_end()
        await publishing
    finally:
        publishing.cancel()
        stack.clickhouse.only_table = None
    await settle(stack.settings)
    end = await end_offsets(stack.settings.kafka, *(topic.name for topic in TOPICS))
    verdict = await Oracle(stack.settings, begin, end).judge(load.published)
    return Row(
        fault=scenario.name,
        times=times,
        verdict=verdict,
        recovery_seconds=max(trial.recoveries, default=0.0),
        seconds=time.monotonic() - began,
        further=trial.further,
    )


async def _ensure_workers(stack: FaultStack, scenario: Scenario) -> None:
    """Have exactly one worker of each role, with the environment that the scenario wants."""
    running = stack.running()
    for name in running:
        if name not in ROLES or name in scenario.workers:
            await asyncio.to_thread(stack.workers.end, name)
    missing = [role for role in ROLES if role in scenario.workers or role not in running]
    for role in missing:
        await asyncio.to_thread(stack.start, role, None, **scenario.workers.get(role, {}))


async def forget_special_workers(stack: FaultStack, scenario: Scenario) -> None:
    """End the workers that ran with an environment of their own."""
    for name in stack.running():
        if name not in ROLES or name in scenario.workers:
            await asyncio.to_thread(lambda name=name: stack.workers.end(name, hard=True))


async def eventually(condition: Callable[[], bool], what: str, seconds: float = 90.0) -> None:
    """Wait until `condition` holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"not within {seconds:.0f} s: {what}"
        await asyncio.sleep(0.1)

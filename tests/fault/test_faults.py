"""The short form: each fault once. `make fault` runs the long one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fault.bench import Scenario, forget_special_workers, run_trial
from tests.fault.catalogue import SCENARIOS
from tests.fault.stack import FaultStack

EVENTS = 1_000
RATE = 500.0
OUTAGE_SECONDS = 11.0
"""Longer than the workers' clients wait for an answer."""
EACH_ROLE = 3
CYCLES = {
    "kill -9 of a worker": EACH_ROLE,
    "connections to Kafka cut, stalled, delayed": 3,
    "broker bounce, clean and hard": 2,
    "state on disk deleted, or an old copy restored": 2,
}
"""Faults that hit another role, or come in another way, each time."""


@pytest.mark.parametrize(
    ("number", "scenario"), enumerate(SCENARIOS), ids=[each.name for each in SCENARIOS]
)
async def test_nothing_is_lost_and_nothing_is_there_twice(
    fault_stack: FaultStack, number: int, scenario: Scenario
) -> None:
    row = await run_trial(
        fault_stack,
        replace(scenario, rate=RATE),
        number,
        times=CYCLES.get(scenario.name, 1),
        events=EVENTS,
        seconds=OUTAGE_SECONDS if scenario.seconds else 0.0,
    )
    await forget_special_workers(fault_stack, scenario)
    assert row.verdict.problems == []
    assert row.verdict.events >= EVENTS
    assert row.recovery_seconds <= 60.0

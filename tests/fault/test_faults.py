"""The short form: each fault once. `make fault` runs the long one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fault.bench import Scenario, forget_special_workers, run_trial
from tests.fault.catalogue import SCENARIOS
from tests.fault.stack import FaultStack

EVENTS = 1_000
RATE = 500.0
OUTAGE_SECONDS = {"ClickHouse away": 6.0, "ClickHouse stalls": 11.0}
"""A stall lasts longer than the workers' client waits for an answer."""
TIMES = {
    "kill -9 of a worker": 3,
    "connections to Kafka cut, stalled, delayed": 3,
    "broker bounce, clean and hard": 2,
    "state on disk deleted, or an old copy restored": 2,
}
"""Of faults that hit another role, or come in another way, each time."""


@pytest.mark.parametrize(
    ("number", "scenario"),
    [pytest.param(number, scenario, id=scenario.name) for number, scenario in enumerate(SCENARIOS)],
)
async def test_nothing_is_lost_and_nothing_is_there_twice(
    fault_stack: FaultStack, number: int, scenario: Scenario
) -> None:
    row = await run_trial(
        fault_stack,
        replace(scenario, rate=RATE),
        number,
        times=TIMES.get(scenario.name, 1),
        events=EVENTS,
        seconds=OUTAGE_SECONDS.get(scenario.name, 0.0),
    )
    await forget_special_workers(fault_stack, scenario)
    assert row.verdict.problems == []
    assert row.verdict.events >= EVENTS
    assert row.recovery_seconds <= 60.0


def test_the_names_above_are_those_of_faults() -> None:
    names = {scenario.name for scenario in SCENARIOS}
    assert names >= {*OUTAGE_SECONDS, *TIMES}
    assert {scenario.name for scenario in SCENARIOS if scenario.seconds} == set(OUTAGE_SECONDS)

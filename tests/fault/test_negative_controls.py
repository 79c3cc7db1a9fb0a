"""With a guard switched off, the fault that it guards against must show: the oracle is not blind.

Where two guards overlap (a fence and the ids behind it), both are off.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fault.bench import (
    Row,
    Scenario,
    Trial,
    eventually,
    forget_special_workers,
    run_trial,
)
from tests.fault.catalogue import SCENARIOS
from tests.fault.load import Mix
from tests.fault.scenarios import (
    drop_replies_of_events,
    frozen_insert,
    kill_after_insert,
    nothing,
    unforeseen,
)
from tests.fault.stack import FaultStack
from tests.fault.waiting import ROLES

EVENTS = 1_000
FIRST_NUMBER = len(SCENARIOS)
"""Loads of their own, beside those of the faults."""
QUICK = {"SLUICE_SINK__BATCH_SECONDS": "0.1"}


async def redactor_dies(trial: Trial) -> None:
    """Wait until the redactor has died between its output and its commit, and is back."""
    await eventually(
        lambda: trial.stack.workers.status("redactor").restarts > 0, "the redactor dies"
    )
    await trial.recovered("redactor")


async def kill_sink(trial: Trial) -> None:
    """Kill the sink in mid-stream."""
    for _ in range(trial.times):
        await trial.recovered("sink")
        trial.stack.workers.crash("sink")
        await trial.recovered("sink")


def sabotaged(role: str, what: str, **environment: str) -> dict[str, dict[str, str]]:
    return {role: {"SLUICE_TEST_SABOTAGE": what, **environment}}


TWICE = {
    "ids": Scenario("ids", nothing, mix=Mix(duplicates=0.05), workers=sabotaged("sink", "no_ids")),
    "source fence": Scenario(
        "source fence",
        redactor_dies,
        workers=sabotaged("sink", "no_fence,no_ids") | sabotaged("redactor", "die_before_commit"),
    ),
    "present offsets": Scenario(
        "present offsets",
        kill_after_insert,
        times=2,
        workers=sabotaged("sink", "no_present,no_token", **QUICK),
    ),
    "token": Scenario(
        "token",
        drop_replies_of_events,
        times=3,
        workers=sabotaged("sink", "no_token,no_present", **QUICK),
    ),
    "lease": Scenario(
        "lease", frozen_insert, workers=sabotaged("sink", "freeze_before_insert,no_lease,no_token")
    ),
}


async def play(stack: FaultStack, scenario: Scenario, number: int) -> Row:
    # every role begins without anything that an earlier control has spoilt
    fresh = {role: scenario.workers.get(role, {}) for role in ROLES}
    scenario = replace(scenario, workers=fresh)
    row = await run_trial(
        stack, scenario, FIRST_NUMBER + number, times=scenario.times, events=EVENTS, seconds=0.0
    )
    await forget_special_workers(stack, scenario)
    return row


@pytest.mark.parametrize("guard", TWICE)
async def test_without_its_guard_an_event_is_there_twice(
    fault_stack: FaultStack, guard: str
) -> None:
    row = await play(fault_stack, TWICE[guard], list(TWICE).index(guard))
    assert row.verdict.lost == 0  # else nothing has come through, and nothing was tried
    assert row.verdict.twice > 0


async def test_committed_before_it_is_done_an_event_is_lost(fault_stack: FaultStack) -> None:
    scenario = Scenario("ack first", kill_sink, times=2, workers=sabotaged("sink", "ack_first"))
    row = await play(fault_stack, scenario, len(TWICE))
    assert 0 < row.verdict.lost < row.verdict.events


async def test_without_the_fences_of_the_state_windows_count_twice(
    fault_stack: FaultStack,
) -> None:
    scenario = Scenario(
        "state fence",
        unforeseen,
        workers=sabotaged("aggregator", "no_state_fence,die_before_store"),
    )
    row = await play(fault_stack, scenario, len(TWICE) + 1)
    assert row.verdict.twice == row.verdict.lost == 0
    assert any(problem.startswith("panes that differ") for problem in row.verdict.problems)

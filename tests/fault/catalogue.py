"""All faults, with how often and under which load the long form has them."""

from __future__ import annotations

from tests.fault.bench import Scenario
from tests.fault.load import Mix
from tests.fault.scenarios import (
    ON_DISK,
    bounce_broker,
    clickhouse_away,
    clickhouse_stalls,
    drop_replies,
    frozen_insert,
    hang,
    kafka_cut,
    kill_9,
    kill_after_insert,
    nothing,
    rebalance_storm,
    rolling_restart,
    spoil_state,
    unforeseen,
    zombie,
)

QUICK_SINK = {"sink": {"SLUICE_SINK__BATCH_SECONDS": "0.1"}}

SCENARIOS: tuple[Scenario, ...] = (
    Scenario("no fault", nothing, events=50_000, rate=4_000.0),
    Scenario(
        "kill -9 of a worker",
        kill_9,
        times=20,
        events=1_000_000,
        rate=8_000.0,
        most_behind=30_000,
    ),
    Scenario(
        "kill between insert and commit",
        kill_after_insert,
        times=5,
        events=10_000,
        workers=QUICK_SINK,
    ),
    Scenario(
        "kill after a state write, before anything else",
        unforeseen,
        events=10_000,
        workers={"aggregator": {"SLUICE_TEST_SABOTAGE": "die_before_store"}},
    ),
    Scenario("SIGTERM, rolling", rolling_restart, times=10),
    Scenario("rebalance storm, 1 to 4 workers", rebalance_storm, times=20),
    Scenario("SIGSTOP beyond the session, then SIGCONT", zombie, times=6),
    Scenario(
        "SIGSTOP between the sink's last check and its insert",
        frozen_insert,
        events=10_000,
        workers={"sink": {"SLUICE_TEST_SABOTAGE": "freeze_before_insert"}},
    ),
    Scenario("broker bounce, clean and hard", bounce_broker, times=5),
    Scenario("connections to Kafka cut, stalled, delayed", kafka_cut, times=6),
    Scenario("ClickHouse away", clickhouse_away, seconds=600.0, rate=500.0),
    Scenario("ClickHouse stalls", clickhouse_stalls, times=2, seconds=20.0, rate=500.0),
    Scenario(
        "reply dropped after the insert", drop_replies, times=100, rate=500.0, workers=QUICK_SINK
    ),
    Scenario("1 % poison", nothing, events=50_000, rate=3_000.0, mix=Mix(poison=0.01)),
    Scenario(
        "5 % duplicate production", nothing, events=50_000, rate=3_000.0, mix=Mix(duplicates=0.05)
    ),
    Scenario(
        "exception after an insert",
        unforeseen,
        events=10_000,
        workers={"sink": {"SLUICE_TEST_SABOTAGE": "raise_once"}},
    ),
    Scenario(
        "a handler that hangs",
        hang,
        events=10_000,
        workers={
            "sink": {
                "SLUICE_TEST_SABOTAGE": "hang",
                "SLUICE_WORKER__STANDSTILL_SECONDS": "8",
            }
        },
    ),
    Scenario(
        "changelog send fails half-way",
        unforeseen,
        events=10_000,
        workers={"aggregator": {"SLUICE_TEST_SABOTAGE": "fail_changelog_once"}},
    ),
    Scenario(
        "state on disk deleted, or an old copy restored",
        spoil_state,
        times=4,
        events=10_000,
        workers={"aggregator": ON_DISK},
    ),
)

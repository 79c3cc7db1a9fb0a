"""What the throughput benchmark sends and reckons."""

from __future__ import annotations

import orjson
import pytest

from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate
from tests.bench.parts.alert_latency import Arrivals
from tests.bench.parts.capacity import Measured, plan
from tests.bench.parts.load import START, Load

EVENTS = 300
MEASURED = Measured(
    role_us={"redactor": 60.0, "aggregator": 30.0, "sink": 30.0},
    broker_us=10.0,
    engine_us=20.0,
    topic_bytes={"raw": 100.0, "clean": 150.0, "state": 50.0},
    stored_bytes=100.0,
    messages_per_partition=10.0,
    message_us=100.0,
)


def test_events_keep_their_content_and_get_ids_and_times() -> None:
    load = Load(EVENTS, 7)
    fleet = [
        orjson.loads(event.value)
        for event in simulate(FleetConfig(start=START, seed=7, max_events=EVENTS))
    ]
    records = list(load.records(2 * EVENTS, start=1_000.0, rate=10.0, label="x"))
    found = [orjson.loads(record.value or b"") for record in records]
    assert len({event["event_id"] for event in found}) == 2 * EVENTS
    for number, event in enumerate(found):
        original = fleet[number % EVENTS]
        assert records[number].key.decode() == event["session_id"]
        changed = {"event_id", "session_id", "ts"}
        assert {k: v for k, v in event.items() if k not in changed} == {
            k: v for k, v in original.items() if k not in changed
        }
    assert found[10]["ts"] == "1970-01-01T00:16:41.000+00:00"
    first = load.record(0, START)[1]
    assert orjson.loads(first.value or b"")["event_id"] == fleet[0]["event_id"]


def test_a_tick_is_due_when_the_last_partition_has_passed_it() -> None:
    arrivals = Arrivals(2)
    arrivals.note(0, 10.0, 100.0)
    arrivals.note(0, 12.0, 101.0)
    assert arrivals.due(10.0) is None
    arrivals.note(1, 11.0, 105.0)
    arrivals.note(1, 9.0, 106.0)
    assert arrivals.due(10.0) == 105.0
    assert arrivals.due(12.0) is None


def test_capacity_follows_from_the_figures() -> None:
    found = plan(MEASURED, 100_000)
    assert found.workers == {"redactor": 10, "aggregator": 5, "sink": 5}
    assert found.partitions == 16
    assert found.detector_cores == pytest.approx(0.016)
    assert (found.broker_mb_in, found.broker_mb_out) == (30.0, 40.0)
    assert found.stored_gb_a_day == pytest.approx(864.0)

"""The fleet is the same for a seed, valid, and what its truth says of it holds."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime
from itertools import islice, pairwise, takewhile
from typing import Any

import orjson
import pytest

from pipeline.config import LimitSettings
from pipeline.errors import InputError
from pipeline.events.contract import event_types
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.simulate.arrivals import _HIGHEST, arrivals, intensity
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import EVENTS_PER_SESSION, simulate
from pipeline.simulate.templates import ENTITY_OF_SLOT
from pipeline.simulate.truth import SimulatedEvent

START = 1_769_860_800.0  # a Saturday, noon
CONFIG = FleetConfig(start=START, seed=7, sessions_per_minute=120, max_sessions=400)


@pytest.fixture(scope="module")
def fleet() -> list[SimulatedEvent]:
    return list(simulate(CONFIG))


def test_the_same_seed_gives_the_same_bytes(fleet: list[SimulatedEvent]) -> None:
    assert list(simulate(CONFIG)) == fleet


def test_another_seed_gives_another_fleet(fleet: list[SimulatedEvent]) -> None:
    other = simulate(FleetConfig(start=START, seed=8, sessions_per_minute=120, max_sessions=400))
    assert not {event.event_id for event in other} & {event.event_id for event in fleet}


def test_a_fleet_without_an_end_can_be_read_as_far_as_one_likes(
    fleet: list[SimulatedEvent],
) -> None:
    endless = simulate(FleetConfig(start=START, seed=7, sessions_per_minute=120))
    assert list(islice(endless, 500)) == fleet[:500]
    cut = FleetConfig(start=START, seed=7, sessions_per_minute=120, max_events=500)
    assert list(simulate(cut)) == fleet[:500]


def test_every_event_is_valid_and_has_the_size_of_real_ones(fleet: list[SimulatedEvent]) -> None:
    origin = Origin("agent.events.raw", 0, 0)
    kinds = set()
    for event in fleet:
        [result] = decode_message(
            event.value, origin=origin, limits=LimitSettings(), now=START + 86_400
        )
        assert isinstance(result, DecodedEvent), result
        kinds.add(result.event["event_type"])
    assert kinds == set(event_types())
    assert 800 <= sum(len(event.value) for event in fleet) / len(fleet) <= 1_200


def test_ids_are_unique_and_the_key_is_the_session(fleet: list[SimulatedEvent]) -> None:
    assert len({event.event_id for event in fleet}) == len(fleet)
    assert all(orjson.loads(each.value)["session_id"].encode() == each.key for each in fleet)


def test_events_come_in_the_order_of_publication_after_they_happened(
    fleet: list[SimulatedEvent],
) -> None:
    times = [event.at for event in fleet]
    assert times == sorted(times)
    begun = [_seconds(orjson.loads(event.value)["ts"]) for event in fleet]
    assert all(at >= ts - 0.001 for ts, at in zip(begun, times, strict=True))
    assert begun != sorted(begun)


def test_sessions_overlap(fleet: list[SimulatedEvent]) -> None:
    changes = sum(one.key != next_.key for one, next_ in pairwise(fleet))
    assert changes > len(fleet) / 2


def test_the_number_of_events_of_a_session_is_what_the_command_line_counts_on() -> None:
    sample = FleetConfig(start=START, seed=1, sessions_per_minute=600, max_sessions=2_000)
    count = sum(1 for _ in simulate(sample))
    assert count / 2_000 == pytest.approx(EVENTS_PER_SESSION, rel=0.03)


def test_planted_values_are_in_their_events(fleet: list[SimulatedEvent]) -> None:
    for event in fleet:
        body = event.value.decode()
        assert all(planted.value in body for planted in event.planted)


def test_no_planted_value_is_left_out_of_the_truth(fleet: list[SimulatedEvent]) -> None:
    by_session: dict[bytes, list[SimulatedEvent]] = defaultdict(list)
    for event in fleet:
        by_session[event.key].append(event)
    for events in by_session.values():
        values = {item.value for event in events for item in event.planted if item.distinctive}
        for event in events:
            told = {item.value for item in event.planted}
            present = {value for value in values if value in event.value.decode()}
            # a value may also stand inside a longer one that was told
            untold = {value for value in present - told if not any(value in each for each in told)}
            assert not untold, event.event_id


def test_every_kind_of_personal_data_is_planted_also_as_keys(fleet: list[SimulatedEvent]) -> None:
    kinds = Counter(planted.entity_type for event in fleet for planted in event.planted)
    assert kinds.keys() == set(ENTITY_OF_SLOT.values())
    as_key = {
        planted.entity_type
        for event in fleet
        for planted in event.planted
        if planted.value in set(_keys(orjson.loads(event.value)))
    }
    assert {"EMAIL_ADDRESS", "PERSON", "ACCOUNT_ID"} <= as_key


def test_session_truth_is_what_its_events_add_up_to(fleet: list[SimulatedEvent]) -> None:
    by_session: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for event in fleet:
        body = orjson.loads(event.value)
        by_session[body["session_id"]].append(body)
    truths = [event.session for event in fleet if event.session]
    assert len(truths) == len(by_session) == 400
    for truth in truths:
        events = by_session[truth.session_id]
        tasks = truth.tasks
        llm_calls = [each for each in events if each["event_type"] == "llm_call"]
        tool_calls = [each for each in events if each["event_type"] == "tool_call"]
        logical = {each["call_id"] for each in tool_calls}
        worked = {each["call_id"] for each in tool_calls if each["status"] == "ok"}
        assert truth.events == len(events)
        assert truth.outcome == _one(events, "session_end")["outcome"]
        assert {truth.release_version} == {each["release_version"] for each in events}
        assert sum(task.llm_calls for task in tasks) == len(llm_calls)
        assert sum(task.tool_calls for task in tasks) == len(tool_calls)
        assert sum(task.logical_tool_calls for task in tasks) == len(logical)
        assert sum(task.failed_tool_calls for task in tasks) == len(logical - worked)
        for total in ("tokens_in", "tokens_out", "tokens_cache_read"):
            assert sum(getattr(task, total) for task in tasks) == sum(
                each[total] for each in llm_calls
            )
        spent = sum(each.get("amount_spent", 0) for each in tool_calls)
        assert sum(task.amount_spent for task in tasks) == pytest.approx(spent)
        reported = [each["cost_usd"] for each in llm_calls if "cost_usd" in each]
        if len(reported) == len(llm_calls):
            assert sum(task.cost_usd for task in tasks) == pytest.approx(sum(reported))


def test_a_call_is_retried_under_its_own_id() -> None:
    sample = FleetConfig(start=START, seed=3, sessions_per_minute=600, max_sessions=1_500)
    attempts: dict[str, list[int]] = defaultdict(list)
    for event in simulate(sample):
        body = orjson.loads(event.value)
        if body["event_type"] == "tool_call":
            attempts[body["call_id"]].append(body["attempt"])
    assert max(map(len, attempts.values())) > 1
    assert all(sorted(each) == list(range(1, len(each) + 1)) for each in attempts.values())


def test_the_rate_follows_day_and_week_and_averages_to_one() -> None:
    week = [intensity(START + minute * 60) for minute in range(7 * 24 * 60)]
    assert sum(week) / len(week) == pytest.approx(1.0, abs=0.02)
    assert max(week) <= _HIGHEST
    noon, night = intensity(START), intensity(START + 13 * 3600)
    assert noon > 4 * night
    assert intensity(START + 2 * 86_400) > 1.5 * noon  # Monday over Saturday


def test_sessions_arrive_at_the_rate_asked_for() -> None:
    config = FleetConfig(start=START, seed=5, sessions_per_minute=2.0)
    week = START + 7 * 86_400
    count = sum(1 for _ in takewhile(lambda at: at < week, arrivals(config)))
    assert count == pytest.approx(2.0 * 7 * 1440, rel=0.03)


def test_a_fleet_that_cannot_be_is_refused() -> None:
    with pytest.raises(InputError):
        FleetConfig(start=START, sessions_per_minute=0)
    with pytest.raises(InputError):
        FleetConfig(start=START, max_events=-1)


def _seconds(ts: str) -> float:
    return datetime.fromisoformat(ts).timestamp()


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(name for each in value.values() for name in _keys(each))]
    if isinstance(value, list):
        return [name for each in value for name in _keys(each)]
    return []


def _one(events: list[dict[str, Any]], event_type: str) -> dict[str, Any]:
    [found] = [event for event in events if event["event_type"] == event_type]
    return found

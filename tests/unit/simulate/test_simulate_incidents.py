"""Incidents change what they say, where and when they say it, and nothing else."""

from __future__ import annotations

from datetime import datetime
from functools import cache
from statistics import mean, median
from typing import Any

import click
import orjson
import pytest

from pipeline.cli.incident_option import INCIDENT, IncidentSpec
from pipeline.errors import InputError
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate
from pipeline.simulate.incidents import KINDS, Incident
from pipeline.simulate.truth import SessionTruth, SimulatedEvent

START = 1_769_860_800.0
HOUR = 3_600.0
Body = dict[str, Any]


@cache
def fleet(*incidents: Incident, sessions: int = 700) -> list[SimulatedEvent]:
    return list(
        simulate(
            FleetConfig(
                start=START,
                seed=11,
                sessions_per_minute=10,
                max_sessions=sessions,
                rhythm=False,
                incidents=incidents,
            )
        )
    )


def incident(kind: str, *, size: float | None = None) -> Incident:
    """One of the kind's own target and size, from minute 20 to minute 50 of about 70."""
    default = KINDS[kind]
    return Incident(
        kind, default.target, START + 1_200, START + 3_000, size if size else default.size
    )


def bodies(events: list[SimulatedEvent], **fields: Any) -> list[Body]:
    found = [orjson.loads(event.value) for event in events]
    return [each for each in found if all(each.get(name) == fields[name] for name in fields)]


def during(events: list[Body], what: Incident) -> tuple[list[Body], list[Body]]:
    """Split by event time: inside the incident, outside of it."""
    inside = [each for each in events if what.covers(_at(each))]
    return inside, [each for each in events if not what.covers(_at(each))]


def _at(body: Body) -> float:
    return datetime.fromisoformat(body["ts"]).timestamp()


def truths(events: list[SimulatedEvent]) -> list[SessionTruth]:
    return [event.session for event in events if event.session]


@pytest.fixture(scope="module")
def calm() -> list[SimulatedEvent]:
    return fleet()


@pytest.mark.parametrize("kind", KINDS)
def test_sessions_that_an_incident_does_not_touch_are_the_same(
    kind: str, calm: list[SimulatedEvent]
) -> None:
    what = incident(kind)
    disturbed = fleet(what)

    touched = {
        truth.session_id.encode() for truth in truths(disturbed) if what.name in truth.incidents
    }
    if kind == "silent_agent":
        # what does not report has no truth: its sessions are those that lack events
        counts = {truth.session_id: truth.events for truth in truths(disturbed)}
        touched = {
            truth.session_id.encode()
            for truth in truths(calm)
            if counts.get(truth.session_id) != truth.events
        }

    def rest(events: list[SimulatedEvent]) -> list[bytes]:
        return [event.value for event in events if event.key not in touched]

    assert touched
    assert rest(disturbed) == rest(calm)


def test_token_growth_comes_with_a_release() -> None:
    what = incident("token_growth")
    calls = bodies(fleet(what), event_type="llm_call", workflow="refund")
    release = what.record()["scope"]["release_version"]

    new = [each["tokens_in"] for each in calls if each["release_version"] == release]
    old = [each["tokens_in"] for each in calls if each["release_version"] != release]

    assert mean(new) / mean(old) == pytest.approx(what.size, rel=0.1)


def test_a_latency_spike_slows_one_tool() -> None:
    what = incident("latency_spike")
    inside, outside = during(bodies(fleet(what), tool_name="issue_refund"), what)

    ratio = median(each["latency_ms"] for each in inside) / median(
        each["latency_ms"] for each in outside
    )
    assert ratio == pytest.approx(what.size, rel=0.25)


def test_a_failing_tool_fails_as_often_as_it_says() -> None:
    what = incident("tool_failure")
    inside, outside = during(bodies(fleet(what), tool_name="lookup_order"), what)

    assert mean(each["status"] == "error" for each in inside) == pytest.approx(what.size, abs=0.1)
    assert mean(each["status"] == "error" for each in outside) < 0.05


def test_a_silent_agent_says_nothing() -> None:
    what = incident("silent_agent")
    inside, outside = during(bodies(fleet(what), agent_name="travel-agent"), what)

    assert not inside
    assert outside


def test_one_session_runs_away() -> None:
    what = incident("budget_runaway")
    touched = [truth for truth in truths(fleet(what)) if what.name in truth.incidents]

    [truth] = touched
    assert truth.workflow == "booking"
    assert sum(task.llm_calls for task in truth.tasks) >= what.size
    assert _at({"ts": truth.started}) >= what.start


def test_a_bad_prompt_version_fails_tasks() -> None:
    what = incident("bad_prompt", size=0.5)
    events = fleet(what)
    version = what.record()["scope"]["prompt_version"]

    asked = [truth for truth in truths(events) if truth.workflow == "faq"]
    bad = [truth.outcome != "success" for truth in asked if truth.prompt_version == version]
    good = [truth.outcome != "success" for truth in asked if truth.prompt_version != version]

    assert mean(bad) > 0.4
    assert mean(good) < 0.25
    assert bodies(events, event_type="llm_call", workflow="faq", prompt_version=version)


@pytest.mark.parametrize(
    "wrong",
    [
        ("earthquake", "faq", START, START + 1, 1.0),
        ("latency_spike", "no_such_tool", START, START + 1, 1.0),
        ("silent_agent", "faq", START, START + 1, 1.0),
        ("bad_prompt", "faq", START, START, 1.0),
        ("bad_prompt", "faq", START, START + 1, 0.0),
    ],
)
def test_an_incident_that_cannot_be_is_refused(wrong: tuple[Any, ...]) -> None:
    with pytest.raises(InputError):
        Incident(*wrong)


def test_the_command_line_s_words_for_an_incident() -> None:
    spec = INCIDENT.convert("latency_spike,at=2h,for=30m,tool=lookup_order,size=3", None, None)
    assert spec == IncidentSpec("latency_spike", "lookup_order", 2 * HOUR, HOUR / 2, 3.0)
    default = INCIDENT.convert("token_growth", None, None).incident(START)
    assert (default.target, default.size) == ("refund", KINDS["token_growth"].size)


@pytest.mark.parametrize(
    "text",
    ["quake", "latency_spike,at=2", "latency_spike,agent=x", "bad_prompt,size=big", "bad_prompt,x"],
)
def test_words_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        INCIDENT.convert(text, None, None)

"""Three weeks of a fleet: quiet when all is well, and every incident found once and in place."""

from __future__ import annotations

from collections import defaultdict

import pytest

from pipeline.detection.alert import Alert, Status
from pipeline.detection.detector import Detector
from pipeline.detection.rules import default_rules
from tests.unit.detection.synthetic import DAY, HOUR, MONDAY, Fleet, incidents_of

TICK = 180.0
"""Coarser than in production, so that three weeks fit into a test run."""


def alerts_of(fleet: Fleet) -> list[Alert]:
    view = fleet.view()
    detector = Detector(default_rules(), TICK)
    detector.advance(view, fleet.start)
    return detector.advance(view, fleet.end).alerts


def test_three_weeks_without_incidents_raise_no_alert() -> None:
    fired = [alert for alert in alerts_of(Fleet(1)) if alert.status is Status.FIRING]
    assert [(alert.rule, dict(alert.labels)) for alert in fired] == []


@pytest.fixture(scope="module")
def episodes() -> dict[str, list[Alert]]:
    """The records of each episode that fired, in a run of 24 incidents of 6 kinds."""
    found: dict[str, list[Alert]] = defaultdict(list)
    for alert in alerts_of(Fleet(1, days=22, incidents=incidents_of(MONDAY))):
        if alert.fired_at is not None and not alert.suppressed:
            found[alert.episode].append(alert)
    return found


def test_every_incident_is_one_episode_with_the_right_scope(
    episodes: dict[str, list[Alert]],
) -> None:
    incidents = incidents_of(MONDAY)
    assert len(incidents) == 24
    assert len({incident.kind for incident in incidents}) == 6
    taken: dict[str, str] = {}
    for incident in incidents:
        name = f"{incident.kind} {dict(incident.scope)} day {(incident.start - MONDAY) / DAY:.1f}"
        matching = [
            episode
            for episode, records in episodes.items()
            if records[0].rule == incident.rule
            and dict(records[0].labels) == dict(incident.scope)
            and incident.start <= (records[0].fired_at or 0) <= incident.end + HOUR
        ]
        assert len(matching) == 1, name
        taken[matching[0]] = name
    others = [
        (records[0].rule, dict(records[0].labels), (records[0].fired_at - MONDAY) / DAY)
        for episode, records in episodes.items()
        if episode not in taken
    ]
    assert others == []


def test_every_episode_ends(episodes: dict[str, list[Alert]]) -> None:
    last = max(records[0].active_since for records in episodes.values())
    for records in episodes.values():
        if records[0].active_since < last:
            assert records[-1].status is Status.RESOLVED


def test_the_release_or_prompt_version_that_carries_it_is_named(
    episodes: dict[str, list[Alert]],
) -> None:
    carried = {"token-growth": ("release", "2.0"), "task-failure": ("prompt_version", "p2")}
    seen = set()
    for records in episodes.values():
        expected = carried.get(records[0].rule)
        if expected is not None:
            carriers = records[0].details["carriers"]
            assert isinstance(carriers, list)
            assert (carriers[0]["kind"], carriers[0]["value"]) == expected
            seen.add(records[0].rule)
    assert seen == set(carried)

"""The life of an alert, as people and tables see it."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema_rs
import pytest

from pipeline.detection.alert import Alert, fingerprint_of
from pipeline.detection.detector import Detector
from pipeline.detection.silences import Silence
from pipeline.errors import InputError
from tests.unit.detection.scripted import START, Flat, ScriptedView, limit_rules, run, story

SCHEMA = Path("schemas/topics/alert.v1.json")


def test_it_is_pending_then_firing_then_resolved() -> None:
    outcome = run(Detector(limit_rules()), lambda t: 150.0 if 100 <= t < 300 else 50.0, 1200)
    assert story(outcome.alerts) == [
        ("pending", 100),
        ("firing", 130),
        ("resolved", 890),  # last active at 290, and ten minutes
    ]
    assert len({alert.episode for alert in outcome.alerts}) == 1


def test_a_short_one_lapses_without_firing() -> None:
    outcome = run(Detector(limit_rules()), lambda t: 150.0 if 100 <= t < 120 else 50.0, 1200)
    assert story(outcome.alerts) == [("pending", 100), ("inactive", 120)]


def test_between_the_thresholds_it_does_not_start_and_does_not_end() -> None:
    below = run(Detector(limit_rules()), lambda t: 90.0, 3600)
    assert below.alerts == []
    held = run(Detector(limit_rules()), lambda t: 150.0 if t < 100 else 90.0, 3000)
    assert story(held.alerts) == [("firing", 30)]


@pytest.mark.parametrize("period", [30, 50, 240, 600, 900, 1800])
def test_an_hour_of_oscillation_is_one_episode(period: float) -> None:
    def swinging(t: float) -> float:
        return 100 + 60 * math.sin(2 * math.pi * t / period) if t < 3600 else 50.0

    outcome = run(Detector(limit_rules(keep="20m")), swinging, 6 * 3600)
    episodes = {alert.episode for alert in outcome.alerts if alert.status.value == "firing"}
    resolved = [alert for alert in outcome.alerts if alert.status.value == "resolved"]
    # a swing that is shorter than `for` never fires
    assert len(episodes) == len(resolved) == (1 if period >= 240 else 0)


def test_each_return_doubles_the_wait() -> None:
    def twice(t: float) -> float:
        return 150.0 if t < 100 or 600 <= t < 700 else 50.0

    outcome = run(Detector(limit_rules()), twice, 3600)
    resolved = outcome.alerts[-1]
    assert (resolved.status.value, resolved.returns) == ("resolved", 1)
    assert resolved.updated_at - START == 690 + 1200


def test_a_new_trouble_after_the_end_is_a_new_episode_of_the_same_alert() -> None:
    outcome = run(Detector(limit_rules()), lambda t: 150.0 if t < 100 or t >= 3000 else 50.0, 3600)
    firing = [alert for alert in outcome.alerts if alert.status.value == "firing"]
    assert len({alert.fingerprint for alert in firing}) == 1
    assert len({alert.episode for alert in firing}) == 2


def test_a_firing_alert_is_sent_again() -> None:
    outcome = run(Detector(limit_rules()), lambda t: 150.0, 3 * 3600)
    assert [time for status, time in story(outcome.alerts) if status == "firing"] == [
        30,
        3630,
        7230,
    ]


def test_a_record_says_all_and_fits_its_schema() -> None:
    outcome = run(Detector(limit_rules()), lambda t: 150.0, 60)
    firing = outcome.alerts[-1]
    assert (firing.value, firing.threshold, firing.sample_size) == (150.0, 100.0, 100)
    assert firing.window_end - firing.window_start == 300
    assert firing.labels == {"tool": "search"}
    assert len(firing.examples) == 5
    record = json.loads(json.dumps(firing.to_record()))
    jsonschema_rs.validator_for(json.loads(SCHEMA.read_text())).validate(record)
    assert Alert.from_record(record) == firing


def test_the_fingerprint_does_not_depend_on_the_order_of_labels() -> None:
    assert fingerprint_of("r", {"a": "1", "b": "2"}) == fingerprint_of("r", {"b": "2", "a": "1"})
    assert fingerprint_of("r", {"a": "1"}) != fingerprint_of("r", {"a": "2"})
    assert fingerprint_of("r", {"a": "1"}) == "69b8fd1d96ee53c4"  # it is a key on a topic


def test_a_silenced_alert_lives_on_and_says_so() -> None:
    detector = Detector(limit_rules())
    hush = {"tool": "sea*"}
    detector.silence(Silence("s1", hush, START + 50, START + 200, "ann", "known, being mended"))
    outcome = run(detector, lambda t: 150.0, 300)
    assert [(a.updated_at - START, a.silenced_by) for a in outcome.alerts] == [
        (30, ()),
        (50, ("s1",)),
        (200, ()),
    ]


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"matchers": {}, "id": "x", "author": "a", "comment": "", "starts_at": 0, "ends_at": 1},
        {"matchers": {"tool": 1}, "id": "x", "author": "a", "comment": "", "starts_at": 0},
        {
            "matchers": {"tool": "a"},
            "id": "x",
            "author": "a",
            "comment": "",
            "starts_at": 2,
            "ends_at": 1,
        },
    ],
)
def test_a_silence_that_hushes_everything_or_nothing_is_refused(record: dict) -> None:
    with pytest.raises(InputError):
        Silence.from_record(record)


INHIBITED = """\
  - name: failing
    kind: limit
    summary: Fails
    measure: task_failures
    per: [workflow]
    statistic: mean
    window: 5m
    above: 10
    keep_firing_for: 1m
"""


def test_a_consequence_does_not_fire_while_its_cause_is_hot() -> None:
    rules = limit_rules(
        "inhibitions:\n  - {source: [failing], target: [slow], linger: 5m}", INHIBITED
    )

    def script(measure: str, labels: object, end: float) -> Flat:
        t = end - START
        if measure == "task_failures":
            return Flat(20.0 if 100 <= t < 400 else 0.0)
        return Flat(150.0 if t >= 90 else 0.0)

    view = ScriptedView(script)
    detector = Detector(rules)
    detector.advance(view, START)
    outcome = detector.advance(view, START + 1000)
    slow = [alert for alert in outcome.alerts if alert.rule == "slow"]
    assert [(a.status.value, a.updated_at - START, bool(a.inhibited_by)) for a in slow] == [
        ("pending", 90, False),
        ("pending", 100, True),
        ("firing", 700, False),  # the cause was last hot at 390, and five minutes
    ]


def test_an_alert_that_fires_already_is_marked_when_its_cause_appears() -> None:
    rules = limit_rules("inhibitions:\n  - {source: [failing], target: [slow]}", INHIBITED)

    def script(measure: str, labels: object, end: float) -> Flat:
        if measure == "task_failures":
            return Flat(20.0 if end - START >= 200 else 0.0)
        return Flat(150.0)

    view = ScriptedView(script)
    detector = Detector(rules)
    detector.advance(view, START)
    outcome = detector.advance(view, START + 300)
    marked = [a for a in outcome.alerts if a.rule == "slow" and a.inhibited_by]
    assert [(a.status.value, a.updated_at - START, a.suppressed) for a in marked] == [
        ("firing", 200, True)
    ]


def test_rules_that_are_gone_resolve_their_alerts() -> None:
    detector = Detector(limit_rules())
    run(detector, lambda t: 150.0, 100)
    text_rules = limit_rules().model_copy(
        update={"rules": (limit_rules().rules[0].model_copy(update={"name": "other"}),)}
    )
    detector.use(text_rules)
    outcome = run(detector, lambda t: 50.0, 200)
    assert story(outcome.alerts) == [("resolved", 110)]

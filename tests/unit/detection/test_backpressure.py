"""Modes: up at once, down by steps, over by themselves."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema_rs
import pytest

from pipeline.detection.detector import Detector
from pipeline.detection.modes import Mode, ModeNotice, Scope
from pipeline.detection.subscriber import ModeSubscriber
from pipeline.errors import InputError
from tests.unit.detection.scripted import START, limit_rules, run

SCHEMA = Path("schemas/topics/backpressure.v1.json")
PRESSURE = """\
backpressure:
  - rule: slow
    scope: tool
    levels: [{mode: read_only, at: 1}, {mode: escalate, at: 3}]
modes: {down_after: 5m, min_dwell: 1m, expires_after: 5m, renew_every: 1m}
"""


def changes(notices: list[ModeNotice]) -> list[tuple[str, float]]:
    return [(n.mode.value, n.issued_at - START) for n in notices if n.since == n.issued_at]


def test_a_slow_tool_becomes_read_only_and_normal_again() -> None:
    outcome = run(Detector(limit_rules(PRESSURE)), lambda t: 150.0 if t < 300 else 50.0, 3600)
    assert changes(outcome.modes) == [("read_only", 30), ("normal", 600)]
    assert outcome.modes[-1].expires is None
    assert {notice.scope.key for notice in outcome.modes} == {"tool:search"}


def test_far_past_the_threshold_goes_straight_up_and_comes_down_by_steps() -> None:
    outcome = run(Detector(limit_rules(PRESSURE)), lambda t: 400.0 if t < 300 else 50.0, 3600)
    assert changes(outcome.modes) == [("escalate", 30), ("read_only", 600), ("normal", 900)]


def test_swinging_around_a_level_does_not_stop_and_go() -> None:
    def swinging(t: float) -> float:
        return (320.0 if t % 120 < 60 else 280.0) if t < 1800 else 50.0

    outcome = run(Detector(limit_rules(PRESSURE)), swinging, 3600)
    assert [mode for mode, _ in changes(outcome.modes)] == ["escalate", "read_only", "normal"]


def test_a_held_mode_is_renewed_with_fresh_expiry_and_evidence() -> None:
    outcome = run(Detector(limit_rules(PRESSURE)), lambda t: 150.0, 300)
    assert [n.issued_at - START for n in outcome.modes] == [30, 90, 150, 210, 270]
    assert all(n.expires == n.issued_at + 300 for n in outcome.modes)
    assert len({n.since for n in outcome.modes}) == 1
    evidence = outcome.modes[-1].evidence[0]
    assert (evidence.rule, evidence.value, evidence.threshold) == ("slow", 150.0, 100.0)


def test_a_notice_fits_its_schema_and_reads_back() -> None:
    outcome = run(Detector(limit_rules(PRESSURE)), lambda t: 150.0 if t < 300 else 50.0, 3600)
    validator = jsonschema_rs.validator_for(json.loads(SCHEMA.read_text()))
    for notice in outcome.modes:
        record = json.loads(json.dumps(notice.to_record()))
        validator.validate(record)
        assert ModeNotice.from_record(record) == notice


def test_a_long_normal_scope_leaves_no_state() -> None:
    detector = Detector(limit_rules(PRESSURE))
    run(detector, lambda t: 150.0 if t < 300 else 50.0, 3 * 3600)
    assert [key for key in detector.dump() if key.startswith("mode:")] == []


def notice(mode: Mode, issued: float, expires: float | None, scope: str) -> bytes:
    return json.dumps(
        ModeNotice(Scope.parse(scope), mode, "slow", issued, issued, expires).to_record()
    ).encode()


def test_a_subscriber_obeys_until_the_notice_expires() -> None:
    subscriber = ModeSubscriber()
    subscriber.feed(b"tool:search", notice(Mode.READ_ONLY, 100, 400, "tool:search"))
    assert subscriber.mode("tool:search", 399.9) is Mode.READ_ONLY
    # nobody renewed it: the detector is down, and the agent goes on
    assert subscriber.mode("tool:search", 400) is Mode.NORMAL
    assert subscriber.mode("tool:other", 200) is Mode.NORMAL


def test_the_strictest_scope_holds() -> None:
    subscriber = ModeSubscriber()
    subscriber.feed(b"tool:refund", notice(Mode.READ_ONLY, 100, 400, "tool:refund"))
    subscriber.feed(b"agent:support", notice(Mode.ESCALATE, 100, 400, "agent:support"))
    assert subscriber.effective(200, tool="refund") is Mode.READ_ONLY
    assert subscriber.effective(200, tool="refund", agent="support") is Mode.ESCALATE
    assert subscriber.effective(200, workflow="faq") is Mode.NORMAL
    subscriber.feed(b"all", notice(Mode.ESCALATE, 100, 400, "all"))
    assert subscriber.effective(200, workflow="faq") is Mode.ESCALATE


def test_an_older_notice_does_not_replace_a_newer_one() -> None:
    subscriber = ModeSubscriber()
    subscriber.feed("all", notice(Mode.NORMAL, 200, None, "all"))
    subscriber.feed("all", notice(Mode.ESCALATE, 100, 400, "all"))
    assert subscriber.mode("all", 300) is Mode.NORMAL
    subscriber.feed("all", None)
    subscriber.feed("all", notice(Mode.ESCALATE, 100, 400, "all"))
    assert subscriber.mode("all", 300) is Mode.ESCALATE


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{}",
        b"[" * 100_000,
        b'{"schema_version": 2}',
        notice(Mode.ESCALATE, 1, 2, "all").replace(b"escalate", b"panic"),
        notice(Mode.ESCALATE, 1, 2, "all").replace(b'"expires": 2', b'"expires": "never"'),
        notice(Mode.ESCALATE, 1, 2, "all").replace(b'"kind": "all"', b'"kind": "planet"'),
    ],
)
def test_what_it_cannot_read_changes_nothing_and_is_counted(value: bytes) -> None:
    subscriber = ModeSubscriber()
    subscriber.feed("all", notice(Mode.READ_ONLY, 0, 1000, "all"))
    subscriber.feed("all", value)
    assert subscriber.rejected == 1
    assert subscriber.mode("all", 10) is Mode.READ_ONLY


@pytest.mark.parametrize("key", ["tool", "tool:", "all:x", "planet:earth", ""])
def test_a_scope_that_nobody_would_look_up_is_refused(key: str) -> None:
    with pytest.raises(InputError):
        Scope.parse(key)

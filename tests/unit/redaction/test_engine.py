"""The redactor of batches: proven bytes out, and nothing passes when something fails."""

import re
from typing import Any

import orjson
import pytest

from pipeline.errors import ConfigError
from pipeline.redaction.detectors import Context, DetectorSet, DetectorSettings
from pipeline.redaction.engine import EventRedactor
from pipeline.redaction.one_event import Failed, RedactedEvent
from pipeline.redaction.policy import compile_policy, default_policy
from pipeline.redaction.pseudonyms import Keyring
from pipeline.redaction.spans import Span
from pipeline.redaction.verifier import Verifier

KEYS = Keyring.single("k1", "a secret of some length")
EMAIL = "ann.lee@example.com"
TRUSTED = ["event_id", "session_id", "tenant_id", "source.offset"]


def make(**options: Any) -> EventRedactor:
    return EventRedactor(default_policy(), KEYS, trusted=TRUSTED, **options)


def one(redactor: EventRedactor, event: dict[str, Any]) -> RedactedEvent:
    [result] = redactor.redact_batch([event])
    assert isinstance(result, RedactedEvent)
    return result


class NoDetectors(DetectorSet):
    """Finds nothing: the negative control."""

    def detect(self, text: str, context: Context = Context()) -> list[Span]:  # noqa: B008
        return []


class RaisingDetectors(DetectorSet):
    """Raises on some texts, as a detector with a mistake in it does."""

    def detect(self, text: str, context: Context = Context()) -> list[Span]:  # noqa: B008
        if "boom" in text:
            raise KeyError(text)
        return []


class HangingDetectors(DetectorSet):
    """Does not come back on some texts: a pattern with exponential time."""

    def detect(self, text: str, context: Context = Context()) -> list[Span]:  # noqa: B008
        if "hang" in text:
            re.search(r"(a+)+$", "a" * 60 + "!")
        return []


def test_an_event_comes_out_as_bytes_with_what_was_done_to_it() -> None:
    event = {"event_id": "e1", "session_id": "s1", "content": f"to {EMAIL}", "redaction": "fake"}
    result = one(make(), event)
    body = orjson.loads(result.payload)
    assert EMAIL.encode() not in result.payload
    assert result.key == "s1"
    assert result.counts == {"EMAIL_ADDRESS": 1}
    assert body["redaction"] == {
        "version": "1",
        "policy": default_policy().version,
        "tier": "fast",
        "key_id": "k1",
        "verified": True,
        "counts": {"EMAIL_ADDRESS": 1},
        "quarantined": 0,
    }


def test_redacting_twice_gives_the_same_bytes() -> None:
    event = {"session_id": "s1", "content": f"to {EMAIL}", "user_id": "x", "seen": {EMAIL: 1}}
    first = one(make(), event)
    second = one(make(), orjson.loads(first.payload))
    assert second.payload == first.payload


def test_what_the_detectors_miss_is_quarantined() -> None:
    redactor = make(detectors=NoDetectors)
    event = {
        "event_id": "e1",
        "messages": [{"content": f"to {EMAIL}"}, {"content": "fine"}],
        "seen": {EMAIL: "x"},
        "n": 4111111111111111,
    }
    result = one(redactor, event)
    body = orjson.loads(result.payload)
    assert body["messages"] == [{"content": "<UNVERIFIED>"}, {"content": "fine"}]
    assert body["seen"] == {"<UNVERIFIED>": "x"}
    assert body["n"] == "<UNVERIFIED>"
    assert body["redaction"]["quarantined"] == 3
    assert sorted((item.path_hint, item.entity_type) for item in result.quarantined) == [
        ("messages[0].content", "EMAIL_ADDRESS"),
        ("n", "CREDIT_CARD"),
        ("seen.<UNVERIFIED>", "EMAIL_ADDRESS"),
    ]


def test_without_the_verifier_it_would_pass() -> None:
    """The negative control of the test above."""
    redactor = make(detectors=NoDetectors, verifier=Verifier([]))
    assert EMAIL.encode() in one(redactor, {"content": EMAIL}).payload


def test_trusted_fields_may_look_like_anything_the_schema_allows() -> None:
    event = {"event_id": "4111111111111111", "source": {"offset": 4111111111111111}}
    result = one(make(), event)
    body = orjson.loads(result.payload)
    assert body["event_id"] == "4111111111111111"
    assert body["source"] == {"offset": 4111111111111111}
    assert result.quarantined == []


def test_a_detector_that_raises_lets_nothing_pass_and_stops_nobody() -> None:
    redactor = make(detectors=RaisingDetectors)
    results = redactor.redact_batch([{"a": "boom secret", "b": "fine"}, {"a": "fine"}])
    bodies = [orjson.loads(result.payload) for result in results if not isinstance(result, Failed)]
    assert bodies[0]["a"] == "<UNVERIFIED>"
    assert bodies[0]["b"] == bodies[1]["a"] == "fine"
    assert bodies[0]["redaction"]["quarantined"] == 1
    assert isinstance(results[0], RedactedEvent)
    assert results[0].quarantined == [("a", "", "detector_error:KeyError")]


def test_a_detector_that_hangs_is_interrupted() -> None:
    redactor = make(detectors=HangingDetectors, seconds=0.3)
    results = redactor.redact_batch([{"a": "hang here", "b": "fine"}, {"a": "fine"}])
    first, second = (
        orjson.loads(item.payload) for item in results if isinstance(item, RedactedEvent)
    )
    assert first["a"] == "<UNVERIFIED>"
    assert second["a"] == "fine"
    assert isinstance(results[0], RedactedEvent)
    assert results[0].quarantined[0].reason == "timeout"


def test_an_event_that_cannot_be_serialised_fails_closed() -> None:
    results = make().redact_batch([{"a": {1, 2}}, {"a": "fine"}])
    assert isinstance(results[0], Failed)
    assert isinstance(results[1], RedactedEvent)
    assert results[0].reason == "redaction_error:TypeError"


def test_an_event_nested_beyond_reason_fails_closed() -> None:
    event: dict[str, Any] = {}
    inner = event
    for _ in range(3_000):
        inner["a"] = {}
        inner = inner["a"]
    [result] = make().redact_batch([event])
    assert isinstance(result, Failed)


def test_five_megabytes_of_text_do_not_pass_unread() -> None:
    result = one(make(), {"a": f"{EMAIL} " * 250_000})
    assert EMAIL.encode() not in result.payload
    assert result.quarantined[0].reason == "text_too_long"


def test_tenants_have_pseudonyms_of_their_own() -> None:
    redactor = make()
    payloads = [
        orjson.loads(one(redactor, {"tenant_id": tenant, "content": EMAIL}).payload)["content"]
        for tenant in ("acme", "other", "acme")
    ]
    assert payloads[0] == payloads[2] != payloads[1]


def test_a_key_rotates_in_mid_stream() -> None:
    redactor = make()
    before = orjson.loads(one(redactor, {"content": EMAIL}).payload)
    redactor.reload(keyring=KEYS.rotated("k2", "the secret after that"))
    after = orjson.loads(one(redactor, {"content": EMAIL}).payload)
    assert ":k1:" in before["content"]
    assert ":k2:" in after["content"]
    assert after["redaction"]["key_id"] == "k2"
    again = orjson.loads(one(redactor, before).payload)
    assert again["content"] == before["content"]


def test_a_policy_changes_between_batches_and_a_broken_one_does_not() -> None:
    redactor = make()
    version = redactor.policy_version
    with pytest.raises(ConfigError):
        redactor.reload(compile_policy("name: broken\ndefault: {operator: hide}\n"))
    assert redactor.policy_version == version
    redactor.reload(compile_policy("name: next\ndefault: {operator: drop}\n"))
    body = orjson.loads(one(redactor, {"content": f"to {EMAIL}"}).payload)
    assert body["content"] == "to "
    assert body["redaction"]["policy"].startswith("next@")


def test_without_a_key_values_become_labels() -> None:
    redactor = EventRedactor(default_policy(), Keyring())
    body = orjson.loads(one(redactor, {"content": EMAIL}).payload)
    assert body["content"] == "<EMAIL_ADDRESS>"
    assert body["redaction"]["key_id"] == ""


def test_workflows_have_sections_of_their_own() -> None:
    policies = compile_policy("name: p\nworkflows: {refund: {entities: {EMAIL_ADDRESS: drop}}}\n")
    redactor = EventRedactor(policies, KEYS)
    events = [{"workflow": name, "content": EMAIL} for name in ("refund", "booking")]
    refund, booking = (
        orjson.loads(item.payload)["content"]
        for item in redactor.redact_batch(events)
        if isinstance(item, RedactedEvent)
    )
    assert refund == ""
    assert booking.startswith("<EMAIL_ADDRESS:")


def test_detectors_are_made_once_for_each_policy() -> None:
    made: list[DetectorSettings] = []

    def factory(settings: DetectorSettings) -> DetectorSet:
        made.append(settings)
        return NoDetectors(settings)

    redactor = make(detectors=factory)
    for number in range(200):
        redactor.redact_batch([{"tenant_id": f"t{number}", "a": "x"}])
    assert len(made) == 1
    assert len(redactor._walks) <= 64


def test_a_tenant_without_new_texts_is_forgotten() -> None:
    redactor = make()
    one(redactor, {"tenant_id": "acme", "content": "Hello there"})
    redactor._walks.age()
    assert len(redactor._walks) == 1
    redactor._walks.age()
    assert len(redactor._walks) == 0

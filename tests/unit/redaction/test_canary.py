"""Canaries: unique, in every field and disguise, caught by the redactor, and seen if they pass."""

import base64
import json
from pathlib import Path

import orjson
import pytest

from pipeline.cli.canary import example_events, open_fields
from pipeline.cli.canary_alert import alert_of
from pipeline.cli.canary_report import Report
from pipeline.cli.canary_search import Findings, Needles, search_logs
from pipeline.config import LimitSettings
from pipeline.detection.alert import Alert
from pipeline.events.contract import event_types, fields_of, trusted_paths
from pipeline.events.dead_letter import dead_letter
from pipeline.events.decode import Origin, decode_message
from pipeline.events.rejection import Rejected
from pipeline.redaction.canary import WAYS, Message, make_values, plant, spellings
from pipeline.redaction.detectors import Context, DetectorSet
from pipeline.redaction.engine import EventRedactor
from pipeline.redaction.normalise import plain_form
from pipeline.redaction.one_event import RedactedEvent
from pipeline.redaction.policy import default_policy
from pipeline.redaction.pseudonyms import Keyring
from pipeline.redaction.spans import Span
from pipeline.redaction.verifier import Verifier

NOW = 1_790_000_000.0
TS = "2026-09-21T14:13:20Z"
LIMITS = LimitSettings()


def messages(seed: int = 7) -> list[Message]:
    values = make_values(seed)
    return list(plant(values, run="t1", ts=TS, examples=example_events(), fields=open_fields()))


def found(values: dict[str, str], texts: list[bytes]) -> set[str]:
    forms = spellings(values)
    joined = b"\n".join(texts).decode("utf-8", "replace").casefold()
    # a disguise is no redaction: what comes off easily must not give a value either
    plain = plain_form(joined.replace("\\\\", "\\"))
    joined += plain.text if plain is not None else ""
    return {entity for form, entity in forms.items() if form.casefold() in joined}


def pass_through(redactor: EventRedactor, seed: int) -> list[bytes]:
    """Decode and redact all canaries; return everything that would leave the redactor."""
    outgoing: list[bytes] = []
    for number, message in enumerate(messages(seed)):
        origin = Origin("agent.events.raw", 0, number)
        items = decode_message(message.value, origin=origin, limits=LIMITS, now=NOW)
        refused = [item for item in items if isinstance(item, Rejected)]
        events = [item.event for item in items if not isinstance(item, Rejected)]
        assert (len(events), len(refused)) == ((message.events, 0) if message.events else (0, 1))
        outgoing += [orjson.dumps(dead_letter(origin, item, ts=NOW)) for item in refused]
        for result in redactor.redact_batch(events):
            assert isinstance(result, RedactedEvent)
            outgoing.append(result.payload)
            outgoing.append(repr(result.quarantined).encode())
    return outgoing


def redactor(**options: object) -> EventRedactor:
    trusted = [".".join(name for name in path if name != "*") for path in trusted_paths()]
    keys = Keyring.single("k1", "a secret of some length")
    return EventRedactor(default_policy(), keys, trusted=trusted, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_canary_leaves_the_redactor(seed: int) -> None:
    assert found(make_values(seed), pass_through(redactor(), seed)) == set()


class NoDetectors(DetectorSet):
    """Finds nothing."""

    def detect(self, text: str, context: Context = Context()) -> list[Span]:  # noqa: B008
        return []


def test_canaries_that_pass_are_seen() -> None:
    """The negative control: without detectors and verifier the search must find them."""
    open_gate = redactor(detectors=NoDetectors, verifier=Verifier([]))
    values = make_values(1)
    assert found(values, pass_through(open_gate, 1)) >= {"PERSON", "EMAIL_ADDRESS", "CREDIT_CARD"}


def test_every_field_that_is_not_trusted_carries_them() -> None:
    sent = [orjson.loads(message.value) for message in messages() if message.path == "single"]
    for batch in (message for message in messages() if message.path == "array"):
        sent += orjson.loads(batch.value)
    for lines in (message for message in messages() if message.path == "ndjson"):
        sent += [orjson.loads(line) for line in lines.value.splitlines()]
    seen = {(event["event_type"], name) for event in sent for name in event}
    for event_type in event_types():
        trusted = {path[0] for path in trusted_paths() if len(path) == 1}
        for name in set(fields_of(event_type)) - trusted:
            assert (event_type, name) in seen
    assert len({event["event_id"] for event in sent}) == len(sent)


def test_values_are_of_one_run_and_the_same_for_one_seed() -> None:
    assert make_values(1) == make_values(1)
    one, other = make_values(1), make_values(2)
    assert not set(one.values()) & set(other.values())


def test_spellings_are_found_in_their_disguises() -> None:
    values = make_values(5)
    for way in ("text", "record", "json", "json in json", "base64", "url", "python", "numbers"):
        content = WAYS[way](values)
        text = content if isinstance(content, str) else json.dumps(content)
        assert found(values, [text.encode()]), way
    for padding in ("", "x", "xx"):
        encoded = base64.b64encode((padding + values["EMAIL_ADDRESS"] + "tail").encode())
        assert found(values, [encoded]) == {"EMAIL_ADDRESS"}


def report(*, rows: int = 5, hits: int = 0) -> Report:
    made = Report("r1", 100.0 + rows + hits, events=5, broken=1, rows=rows, dead_letters=1)
    for _ in range(hits):
        made.findings.add("table t", "PERSON")
    return made


def test_a_find_fires_and_the_next_clean_run_resolves_the_same_episode() -> None:
    firing = alert_of(report(hits=2))
    assert (firing.status.value, firing.value) == ("firing", 2.0)
    assert "PERSON" in firing.summary
    again = alert_of(report(hits=1), firing)
    resolved = alert_of(report(), again)
    assert resolved.status.value == "resolved"
    assert firing.episode == again.episode == resolved.episode
    assert Alert.from_record(firing.to_record()) == firing


def test_an_event_that_does_not_arrive_is_a_failure_too() -> None:
    lost = report(rows=4)
    assert not lost.passed
    assert alert_of(lost).summary == "1 of 5 canary events did not arrive"


def test_a_report_holds_no_value() -> None:
    assert set(report(hits=1).to_json()["found"][0]) == {"place", "entity_type", "count"}


def test_the_search_reads_case_and_counts_by_place() -> None:
    needles = Needles({"Ann.Lee@example.net": "EMAIL_ADDRESS", "4111111111111111": "CREDIT_CARD"})
    assert needles.found_in("x ann.lee@EXAMPLE.net y 4111111111111111") == {
        "EMAIL_ADDRESS",
        "CREDIT_CARD",
    }
    assert needles.found_in("nothing") == set()


def test_logs_are_searched_with_the_rotated_ones(tmp_path: Path) -> None:
    (tmp_path / "worker.log").write_text("fine\n")
    (tmp_path / "worker.log.1").write_text("oops Ann.Lee@example.net\n")
    findings = Findings()
    search_logs([tmp_path], Needles({"ann.lee@example.net": "EMAIL_ADDRESS"}), findings)
    assert findings.hits == {("log worker.log.1", "EMAIL_ADDRESS"): 1}
    assert findings.searched == {"logs": 2}

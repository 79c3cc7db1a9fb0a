"""Real customer-service runs: nothing that identifies one of their users survives redaction."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.events.contract import trusted_paths
from pipeline.redaction.engine import EventRedactor
from pipeline.redaction.one_event import RedactedEvent
from pipeline.redaction.policy import default_policy
from pipeline.redaction.pseudonyms import Keyring

DATA = Path(__file__).resolve().parents[4] / "shared" / "data"
RUNS = DATA / "airline_trajectories.jsonl.gz"
USERS = DATA / "airline_users.json.gz"

pytestmark = pytest.mark.skipif(
    not (RUNS.is_file() and USERS.is_file()),
    reason="the recorded airline runs are not at ../shared/data",
)


def values_of(user_id: str, user: dict[str, Any]) -> Iterator[str]:
    """What must not survive: of the user and of everybody they travel with."""
    yield user_id
    yield user["email"]
    yield user["address"]["address1"]
    yield from user["payment_methods"]
    for person in (user | user["name"], *user["saved_passengers"]):
        yield f"{person['first_name']} {person['last_name']}"
        yield person["dob"]


def chat_events() -> Iterator[dict[str, Any]]:
    """Each message as a model call with the history before it, as agents publish it."""
    with gzip.open(RUNS) as lines:
        for number, line in enumerate(lines):
            messages = json.loads(line)["traj"]
            for end in range(1, len(messages) + 1):
                yield {
                    "schema_version": 1,
                    "event_id": f"run-{number}-{end}",
                    "event_type": "llm_call",
                    "session_id": f"run-{number}",
                    "ts": 1_715_774_400_000 + end,
                    "messages": messages[max(0, end - 3) : end],
                }


def test_no_user_survives() -> None:
    raw = gzip.decompress(RUNS.read_bytes()).decode()
    users = json.loads(gzip.decompress(USERS.read_bytes()))
    planted = {
        value for ident, user in users.items() for value in values_of(ident, user) if value in raw
    }
    assert len(planted) > 200
    redactor = EventRedactor(
        default_policy(),
        Keyring.single("k1", "a secret of some length"),
        trusted=[".".join(name for name in path if name != "*") for path in trusted_paths()],
    )
    survived: dict[str, int] = {}
    quarantined = events = 0
    batch = list(chat_events())
    for begin in range(0, len(batch), 500):
        for result in redactor.redact_batch(batch[begin : begin + 500]):
            assert isinstance(result, RedactedEvent)
            events += 1
            quarantined += len(result.quarantined)
            text = result.payload.decode()
            for value in planted:
                if value in text:
                    survived[value] = survived.get(value, 0) + 1
    # the values are public test data, but an assertion message shows counts only
    assert sum(survived.values()) == 0, f"{len(survived)} values in {events} events"
    assert quarantined == 0

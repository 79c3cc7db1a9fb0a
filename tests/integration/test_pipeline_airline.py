"""Recorded runs of a real agent, with the people behind them known: none may be found again."""

from __future__ import annotations

import asyncio
import gzip
import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from pipeline.local.stack import LocalStack
from tests.pipeline_harness import (
    counted,
    query,
    query_text,
    topic_values,
    until,
    until_lag_is_gone,
)
from tests.services import Workers

CHECKOUT = Path(__file__).resolve().parents[2]
DATA = CHECKOUT.parent / "shared" / "data"
RUNS = DATA / "airline_trajectories.jsonl.gz"
USERS = DATA / "airline_users.json.gz"

pytestmark = pytest.mark.skipif(
    not (RUNS.is_file() and USERS.is_file()),
    reason="needs ../shared/data with the recorded airline runs",
)


def identities() -> set[str]:
    """E-mails, streets, full names, birth dates, user ids and payment ids of all users."""
    users = orjson.loads(gzip.decompress(USERS.read_bytes()))
    found: set[str] = set()
    for user_id, user in users.items():
        found |= {user_id, user["email"], user["dob"], user["address"]["address1"]}
        found |= set(user["payment_methods"])
        for person in (user["name"], *user["saved_passengers"]):
            found.add(f"{person['first_name']} {person['last_name']}")
            found |= {person["dob"]} if "dob" in person else set()
    return found


async def test_recorded_runs_come_through_clean_and_complete(
    stack: LocalStack, workers: Workers
) -> None:
    runs = gzip.decompress(RUNS.read_bytes()).decode()
    planted = sorted(value for value in identities() if value in runs)
    assert len(planted) > 200

    workers.start("redactor")
    workers.start("sink")
    dead_before = counted(stack.settings, "dead_letters", "1")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from pipeline.cli import main; main()", "import", str(RUNS)],
        env=dict(workers.environment) | {"PATH": "/usr/bin:/bin"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    raw = [value for value in await topic_values(stack.settings, "agent.events.raw") if value]
    sent = sum(b'"estimated"' in value for value in raw)
    assert sent > 1_000
    where = "attributes LIKE '%estimated%'"
    await until(lambda: counted(stack.settings, "events", where) >= sent, "all rows")
    await until_lag_is_gone(stack.settings, ("sluice-redactor", "sluice-sink"))

    [[rows, ids]] = query(
        stack.settings, f"SELECT count(), uniqExact(event_id) FROM events WHERE {where}"
    )
    assert (rows, ids) == (sent, sent)
    assert counted(stack.settings, "dead_letters", "1") == dead_before

    places = {
        "table events": query_text(stack.settings, "SELECT * FROM events FORMAT JSONEachRow"),
        "table dead_letters": query_text(
            stack.settings, "SELECT * FROM dead_letters FORMAT JSONEachRow"
        ),
    }
    for topic in ("agent.events.clean", "agent.events.dlq"):
        values = await topic_values(stack.settings, topic)
        places[topic] = b"\n".join(values).decode("utf-8", "replace")
    logs = Path(stack.settings.local.data_dir) / "logs"
    places |= {log.name: log.read_text("utf-8", "replace") for log in logs.glob("*.log")}
    # the number and the place, never the value: test output is a log as well
    leaks = {place: sum(value in text for value in planted) for place, text in places.items()}
    assert leaks == dict.fromkeys(places, 0)

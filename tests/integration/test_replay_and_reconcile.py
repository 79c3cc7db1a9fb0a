"""Reconcile, replay and dlq against the real broker and the real engine."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from pipeline.local.stack import LocalStack
from tests.pipeline_harness import (
    counted,
    event,
    events_as_messages,
    publish,
    query,
    query_text,
    topic_values,
    until_lag_is_gone,
)
from tests.services import Workers

GROUPS = ("sluice-redactor", "sluice-sink")
WORD = "a perfectly ordinary word"


@pytest.fixture
def workers(fresh_stack: LocalStack) -> Iterator[Workers]:
    with Workers(fresh_stack) as started:
        yield started


def sluice(stack: LocalStack, *arguments: str, **environment: str) -> tuple[int, str]:
    """Run the command line against the stack; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments],
        env={**os.environ, **stack.environment, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


async def test_what_is_there_is_found_what_is_missing_is_named_and_replay_mends_it(
    fresh_stack: LocalStack, workers: Workers, tmp_path: Path
) -> None:
    stack = fresh_stack
    workers.start("redactor")
    workers.start("sink")
    events = [event(f"r-{n}", f"session-{n % 7}", output=f"{WORD} {n}") for n in range(300)]
    again = events[10:20]
    bad = [("session-1", orjson.dumps(event("bad", "session-1", latency_ms="soon")))]
    await publish(stack.settings, events_as_messages(events + again) + bad)
    await until_lag_is_gone(stack.settings, GROUPS)

    code, said = await asyncio.to_thread(sluice, stack, "reconcile", "--json")
    assert code == 0, said
    reports = [orjson.loads(line) for line in said.splitlines() if line.startswith("{")]
    raw = [report for report in reports if report["topic"] == "agent.events.raw"]
    assert sum(report["stored"] for report in raw) == 300
    assert sum(report["elsewhere"] for report in raw) == 10
    assert sum(report["refused"] for report in raw) == 1

    # somebody removes rows, and puts others in twice
    query_text(stack.settings, "DELETE FROM events WHERE event_id IN ('r-50', 'r-51')")
    query_text(
        stack.settings,
        "INSERT INTO events SELECT * REPLACE(now64(3) + 60 AS lease_until) FROM events "
        "WHERE event_id = 'r-7'",
    )
    code, said = await asyncio.to_thread(sluice, stack, "reconcile", "--json")
    assert code == 1
    found = [
        f for line in said.splitlines() if line[:1] == "{" for f in orjson.loads(line)["findings"]
    ]
    by_kind = {
        kind: {f["topic"] for f in found if f["kind"] == kind} for kind in ("gap", "surplus")
    }
    assert by_kind["gap"] == by_kind["surplus"] == {"agent.events.raw", "agent.events.clean"}
    gaps = [f for f in found if f["kind"] == "gap" and f["topic"] == "agent.events.raw"]
    assert sum(f["last"] - f["first"] + 1 for f in gaps) == 2

    told = b"".join(await topic_values(stack.settings, "agent.windows.partial"))
    assert told.count(b'"reconcile_findings"') == 2, "a signal for each topic, for the detector"

    # the clean topic still has them
    code, said = await asyncio.to_thread(
        sluice, stack, "replay", "--topic", "clean", "--from", "2020-01-01T00:00:00Z"
    )
    assert code == 0, said
    assert counted(stack.settings, "events", "1") == 300
    code, said = await asyncio.to_thread(sluice, stack, "reconcile")
    assert code == 0, said
    assert "everything is there, once" in said


async def test_a_new_policy_replaces_what_the_old_one_let_through(
    fresh_stack: LocalStack, workers: Workers
) -> None:
    stack = fresh_stack
    workers.start("redactor")
    workers.start("sink")
    mail = "maria.gonzales@example.org"
    events = [event(f"p-{n}", f"session-{n % 5}", output=f"write to {mail}") for n in range(40)]
    too_large = event("large", "session-1", output="y" * 5_000)
    await publish(stack.settings, events_as_messages([*events, *events[:3], too_large]))
    await until_lag_is_gone(stack.settings, GROUPS)
    [[before]] = query(stack.settings, "SELECT details FROM events WHERE event_id = 'p-1'")
    places = query(stack.settings, "SELECT event_id, partition, offset FROM events ORDER BY 1")

    code, said = await asyncio.to_thread(
        sluice,
        stack,
        *("replay", "--from", "2020-01-01T00:00:00Z"),
        SLUICE_REDACTION__KEY="another key for tests, no secret either",
        SLUICE_REDACTION__KEY_ID="k2",
        SLUICE_LIMITS__MAX_EVENT_BYTES="2000",
    )
    assert code == 0, said
    [[after]] = query(stack.settings, "SELECT details FROM events WHERE event_id = 'p-1'")
    assert "k1" in before
    assert "k2" in after
    assert mail not in after
    # the oversize event is refused under the new limit, and all others stand where they stood
    held = query(stack.settings, "SELECT event_id, partition, offset FROM events ORDER BY 1")
    assert held == [place for place in places if place[0] != "large"]
    assert counted(stack.settings, "dead_letters", "reason = 'too_large'") == 1
    code, said = await asyncio.to_thread(sluice, stack, "dlq", "list")
    assert "too_large" in said

    # with the old limit it is accepted, and its dead letter goes
    code, said = await asyncio.to_thread(sluice, stack, "dlq", "retry", "--reason", "too_large")
    assert code == 0, said
    assert counted(stack.settings, "events", "event_id = 'large'") == 1
    assert counted(stack.settings, "dead_letters", "1") == 0
    code, said = await asyncio.to_thread(sluice, stack, "reconcile")
    assert code == 0, said

"""A seeded fleet of agents, and what its events must add up to, recomputed event by event."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from pipeline.tasks.event import event_of
from pipeline.windows.batch import Changes, Record

START_MS = 1_760_000_000_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
PANE_MS = 10_000

Event = dict[str, Any]


def ts(time_ms: int) -> str:
    return (EPOCH + timedelta(milliseconds=time_ms)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def time_of(event: Event) -> int:
    return round(datetime.fromisoformat(event["ts"]).timestamp() * 1000)


def event(time_ms: int, kind: str = "llm_call", **fields: Any) -> Event:
    """A clean event with sensible defaults, but for its place in the input."""
    base: Event = {
        "schema_version": 1,
        "event_type": kind,
        "trace_id": "trace-1",
        "session_id": "session-1",
        "span_id": "span",
        "parent_span_id": None,
        "ts": ts(time_ms),
        "agent_name": "helper",
        "release_version": "1.0.0",
        "redaction": {"quarantined": 0},
        **fields,
    }
    base.setdefault("event_id", f"{base['session_id']}-{time_ms}-{kind}")
    if kind == "llm_call":
        base.setdefault("model_requested", "gpt")
    if kind == "tool_call":
        base.setdefault("tool_name", "search")
    if kind == "session_end":
        base.setdefault("outcome", "success")
    return base


def task_messages(changes: Changes) -> list[Event]:
    """Summaries and budget events."""
    return [orjson.loads(value) for _, value in changes.tasks]


def sessions(seed: int, count: int, start_ms: int = START_MS) -> list[Event]:
    """Events of `count` sessions, in the order of their times."""
    chance = random.Random(seed)
    events: list[Event] = []
    begin_ms = start_ms
    for number in range(count):
        begin_ms += int(chance.expovariate(1) * 1_000)
        events += _session(chance, f"{seed}-{number}", begin_ms)
    return sorted(events, key=time_of)


def _session(chance: random.Random, name: str, begin_ms: int) -> list[Event]:
    who = {
        "trace_id": f"{chance.getrandbits(128):032x}",
        "session_id": f"session-{name}",
        "agent_name": chance.choice(("helper", "clerk")),
        "release_version": chance.choice(("1.0.0", "1.1.0")),
        "workflow": chance.choice(("refund", "booking", None)),
        "tenant_id": chance.choice(("t1", "t2")),
    }
    now_ms = begin_ms
    found = [event(now_ms, "session_start", **who)]
    for turn in range(chance.randint(1, 5)):
        now_ms += chance.randint(1, 3_000)
        found.append(
            event(
                now_ms,
                "llm_call",
                **who,
                model_version=chance.choice(("gpt-5", "claude-4")),
                prompt_id="answer",
                prompt_version=chance.choice(("1", "2")),
                tokens_in=chance.randint(100, 4_000),
                tokens_out=chance.randint(10, 800),
                cost_usd=round(chance.expovariate(100), 9),
                latency_ms=round(chance.lognormvariate(6, 1), 3),
                status="ok",
            )
        )
        tool = chance.choice(("search", "pay"))
        for attempt in range(1, chance.choice((1, 1, 4))):
            now_ms += chance.randint(1, 2_000)
            failed = chance.random() < 0.4
            found.append(
                event(
                    now_ms,
                    "tool_call",
                    **who,
                    event_id=f"{name}-{turn}-{attempt}",
                    tool_name=tool,
                    call_id=f"call-{turn}",
                    attempt=attempt,
                    status="error" if failed else "ok",
                    error_type="Timeout" if failed else None,
                    latency_ms=round(chance.lognormvariate(5, 1), 3),
                )
            )
            if not failed:
                break
    now_ms += chance.randint(1, 1_000)
    found.append(event(now_ms, "session_end", **who, outcome=chance.choice(("success", "failure"))))
    return found


def records(events: Iterable[Event], first_offset: int = 0) -> list[Record]:
    """The events as they are read from a partition, each produced just after its own time."""
    return [
        Record(first_offset + position, time_of(each) + 100_000, event_of(each))
        for position, each in enumerate(events)
    ]


def shuffled_within(events: Sequence[Event], lateness_ms: int, seed: int) -> list[Event]:
    """The same events in another order, none later than newer ones by `lateness_ms` or more."""
    chance = random.Random(seed)
    return sorted(events, key=lambda each: time_of(each) + chance.randrange(lateness_ms))


@dataclass
class Expected:
    """Totals of one dimension in one pane."""

    events: int = 0
    success: int = 0
    failure: int = 0
    latencies: list[int] = field(default_factory=list)
    tokens: list[int] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)


def expected_panes(events: Iterable[Event]) -> dict[tuple[str, int], Expected]:
    """Recompute the panes of tools, models and workflows: key is `kind=value` and pane start."""
    panes: defaultdict[tuple[str, int], Expected] = defaultdict(Expected)
    attempts: defaultdict[tuple[str, str], list[tuple[int, bool, str]]] = defaultdict(list)
    for each in events:
        start_ms = time_of(each) // PANE_MS * PANE_MS
        for label in labels_of(each):
            pane = panes[label, start_ms]
            pane.events += 1
            if each["event_type"] == "llm_call":
                pane.success += 1
                pane.tokens.append(each["tokens_in"] + each["tokens_out"])
                pane.costs.append(round(each["cost_usd"] * 10**9))
            if each.get("latency_ms") is not None:
                pane.latencies.append(round(each["latency_ms"] * 1000))
        if each["event_type"] == "tool_call":
            key = each["session_id"], each["call_id"]
            attempts[key].append((time_of(each), each["status"] == "ok", each["tool_name"]))
    for tried in attempts.values():
        _expect_logical_call(panes, sorted(tried))
    return dict(panes)


def _expect_logical_call(
    panes: defaultdict[tuple[str, int], Expected], tried: list[tuple[int, bool, str]]
) -> None:
    first_ms, first_ok, first_tool = tried[0]
    opening = panes[f"tool={first_tool}", first_ms // PANE_MS * PANE_MS]
    if first_ok:
        opening.success += 1
        return
    opening.failure += 1
    for time_ms, ok, tool in tried[1:]:
        if ok:
            closing = panes[f"tool={tool}", time_ms // PANE_MS * PANE_MS]
            closing.success += 1
            closing.failure -= 1
            return


def labels_of(each: Event) -> list[str]:
    found = []
    if each["event_type"] == "tool_call":
        found.append(f"tool={each['tool_name']}")
    if each["event_type"] == "llm_call":
        found.append(f"model={each['model_version']}")
    if each.get("workflow"):
        found.append(f"workflow={each['workflow']}")
    return found

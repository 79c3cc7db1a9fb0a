"""How a task opens, closes and goes on, seen from its summaries."""

from __future__ import annotations

from typing import Any

from pipeline.windows.batch import AggregatorConfig
from pipeline.windows.partition import PartitionAggregator
from tests.unit.windows.fleet import START_MS, event, records, task_messages

HOUR_MS = 3_600_000
CONFIG = AggregatorConfig(idle_ms=HOUR_MS // 2)


def summaries(events: list[dict[str, Any]], *, idle: bool = True) -> list[dict[str, Any]]:
    """Run the events, with three sessions around them that carry the watermark along."""
    aggregator = PartitionAggregator(0, CONFIG)
    starts = [
        event(START_MS, "session_start", session_id=f"clock-{n}", event_id=f"clock-{n}")
        for n in range(3)
    ]
    found = task_messages(aggregator.apply(records([*starts, *events])))
    if idle:
        aggregator.tick(START_MS)
        found += task_messages(aggregator.tick(START_MS + 30 * HOUR_MS))
    return [m for m in found if m["kind"] == "summary" and not m["session_id"].startswith("clock")]


def test_a_session_end_closes_with_its_outcome_and_what_came_within_the_lateness() -> None:
    found = summaries(
        [
            event(START_MS + 1_000, tokens_in=5),
            event(START_MS + 9_000, "session_end", outcome="escalated"),
            event(START_MS + 8_000, tokens_in=7),  # overtaken by the end
        ]
    )
    (only,) = found
    assert (only["outcome"], only["closed_by"]) == ("escalated", "end")
    assert (only["events"], only["tokens_in"]) == (3, 12)
    assert only["duration_ms"] == 8_000


def test_tasks_of_one_session_close_apart() -> None:
    found = summaries(
        [
            event(START_MS + 1, task_id="a", tokens_in=1),
            event(START_MS + 2, task_id="b", tokens_in=2),
            event(START_MS + 3, "agent_step", task_id="a", step_type="task_end", outcome="success"),
        ]
    )
    assert {m["task_id"]: (m["tokens_in"], m["outcome"], m["closed_by"]) for m in found} == {
        "a": (1, "success", "end"),
        "b": (2, "unknown", "idle"),
    }


def test_a_session_that_goes_on_after_it_was_idle_has_another_part() -> None:
    later = [
        event(START_MS + 2 * HOUR_MS + n, session_id=f"clock-{n}", event_id=f"later-{n}")
        for n in range(3)
    ]
    found = summaries(
        [event(START_MS + 1, tokens_in=1), *later, event(START_MS + 2 * HOUR_MS + 9, tokens_in=2)]
    )
    assert [m["tokens_in"] for m in found] == [1, 2]
    assert len({m["id"] for m in found}) == 2


def test_an_evaluation_long_after_is_no_task() -> None:
    later = [
        event(START_MS + 2 * HOUR_MS + n, session_id=f"clock-{n}", event_id=f"later-{n}")
        for n in range(3)
    ]
    graded = event(START_MS + 2 * HOUR_MS + 9, "evaluation", evaluation_name="helpful")
    found = summaries([event(START_MS + 1), event(START_MS + 2, "session_end"), *later, graded])
    assert len(found) == 1


def test_latency_by_step_errors_by_type_and_documents() -> None:
    (only,) = summaries(
        [
            event(START_MS + 1, latency_ms=10.5, status="ok"),
            event(START_MS + 2, "tool_call", latency_ms=3, status="timeout", call_id="c"),
            event(
                START_MS + 3,
                "tool_call",
                latency_ms=5,
                status="error",
                error_type="HTTP500",
                call_id="c",
            ),
            event(START_MS + 4, "retrieval", documents=[{"id": "a"}, {"id": "b"}]),
            event(START_MS + 5, "agent_step", step_name="plan", latency_ms=1),
        ]
    )
    assert only["steps"] == {
        "llm_call": {"count": 1, "total_ms": 10.5, "max_ms": 10.5},
        "tool:search": {"count": 2, "total_ms": 8.0, "max_ms": 5.0},
        "plan": {"count": 1, "total_ms": 1.0, "max_ms": 1.0},
    }
    assert only["errors"] == {"timeout": 1, "HTTP500": 1}
    assert only["documents"] == 2
    assert (only["tool_calls"], only["logical_tool_calls"], only["logical_tool_failures"]) == (
        2,
        1,
        1,
    )

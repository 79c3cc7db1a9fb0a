"""Recorded chat runs become events, the same ones each time, and say what is estimated."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.config import LimitSettings
from pipeline.errors import InputError
from pipeline.events.chat_runs import RunOptions, events_of_run
from pipeline.events.decode import DecodedEvent, Origin, decode_message

START = 1_769_860_800.0
AIRLINE = Path("../shared/data/airline_trajectories.jsonl.gz")


def call(name: str, call_id: str = "call_1") -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": "{}"}}


def run(*answers: dict[str, Any], **fields: Any) -> bytes:
    messages = [
        {"role": "system", "content": "You help."},
        {"role": "user", "content": "Please."},
        *answers,
    ]
    return json.dumps({"messages": messages, **fields}).encode()


def events(line: bytes, position: int = 0, **options: Any) -> list[dict[str, Any]]:
    return events_of_run(line, position, RunOptions(start=START, **options))


REFUND = (
    {"role": "assistant", "content": None, "tool_calls": [call("issue_refund")]},
    {"role": "tool", "tool_call_id": "call_1", "content": "Error: no such order"},
    {"role": "assistant", "content": "Sorry."},
    {"role": "user", "content": "Bye."},
)


def test_messages_become_a_session() -> None:
    kinds = [event["event_type"] for event in events(run(*REFUND))]

    assert kinds == ["session_start", "llm_call", "tool_call", "llm_call", "session_end"]


def test_each_message_is_in_one_model_call_and_the_last_words_are_kept() -> None:
    _, first, _, second, end = events(run(*REFUND))

    roles = [[message["role"] for message in event["messages"]] for event in (first, second)]
    assert roles == [["system", "user", "assistant"], ["tool", "assistant"]]
    assert end["attributes"]["messages"] == [{"role": "user", "content": "Bye."}]


def test_a_result_that_begins_with_error_is_a_failure() -> None:
    tool_call = events(run(*REFUND))[2]

    assert (tool_call["status"], tool_call["error_type"]) == ("error", "tool_error")
    assert tool_call["error_message"] == tool_call["result"] == "Error: no such order"


def test_steps_hang_together() -> None:
    start, first, tool_call, second, end = events(run(*REFUND))

    assert start["parent_span_id"] is None
    assert first["parent_span_id"] == second["parent_span_id"] == start["span_id"]
    assert tool_call["parent_span_id"] == first["span_id"]
    assert len({each["trace_id"] for each in (start, first, tool_call, second, end)}) == 1


@pytest.mark.parametrize(
    ("fields", "outcome"),
    [({"reward": 1.0}, "success"), ({"reward": 0.0}, "failure"), ({}, "unknown")],
)
def test_the_reward_is_the_outcome(fields: dict[str, Any], outcome: str) -> None:
    assert events(run(*REFUND, **fields))[-1]["outcome"] == outcome


def test_a_transfer_to_a_person_is_an_escalation_whatever_the_reward() -> None:
    transfer = {
        "role": "assistant",
        "content": None,
        "tool_calls": [call("transfer_to_human_agents")],
    }
    assert events(run(transfer, reward=1.0))[-1]["outcome"] == "escalated"


def test_what_is_estimated_says_so() -> None:
    for event in events(run(*REFUND)):
        estimated = event["attributes"]["estimated"]
        assert "ts" in estimated
        assert {"latency_ms", "tokens_in", "tokens_out"} & event.keys() <= set(estimated)
    assert "model_requested" in events(run(*REFUND))[1]["attributes"]["estimated"]
    assert "model_requested" not in events(run(*REFUND, model="m"))[1]["attributes"]["estimated"]


def test_the_context_grows_by_what_was_said() -> None:
    calls = [each for each in events(run(*REFUND)) if each["event_type"] == "llm_call"]

    assert calls[1]["tokens_in"] > calls[0]["tokens_in"] + calls[0]["tokens_out"]


def test_the_same_place_in_the_same_file_gives_the_same_events() -> None:
    line = run(*REFUND)
    ids = [event["event_id"] for event in events(line)]

    assert events(line) == events(line)
    assert [event["event_id"] for event in events(line, seed=9)] == ids
    # the same conversation recorded twice is two sessions
    assert not {event["event_id"] for event in events(line, 1)} & set(ids)


def test_names_that_do_not_fit_the_contract_are_made_to() -> None:
    odd = {
        "role": "assistant",
        "content": None,
        "tool_calls": [call("look up <order>", "call 1"), "not a call"],
    }
    decoded = [decode(event) for event in events(run(odd, task_id="a b"), agent_name="a")]

    assert decoded[2]["tool_name"] == "look_up_order_"
    assert decoded[2]["call_id"] == "call_1"
    assert decoded[1]["task_id"] == "task-a_b"


@pytest.mark.parametrize("line", [b"{", b"5", b"{}", b'{"messages":"x"}', b'{"traj":[1]}'])
def test_what_is_no_run_is_refused_without_its_content(line: bytes) -> None:
    with pytest.raises(InputError, match=r"^(is|has) n"):
        events(line)


def decode(event: dict[str, Any]) -> dict[str, Any]:
    origin = Origin("agent.events.raw", 0, 0)
    value = orjson.dumps(event)
    [result] = decode_message(value, origin=origin, limits=LimitSettings(), now=START + 86_400)
    assert isinstance(result, DecodedEvent), result
    return result.event


def test_recorded_airline_runs_are_valid_events() -> None:
    if not AIRLINE.is_file():
        pytest.skip(f"the recorded airline runs are not at {AIRLINE}")
    lines = gzip.decompress(AIRLINE.read_bytes()).splitlines()
    ids = set()
    outcomes: dict[str, int] = {}
    for position, line in enumerate(lines):
        recorded = events(line, position)
        ids |= {decode(event)["event_id"] for event in recorded}
        outcome = recorded[-1]["outcome"]
        outcomes[outcome] = outcomes.get(outcome, 0) + 1

    assert len(ids) == sum(len(events(line, place)) for place, line in enumerate(lines))
    assert outcomes.keys() == {"success", "failure", "escalated"}

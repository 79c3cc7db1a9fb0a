"""Recorded chat runs in the OpenAI message format, as native events.

A recording has messages and tool calls, but neither times nor usage. What it lacks is estimated
from a seeded distribution, and every event lists those fields in `attributes.estimated`. Ids are
derived from the recording and its place in the file: the same file gives the same ids.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.errors import InputError
from pipeline.events.normalize import utc_text

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.:/+-]+")
_NOT_IN_AN_ID = re.compile(r"[^A-Za-z0-9_.:-]+")
_HANDOVER = re.compile(r"transfer_to_human|hand_?over|escalate")
_READS = ("get", "search", "list", "find", "lookup", "check", "calculate", "think", "transfer")
_WRITES = (
    *("book", "buy", "cancel", "create", "delete", "exchange", "modify", "pay", "refund"),
    *("remove", "return", "send", "set", "update", "write"),
)

_CHARACTERS_PER_TOKEN = 4
"""Of English text and JSON, roughly, for the tokenizers in use."""
_TOKENS_PER_MESSAGE = 4
_MILLISECONDS_PER_TOKEN = 18.0
_USER_SECONDS = (4.0, 40.0)


@dataclass(frozen=True)
class RunOptions:
    """What the recording does not say about its agent and its time."""

    start: float
    """When the first run begins, in seconds since the epoch."""
    seed: int = 0
    agent_name: str = "imported"
    release_version: str = "recorded"
    workflow: str = "imported"
    provider: str = "openai"
    model: str = "gpt-4o"
    seconds_between_runs: float = 5.0


def events_of_run(line: bytes, position: int, options: RunOptions) -> list[dict[str, Any]]:
    """Return the events of one recorded run, in the order of time.

    `line` is JSON: a list of chat messages, or an object that has one under `messages` or `traj`;
    of such an object `task_id`, `trial`, `reward` (1 is success, less is failure), `model` and
    `user_id` are used where they are. `position` is the run's place in its file, from 0. Raises
    `InputError`, which says what is missing, without content.
    """
    run = _parse(line)
    messages = run.get("traj", run.get("messages"))
    if not isinstance(messages, list) or not all(isinstance(each, dict) for each in messages):
        raise InputError("has no list of chat messages under messages or traj")
    return list(_Recording(line, position, run, messages, options).events())


def _parse(line: bytes) -> dict[str, Any]:
    try:
        run = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise InputError("is not JSON") from None
    if isinstance(run, list):
        return {"messages": run}
    if not isinstance(run, dict):
        raise InputError("is neither an object nor a list of chat messages")
    return run


class _Recording:
    """One run while it is turned into events: its clock, its ids and what the model has seen."""

    def __init__(
        self,
        line: bytes,
        position: int,
        run: dict[str, Any],
        messages: list[dict[str, Any]],
        options: RunOptions,
    ) -> None:
        self._run = run
        self._messages = messages
        self._options = options
        self._key = hashlib.blake2b(line, digest_size=16, salt=str(position).encode()[:16]).digest()
        self._random = random.Random(self._key + str(options.seed).encode())  # noqa: S311 - no secret
        self._now = options.start + position * options.seconds_between_runs
        self._context_tokens = 0
        self._sequence = 0
        self._model = _name(run.get("model")) or options.model
        self._root = self._span_id()
        self._envelope: dict[str, Any] = {
            "schema_version": 1,
            "trace_id": self._key.hex(),
            "session_id": f"run-{self._key.hex()[:16]}",
            "agent_name": options.agent_name,
            "release_version": options.release_version,
            "workflow": options.workflow,
        }
        if isinstance(run.get("task_id"), str | int):
            self._envelope["task_id"] = _NOT_IN_AN_ID.sub("_", f"task-{run['task_id']}")[:128]

    def events(self) -> Iterator[dict[str, Any]]:
        results = {
            message.get("tool_call_id"): message
            for message in self._messages
            if message.get("role") == "tool"
        }
        handed_over = False
        yield self._start()
        unseen: list[dict[str, Any]] = []
        for message in self._messages:
            role = message.get("role")
            unseen.append(message)
            if role == "user":
                self._now += self._random.uniform(*_USER_SECONDS)
            if role != "assistant":
                continue
            call = self._llm_call(unseen)
            yield call
            unseen = []
            for tool_call in _objects(message.get("tool_calls")):
                event = self._tool_call(tool_call, results.get(tool_call.get("id")), call)
                handed_over = handed_over or bool(_HANDOVER.search(event["tool_name"]))
                yield event
        yield from self._end(handed_over, unseen)

    def _start(self) -> dict[str, Any]:
        event = self._event("session_start", None, ["ts"], span_id=self._root)
        user_id = self._run.get("user_id") or _inside(self._run, "info", "task", "user_id")
        if isinstance(user_id, str):
            event["user_id"] = user_id
        if isinstance(self._run.get("trial"), int):
            event["attributes"]["trial"] = self._run["trial"]
        return event

    def _llm_call(self, messages: list[dict[str, Any]]) -> dict[str, Any]:
        tokens_out = _tokens(messages[-1])
        tokens_in = self._context_tokens + sum(map(_tokens, messages[:-1]))
        self._context_tokens = tokens_in + tokens_out
        estimated = ["ts", "latency_ms", "tokens_in", "tokens_out"]
        if "model" not in self._run:
            estimated += ["provider", "model_requested"]
        event = self._event("llm_call", self._root, estimated)
        event |= {
            "provider": self._options.provider,
            "model_requested": self._model,
            "tokens_in": tokens_in,
            "tokens_out": tokens_out,
            "messages": messages,
            "status": "ok",
        }
        return self._take(event, 350.0 + tokens_out * _MILLISECONDS_PER_TOKEN)

    def _tool_call(
        self, call: dict[str, Any], answer: dict[str, Any] | None, caller: dict[str, Any]
    ) -> dict[str, Any]:
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        tool_name = _name(function.get("name")) or "unnamed"
        event = self._event("tool_call", caller["span_id"], ["ts", "latency_ms"])
        event |= {
            "tool_name": tool_name,
            "call_id": _NOT_IN_AN_ID.sub("_", str(call.get("id")))[:128] or event["span_id"],
            "attempt": 1,
            "arguments": function.get("arguments"),
        }
        verb = tool_name.partition("_")[0]
        if verb in _READS or verb in _WRITES:
            event["effect"] = "read" if verb in _READS else "write"
            event["attributes"]["estimated"].append("effect")
        if answer is not None:
            event["result"] = answer.get("content")
            event["status"] = "ok"
            if isinstance(event["result"], str) and event["result"].startswith("Error"):
                event |= {"status": "error", "error_type": "tool_error"}
                event["error_message"] = event["result"]
        return self._take(event, 180.0)

    def _end(self, handed_over: bool, unseen: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        reward = self._run.get("reward")
        outcome, reason = "unknown", "the recording has no reward"
        if isinstance(reward, int | float):
            outcome = "success" if reward >= 1 else "failure"
            reason = f"reward {reward}"
            evaluation = self._event("evaluation", self._root, ["ts"])
            passed = outcome == "success"
            yield evaluation | {"evaluation_name": "reward", "score": reward, "passed": passed}
        if handed_over:
            outcome, reason = "escalated", "handed over to a person"
        event = self._event("session_end", self._root, ["ts"])
        if unseen:
            event["attributes"]["messages"] = unseen
        yield event | {"outcome": outcome, "outcome_reason": reason}

    def _event(
        self, event_type: str, parent: str | None, estimated: list[str], *, span_id: str = ""
    ) -> dict[str, Any]:
        self._now += 0.001
        span_id = span_id or self._span_id()
        return {
            **self._envelope,
            "event_id": f"{self._envelope['trace_id']}-{span_id}-{event_type}",
            "event_type": event_type,
            "span_id": span_id,
            "parent_span_id": parent,
            "ts": utc_text(int(self._now * 1000)),
            "attributes": {"estimated": estimated},
        }

    def _take(self, event: dict[str, Any], median_ms: float) -> dict[str, Any]:
        """Let the step take its time: log-normal around the median, as service times are."""
        latency_ms = round(self._random.lognormvariate(0.0, 0.45) * median_ms, 1)
        self._now += latency_ms / 1000
        event["latency_ms"] = latency_ms
        return event

    def _span_id(self) -> str:
        self._sequence += 1
        seed = self._key + self._sequence.to_bytes(4, "big")
        return hashlib.blake2b(seed, digest_size=8).hexdigest()


def _tokens(message: dict[str, Any]) -> int:
    content = message.get("content")
    characters = len(content) if isinstance(content, str) else len(orjson.dumps(content))
    if message.get("tool_calls"):
        characters += len(orjson.dumps(message["tool_calls"]))
    return _TOKENS_PER_MESSAGE + -(-characters // _CHARACTERS_PER_TOKEN)


def _name(value: Any) -> str:
    """Bring what a recording calls a thing to the form of a name; empty if it is none."""
    return _NOT_IN_A_NAME.sub("_", value)[:128] if isinstance(value, str) else ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _inside(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value

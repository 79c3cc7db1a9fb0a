"""The steps a simulated agent takes, each recorded as an event and counted in the truth."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from pipeline.events.prices import compute_cost
from pipeline.simulate import catalogue
from pipeline.simulate.catalogue import Tool, Workflow
from pipeline.simulate.draw import generator, pick
from pipeline.simulate.incidents import Conditions, Incident
from pipeline.simulate.recorder import Recorder, utc
from pipeline.simulate.templates import Planted, Template
from pipeline.simulate.truth import SessionTruth, TaskTruth

_MAX_ATTEMPTS = 3
_ATTEMPT_FAILS = 0.012
_CHARACTERS_PER_TOKEN = 4
_DAY = 86_400.0


class Said(NamedTuple):
    """A chat message and whose data it holds."""

    message: dict[str, Any]
    planted: Sequence[Planted]


class Steps:
    """What an agent can do in one session. Each method takes event time and counts in its task."""

    def __init__(
        self,
        recorder: Recorder,
        workflow: Workflow,
        slots: dict[str, Any],
        conditions: Conditions,
        truth: SessionTruth,
        root: str,
    ) -> None:
        self._recorder = recorder
        self._draw = generator(truth.trace_id, "steps")
        self._workflow = workflow
        self._slots = slots
        self._conditions = conditions
        self._truth = truth
        self._root = root
        self._model = catalogue.MODELS[pick(self._draw, workflow.models)]
        self._context_tokens = 0
        self._token_factor = 1.0

    def grow(self, factor: float) -> None:
        """Let every model call use `factor` times the tokens from now on."""
        self._token_factor = factor

    def wait(self, shortest: float, mean: float) -> None:
        """Let the user think, in seconds."""
        self._recorder.now += shortest + self._draw.expovariate(1 / mean)

    def call_model(self, task: TaskTruth, heard: Said, reply: Said) -> str | None:
        """Let the model hear one message and give one; return the span, None if not recorded."""
        draw, model = self._draw, self._model
        messages = [heard.message, reply.message]
        prompt = self._workflow.prompt_tokens
        said_tokens = sum(map(len, map(orjson.dumps, messages))) // _CHARACTERS_PER_TOKEN
        tokens_in = prompt * draw.lognormvariate(0.0, 0.1) + self._context_tokens + said_tokens
        tokens_out = 8 + int(62 * draw.lognormvariate(0.0, 0.35) * self._token_factor)
        fields: dict[str, Any] = {
            "provider": model.provider,
            "model_requested": model.requested,
            "model_version": model.version,
            "prompt_id": self._workflow.prompt_id,
            "prompt_version": self._truth.prompt_version,
            "tokens_in": int(tokens_in * self._token_factor),
            "tokens_out": tokens_out,
            "tokens_cache_read": int(prompt * 0.8) if self._context_tokens else 0,
            "finish_reason": "stop" if reply.message["content"] else "tool_calls",
            "messages": messages,
            "status": "ok",
        }
        self._context_tokens += said_tokens + tokens_out
        cost = compute_cost({**fields, "ts": utc(self._recorder.now)}) or 0.0
        if self._truth.tenant_id in catalogue.GATEWAY_TENANTS:
            fields["cost_usd"] = cost
        first_token_ms = model.first_token_ms * draw.lognormvariate(0.0, 0.2)
        fields["time_to_first_token_ms"] = round(first_token_ms, 1)
        span_id = self._emit(
            task,
            "llm_call",
            fields,
            latency_ms=first_token_ms + tokens_out * model.ms_per_token * draw.uniform(0.8, 1.25),
            planted=[*heard.planted, *reply.planted],
        )
        if span_id:
            task.llm_calls += 1
            task.tokens_in += fields["tokens_in"]
            task.tokens_out += tokens_out
            task.tokens_cache_read += fields["tokens_cache_read"]
            task.cost_usd = round(task.cost_usd + cost, 9)
        return span_id

    def use_tool(self, task: TaskTruth, tool: Tool, heard: Said) -> tuple[Said, bool]:
        """Let the model ask for a tool and call it, with retries; return its answer and success."""
        arguments = tool.arguments.render(self._slots)
        asked = tool.arguments.planted(self._slots)
        call_id = f"call_{self._draw.getrandbits(64):016x}"
        written = arguments if isinstance(arguments, str) else orjson.dumps(arguments).decode()
        function = {"name": tool.name, "arguments": written}
        request = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": call_id, "type": "function", "function": function}],
        }
        caller = self.call_model(task, heard, Said(request, asked))
        fields = {"tool_name": tool.name, "call_id": call_id, "arguments": arguments}
        attempts = 0
        for attempt in range(1, _MAX_ATTEMPTS + 1):
            fields |= {"attempt": attempt, "effect": tool.effect}
            span_id, answer, worked = self._attempt(task, tool, fields, asked, caller)
            attempts += span_id is not None
            if worked:
                break
            self._recorder.now += 0.3 * 2**attempt
        if attempts:
            task.tool_calls += attempts
            task.logical_tool_calls += 1
            task.failed_tool_calls += not worked
        content = answer.message["content"]
        said = content if isinstance(content, str) else orjson.dumps(content).decode()
        message = {"role": "tool", "tool_call_id": call_id, "content": said}
        return Said(message, answer.planted), worked

    def _attempt(
        self,
        task: TaskTruth,
        tool: Tool,
        fields: dict[str, Any],
        asked: Sequence[Planted],
        caller: str | None,
    ) -> tuple[str | None, Said, bool]:
        now = self._recorder.now
        spike = self._conditions.at("latency_spike", tool.name, now)
        outage = self._conditions.at("tool_failure", tool.name, now)
        self.touched_by(spike, outage)
        latency_ms = tool.median_ms * self._draw.lognormvariate(0.0, 0.35)
        worked = self._draw.random() >= (outage.size if outage else _ATTEMPT_FAILS)
        if worked:
            answer = Said(
                {"content": tool.result.render(self._slots)}, tool.result.planted(self._slots)
            )
            fields = fields | {"status": "ok", "result": answer.message["content"]}
            if tool.spends:
                fields |= {"amount_spent": self._slots["amount"], "currency": "USD"}
        else:
            error_type, message = pick(self._draw, catalogue.TOOL_ERRORS)
            answer = Said({"content": message.render(self._slots)}, message.planted(self._slots))
            fields = fields | {
                "status": "error",
                "error_type": error_type,
                "error_message": answer.message["content"],
            }
        span_id = self._emit(
            task,
            "tool_call",
            fields,
            parent=caller,
            latency_ms=latency_ms * (spike.size if spike else 1.0),
            planted=[*asked, *answer.planted],
        )
        if span_id and worked and tool.spends:
            task.amount_spent = round(task.amount_spent + self._slots["amount"], 2)
        return span_id, answer, worked

    def retrieve(self, task: TaskTruth, heard: Said) -> None:
        """Search the workflow's knowledge base for what the user said."""
        latency_ms = 60 * self._draw.lognormvariate(0.0, 0.4)
        now = self._recorder.now
        documents = [
            {
                "id": name,
                "score": round(0.95 - 0.1 * rank - 0.08 * self._draw.random(), 4),
                "version": f"r{14 + rank}",
                "retrieved_at": utc(now + latency_ms / 1000),
                "source_updated_at": utc(now - (3 + 40 * self._draw.random()) * _DAY),
                "content": content,
            }
            for rank, (name, content) in enumerate(self._draw.sample(catalogue.DOCUMENTS, 3))
        ]
        fields = {
            "query": heard.message["content"],
            "data_source": self._workflow.data_source,
            "documents": documents,
            "status": "ok",
        }
        if self._emit(task, "retrieval", fields, latency_ms=latency_ms, planted=heard.planted):
            task.retrievals += 1
            task.documents += len(documents)

    def guard(self, task: TaskTruth, target: str) -> None:
        """Check an input or an output, in about every other session."""
        if self._draw.random() < 0.5:
            return
        fields = {
            "guardrail_name": pick(self._draw, catalogue.GUARDRAILS),
            "guardrail_version": "3",
            "target": target,
            "action": "flag" if self._draw.random() < 0.01 else "allow",
            "score": round(self._draw.random() * 0.3, 3),
        }
        self._emit(task, "guardrail", fields, latency_ms=12 + 20 * self._draw.random())

    def think(self, task: TaskTruth) -> None:
        """Write down a plan, in about every third session."""
        if self._draw.random() < 0.3:
            fields = {"step_name": "plan", "step_type": "plan"}
            self._emit(task, "agent_step", fields | {"output": pick(self._draw, catalogue.PLANS)})

    def close_task(self, task: TaskTruth) -> None:
        """Say that one of several tasks is over."""
        fields = {"step_name": "close", "step_type": "task_end", "outcome": task.outcome}
        self._emit(task, "agent_step", fields | {"outcome_reason": catalogue.REASONS[task.outcome]})

    def start_session(self) -> None:
        """Open the session; its span is the root of all others."""
        client = Template({"client_ip": "{ip}", "app": "web/4.18.2"})
        self._recorder.emit(
            "session_start",
            {
                "channel": pick(self._draw, catalogue.CHANNELS),
                "attributes": client.render(self._slots),
            },
            parent=None,
            span_id=self._root,
            planted=client.planted(self._slots),
        )

    def end_session(self, outcome: str) -> None:
        """Judge the session in one case of eight, and close it."""
        if self._draw.random() < 0.125:
            score = round(self._draw.betavariate(8, 2) * (1.0 if outcome == "success" else 0.6), 3)
            judgement = {
                "evaluation_name": "answer_quality",
                "evaluation_version": "2",
                "evaluator": "llm-judge",
                "score": score,
                "passed": score >= 0.5,
            }
            self._recorder.emit("evaluation", judgement, parent=self._root)
        reason = catalogue.REASONS[outcome]
        fields = {"outcome": outcome, "outcome_reason": reason}
        self._recorder.emit("session_end", fields, parent=self._root)

    def touched_by(self, *incidents: Incident | None) -> None:
        """Note in the truth which incidents the session met."""
        for incident in incidents:
            if incident and incident.name not in self._truth.incidents:
                self._truth.incidents.append(incident.name)

    def _emit(
        self,
        task: TaskTruth,
        event_type: str,
        fields: dict[str, Any],
        *,
        parent: str | None = None,
        latency_ms: float | None = None,
        planted: Sequence[Planted] = (),
    ) -> str | None:
        if task.task_id:
            fields = {"task_id": task.task_id, **fields}
        return self._recorder.emit(
            event_type, fields, parent=parent or self._root, latency_ms=latency_ms, planted=planted
        )

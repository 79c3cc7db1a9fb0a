"""One session of a simulated agent, from its first event to its last."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from pipeline.simulate import catalogue
from pipeline.simulate.catalogue import Workflow
from pipeline.simulate.draw import generator, pick
from pipeline.simulate.identity import Person
from pipeline.simulate.incidents import Conditions, Incident, prompt_version_at, release_at
from pipeline.simulate.recorder import Recorder, utc
from pipeline.simulate.steps import Said, Steps
from pipeline.simulate.templates import Planted
from pipeline.simulate.truth import SessionTruth, SimulatedEvent, TaskTruth

_TWO_TASKS = 0.1
_OUTCOMES = (("failure", 0.03), ("escalated", 0.075), ("abandoned", 0.1), ("success", 1.0))
"""Cumulative: how a task ends when no tool fails."""
_DAY = 86_400.0


@dataclass(frozen=True)
class Setting:
    """Which session this is and what it runs under."""

    seed: int
    number: int
    start: float
    """Seconds since the epoch."""
    workflow: Workflow
    person: Person
    conditions: Conditions
    runaway: Incident | None = None
    """Given: this session goes round in a loop."""


def play(setting: Setting) -> list[SimulatedEvent]:
    """Return the events of a session in the order in which they are published.

    The last one carries the session's truth. Empty if the agent was silent all along.
    """
    session = _Session(setting)
    session.run()
    events = sorted(session.recorder.events, key=lambda event: event.at)
    if events:
        session.truth.events = len(events)
        session.truth.ended = utc(session.recorder.now)
        events[-1] = replace(events[-1], session=session.truth)
    return events


class _Session:
    def __init__(self, setting: Setting) -> None:
        self._workflow = workflow = setting.workflow
        self._runaway = setting.runaway
        self._draw = draw = generator(setting.seed, "session", setting.number)
        growth = setting.conditions.at("token_growth", workflow.name, setting.start)
        self._bad_prompt = setting.conditions.at("bad_prompt", workflow.name, setting.start)
        self.truth = SessionTruth(
            session_id=f"s-{setting.seed:x}-{setting.number:08d}",
            trace_id=f"{draw.getrandbits(128):032x}",
            workflow=workflow.name,
            agent_name=workflow.agent,
            release_version=release_at(setting.start, patch=1 if growth else 0),
            prompt_version=prompt_version_at(setting.start, bad=self._bad_prompt is not None),
            tenant_id=pick(draw, catalogue.TENANTS),
            started=utc(setting.start),
        )
        self.recorder = _recorder(setting, self.truth, draw)
        slots = setting.person.slots | _business(draw, setting.start)
        self._slots = slots
        self._steps = Steps(
            self.recorder, workflow, slots, setting.conditions, self.truth, self.recorder.span_id()
        )
        self._steps.touched_by(growth, self._bad_prompt, self._runaway)
        if growth:
            self._steps.grow(growth.size)

    def run(self) -> None:
        """Play the session to its end."""
        self._steps.start_session()
        several = self._draw.random() < _TWO_TASKS
        for number in (1, 2) if several else (1,):
            task = TaskTruth(f"{self.truth.session_id}-t{number}" if several else "")
            self.truth.tasks.append(task)
            task.outcome = self.truth.outcome = self._play_task(task)
            if several:
                self._steps.close_task(task)
            if task.outcome != "success":
                break
        self._steps.end_session(self.truth.outcome)

    def _play_task(self, task: TaskTruth) -> str:
        """Play one task and return its outcome."""
        steps, workflow = self._steps, self._workflow
        opening = pick(self._draw, workflow.openings)
        content = opening.render(self._slots)
        heard = Said({"role": "user", "content": content}, opening.planted(self._slots))
        steps.guard(task, "input")
        steps.think(task)
        if self._runaway:
            return self._go_round(task, heard, int(self._runaway.size))
        outcome = self._planned_outcome()
        if workflow.data_source:
            steps.retrieve(task, heard)
        if outcome != "abandoned":
            for tool in workflow.tools:
                heard, worked = steps.use_tool(task, tool, heard)
                if not worked:
                    outcome = pick(self._draw, ("error", "escalated"))
                    break
        self._answer(task, heard)
        steps.guard(task, "output")
        return outcome

    def _go_round(self, task: TaskTruth, heard: Said, rounds: int) -> str:
        """Do the first thing again and again, as an agent that has lost its way does."""
        for _ in range(rounds):
            if self._workflow.tools:
                heard, _ = self._steps.use_tool(task, self._workflow.tools[0], heard)
            else:
                self._answer(task, heard)
        return "failure"

    def _answer(self, task: TaskTruth, heard: Said) -> None:
        answer = pick(self._draw, self._workflow.answers)
        content = answer.render(self._slots)
        reply = Said({"role": "assistant", "content": content}, answer.planted(self._slots))
        self._steps.call_model(task, heard, reply)
        self._steps.wait(3.0, 12.0)

    def _planned_outcome(self) -> str:
        if self._bad_prompt and self._draw.random() < self._bad_prompt.size:
            return "failure"
        at = self._draw.random()
        return next(name for name, below in _OUTCOMES if at < below)


def _recorder(setting: Setting, truth: SessionTruth, draw: random.Random) -> Recorder:
    agent, user_id = setting.workflow.agent, setting.person.user_id

    def silent(at: float) -> bool:
        return setting.conditions.at("silent_agent", agent, at) is not None

    envelope = {
        "schema_version": 1,
        "trace_id": truth.trace_id,
        "session_id": truth.session_id,
        "agent_name": agent,
        "release_version": truth.release_version,
        "workflow": truth.workflow,
        "tenant_id": truth.tenant_id,
        "user_id": user_id,
        "environment": "production",
        "capability_tier": setting.workflow.tier,
    }
    planted = [Planted("CUSTOMER_ID", user_id, True)]
    return Recorder(draw, envelope, planted, setting.start, silent)


def _business(draw: random.Random, start: float) -> dict[str, Any]:
    """Return what a session is about: things that are not personal, though some look like it."""
    origin, destination = draw.sample(catalogue.AIRPORTS, 2)
    travel = datetime.fromtimestamp(start + (5 + 60 * draw.random()) * _DAY, UTC)
    return {
        "order": f"ORD-{draw.getrandbits(20):07d}",
        "amount": round(4 + draw.expovariate(1 / 90), 2),
        "sku": pick(draw, catalogue.SKUS),
        "tracking": f"1Z{draw.getrandbits(56):014X}",
        "refund": f"rf_{draw.getrandbits(40):010x}",
        "flight": f"HX{draw.getrandbits(9):03d}",
        "origin": origin,
        "destination": destination,
        "date": travel.date().isoformat(),
        "payment": f"credit_card_{1_000_000 + draw.getrandbits(22)}",
    }

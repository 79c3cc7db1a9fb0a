"""Which dimensions events and tasks count for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.tasks.reading import Action
from pipeline.tasks.state import TaskState
from pipeline.windows.cardinality import Cardinality, day_of
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.gathering import Actor

MadeOf = tuple[str | None, ...]
_CACHED: Final = 20_000


class Dimensions:
    """The dimensions of actors, actions and tasks, with capped labels."""

    def __init__(self, cardinality: Cardinality) -> None:
        self._cardinality = cardinality
        self._cached: dict[tuple[int, MadeOf], tuple[Dimension, ...]] = {}

    def of_actor(self, actor: Actor, time_ms: int) -> tuple[Dimension, ...]:
        """Return the dimensions of those who acted, and that of all events."""
        day = day_of(time_ms)
        found = self._cached.get((day, actor))
        if found is None:
            agent, release, workflow, tenant = actor
            found = self._keep(
                day,
                actor,
                (DimensionKind.ALL, ()),
                (DimensionKind.AGENT, (self._admit("agent", agent, day),)),
                (DimensionKind.RELEASE, (self._admit("release", release, day),)),
                (DimensionKind.WORKFLOW, (self._admit("workflow", workflow, day),)),
                (DimensionKind.TENANT, (self._admit("tenant", tenant, day),)),
            )
        return found

    def of_action(self, action: Action, time_ms: int) -> tuple[Dimension, ...]:
        """Return the dimensions of what was done."""
        day = day_of(time_ms)
        found = self._cached.get((day, action))
        if found is None:
            agent, step, tool, model, prompt = action
            found = self._keep(
                day,
                action,
                (
                    DimensionKind.AGENT_STEP,
                    (self._admit("agent", agent, day), self._admit("step", step, day)),
                ),
                (DimensionKind.TOOL, (self._admit("tool", tool, day),)),
                (DimensionKind.MODEL, (self._admit("model", model, day),)),
                (DimensionKind.PROMPT_VERSION, (self._admit("prompt_version", prompt, day),)),
            )
        return found

    def of_task(self, task: TaskState, time_ms: int) -> tuple[Dimension, ...]:
        """Return the dimensions of a closed task; model and prompt are those with most tokens."""
        day = day_of(time_ms)
        made_of = task.agent, task.release, task.workflow, task.tenant, task.model, task.prompt
        found = self._cached.get((day, made_of))
        if found is None:
            workflow = self._admit("workflow", task.workflow, day)
            release = self._admit("release", task.release, day)
            model = self._admit("model", task.model, day)
            prompt = self._admit("prompt_version", task.prompt, day)
            found = self._keep(
                day,
                made_of,
                (DimensionKind.ALL, ()),
                (DimensionKind.AGENT, (self._admit("agent", task.agent, day),)),
                (DimensionKind.RELEASE, (release,)),
                (DimensionKind.WORKFLOW, (workflow,)),
                (DimensionKind.TENANT, (self._admit("tenant", task.tenant, day),)),
                (DimensionKind.WORKFLOW_RELEASE, (workflow, release)),
                (DimensionKind.WORKFLOW_MODEL, (workflow, model)),
                (DimensionKind.WORKFLOW_PROMPT_VERSION, (workflow, prompt)),
            )
        return found

    def _keep(
        self,
        day: int,
        made_of: MadeOf,
        *parts: tuple[DimensionKind, MadeOf],
    ) -> tuple[Dimension, ...]:
        if len(self._cached) >= _CACHED:
            self._cached.clear()
        found = self._cached[day, made_of] = _present(parts)
        return found

    def _admit(self, label: str, value: str | None, day: int) -> str | None:
        return None if value is None else self._cardinality.admit(label, value, day)


def _present(parts: Sequence[tuple[DimensionKind, MadeOf]]) -> tuple[Dimension, ...]:
    return tuple(
        [
            Dimension(kind, tuple([value for value in values if value is not None]))
            for kind, values in parts
            if None not in values
        ]
    )

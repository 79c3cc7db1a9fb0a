"""Budgets: limits for one task, and an event at the moment it has used 80 % and 100 % of one."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from hashlib import blake2b
from typing import Final

LEVELS: Final = (80, 100)
"""Percent of a limit whose crossing is told, once each."""


class Resource(StrEnum):
    """What a budget limits; the name carries the unit."""

    TOKENS = "tokens"
    TOOL_CALLS = "tool_calls"
    COST_USD = "cost_usd"
    ELAPSED_MS = "elapsed_ms"


_OUT_OF_REACH: Final = 1 << 62
COST_SCALE: Final = 1_000_000_000
"""Cost is counted in billionths of a dollar, the scale at which events state it."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Limits for a task; None: no limit."""

    tokens: int | None = None
    tool_calls: int | None = None
    cost_usd: float | None = None
    elapsed_ms: int | None = None

    def limits(self) -> Limits:
        """Return what is limited, as whole numbers."""
        cost = None if self.cost_usd is None else round(self.cost_usd * COST_SCALE)
        limits = (self.tokens, self.tool_calls, cost, self.elapsed_ms)
        return Limits(
            tuple((name, limit) for name, limit in zip(Resource, limits, strict=True) if limit)
        )


class Limits:
    """The limits of a budget that are set, as whole numbers (cost in billionths of a dollar).

    `near` has the lowest level of each resource in the order of `Resource`, out of reach where
    there is no limit: every event is compared with them.
    """

    __slots__ = ("each", "near")

    def __init__(self, each: tuple[tuple[Resource, int], ...]) -> None:
        self.each = each
        known = dict(each)
        self.near: tuple[int, int, int, int] = tuple(  # type: ignore[assignment]
            -(-known[name] * LEVELS[0] // 100) if name in known else _OUT_OF_REACH
            for name in Resource
        )

    def __bool__(self) -> bool:
        return bool(self.each)

    @property
    def near_elapsed_ms(self) -> int:
        """The elapsed time of the lowest level; out of reach without such a limit."""
        return self.near[3]


@dataclass(frozen=True, slots=True)
class BudgetPolicy:
    """Which budget holds for a task: of its workflow, else of its tier, else the default."""

    default: Budget = Budget()
    by_workflow: Mapping[str, Budget] | None = None
    by_tier: Mapping[str, Budget] | None = None

    @property
    def limits_anything(self) -> bool:
        """Whether any of its budgets has a limit."""
        budgets = (self.default, *(self.by_workflow or {}).values(), *(self.by_tier or {}).values())
        return any(budget.limits() for budget in budgets)

    def budget(self, workflow: str | None, tier: str | None) -> Budget:
        """Return the budget for a task of `workflow` and capability `tier`."""
        found = (self.by_workflow or {}).get(workflow or "")
        return found or (self.by_tier or {}).get(tier or "") or self.default


@dataclass(frozen=True, slots=True)
class Crossing:
    """A task has used `level` percent of a limit; whole numbers, cost in billionths of a dollar."""

    resource: Resource
    level: int
    value: int
    limit: int
    time_ms: int
    """Event time."""

    def crossing_id(self, summary_id: str) -> str:
        """Return the same id for the same crossing of the same task, however often it is told."""
        text = f"{summary_id}\x1f{self.resource}\x1f{self.level}".encode()
        return blake2b(text, digest_size=16, person=b"sluice-budget").hexdigest()


def crossings(
    limits: Iterable[tuple[Resource, int]],
    used: Mapping[Resource, int],
    told: Collection[str],
    start_ms: int,
    now_ms: int,
) -> list[Crossing]:
    """Return the levels that `used` has reached at event time `now_ms` and `told` does not name.

    Elapsed time crosses a level at a moment that is known beforehand; that moment is stated, so
    that it does not matter which event or watermark brought it to light.
    """
    found: list[Crossing] = []
    for resource, limit in limits:
        value = used[resource]
        for level in LEVELS:
            if value * 100 >= limit * level and level_name(resource, level) not in told:
                if resource is Resource.ELAPSED_MS:
                    at = elapsed_level(limit, level)
                    found.append(Crossing(resource, level, at, limit, start_ms + at))
                else:
                    found.append(Crossing(resource, level, value, limit, now_ms))
    return found


def level_name(resource: Resource, level: int) -> str:
    """Return the name under which a task notes that it told this crossing."""
    return f"{resource}:{level}"


def elapsed_level(limit_ms: int, level: int) -> int:
    """Return the elapsed time in ms at which `level` percent of the limit are reached."""
    return -(-limit_ms * level // 100)

"""The walks in use, one for each tenant and workflow that policies tell apart."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from pipeline.redaction.walk import Walk

MAX_SCOPES: Final = 64


class Walks:
    """Makes a walk when its scope comes first, and keeps it with what it remembers."""

    def __init__(
        self, workflows: frozenset[str], make: Callable[[str | None, str | None], Walk]
    ) -> None:
        """`workflows` are those with a policy of their own; `make` takes tenant and workflow."""
        self._workflows = workflows
        self._make = make
        # in the order in which they came
        self._by_scope: dict[tuple[str | None, str | None], Walk] = {}

    def __len__(self) -> int:
        return len(self._by_scope)

    @property
    def recent_bytes(self) -> int:
        """Memory that the texts take that were seen since the last `age`, in bytes, roughly."""
        return sum(walk.recent_bytes for walk in self._by_scope.values())

    def of(self, event: dict[str, Any]) -> Walk:
        """Return the walk of an event's tenant and workflow."""
        tenant, workflow = event.get("tenant_id"), event.get("workflow")
        if not isinstance(tenant, str):
            tenant = None
        if not isinstance(workflow, str) or workflow not in self._workflows:
            workflow = None
        scope = tenant, workflow
        walk = self._by_scope.get(scope)
        if walk is None:
            if len(self._by_scope) >= MAX_SCOPES:
                # the oldest goes; a tenant in use comes back at the price of its cache
                self._by_scope.pop(next(iter(self._by_scope))).clear()
            walk = self._by_scope[scope] = self._make(tenant, workflow)
        return walk

    def age(self) -> None:
        """Forget the texts that were not seen since the last time, and the walks without any."""
        for scope, walk in [*self._by_scope.items()]:
            walk.age()
            if walk.cached_bytes == 0:
                self._by_scope.pop(scope).clear()

    def clear(self) -> None:
        """Forget all of them, with what they remember."""
        for walk in self._by_scope.values():
            walk.clear()
        self._by_scope.clear()

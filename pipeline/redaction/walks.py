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
        # twice, since a tuple for a key would have to be made for each event
        self._by_workflow: dict[str | None, dict[str | None, Walk]] = {}
        self._scopes: list[tuple[str | None, str | None]] = []

    def __len__(self) -> int:
        return len(self._scopes)

    @property
    def cached_bytes(self) -> int:
        """Memory that the texts take that are remembered, in bytes, roughly."""
        return sum(
            walk.cached_bytes for walks in self._by_workflow.values() for walk in walks.values()
        )

    def of(self, event: dict[str, Any]) -> Walk:
        """Return the walk of an event's tenant and workflow."""
        tenant, workflow = event.get("tenant_id"), event.get("workflow")
        if not isinstance(tenant, str):
            tenant = None
        if not isinstance(workflow, str) or workflow not in self._workflows:
            workflow = None
        walks = self._by_workflow.get(workflow)
        walk = None if walks is None else walks.get(tenant)
        return self._new(tenant, workflow) if walk is None else walk

    def clear(self) -> None:
        """Forget all of them, with what they remember."""
        for walks in self._by_workflow.values():
            for walk in walks.values():
                walk.clear()
        self._by_workflow.clear()
        self._scopes.clear()

    def _new(self, tenant: str | None, workflow: str | None) -> Walk:
        if len(self._scopes) >= MAX_SCOPES:
            # the oldest goes; a tenant in use comes back at the price of its cache
            oldest_tenant, oldest_workflow = self._scopes.pop(0)
            self._by_workflow[oldest_workflow].pop(oldest_tenant).clear()
        walk = self._make(tenant, workflow)
        self._scopes.append((tenant, workflow))
        walks = self._by_workflow.get(workflow)
        if walks is None:
            walks = self._by_workflow[workflow] = {}
        walks[tenant] = walk
        return walk

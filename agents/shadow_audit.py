"""Runs the shadow audit beside the redactor: in a thread, a few events at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pipeline.config import RedactionSettings
from pipeline.metrics import Metrics
from pipeline.redaction.audit import ShadowAudit
from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.tiers import FAST, STRICT, detector_factory

PAUSE_SECONDS = 1.0
EVENTS_AT_ONCE = 4


class AuditService:
    """Takes a sample of events and counts what the strict tier says of them; off by default."""

    def __init__(self, settings: RedactionSettings, metrics: Metrics) -> None:
        self._settings = settings
        self._metrics = metrics
        self._audit: ShadowAudit | None = None
        self._task: asyncio.Task[None] | None = None
        self._counted: dict[str, Counter[str]] = {}

    async def start(self) -> None:
        """Load the strict tier and begin, where the settings want an audit."""
        if self._settings.audit_one_in and self._settings.tier == FAST:
            reference = await asyncio.to_thread(
                lambda: detector_factory(STRICT, self._settings.model)(DetectorSet().settings)
            )
            self._audit = ShadowAudit(DetectorSet(), reference, one_in=self._settings.audit_one_in)
            self._task = asyncio.create_task(self._run(self._audit))

    async def stop(self) -> None:
        """End; what waits in memory is dropped."""
        if self._task is not None:
            self._task.cancel()

    def offer(self, events: Iterable[Mapping[str, Any]]) -> None:
        """Let the sample see decoded events."""
        if self._audit is not None:
            for event in events:
                self._audit.offer(event["event_id"], event)

    async def _run(self, audit: ShadowAudit) -> None:
        while True:
            await asyncio.sleep(PAUSE_SECONDS)
            await asyncio.to_thread(audit.run, EVENTS_AT_ONCE)
            for result, counts in (
                ("agreed", audit.agreed),
                ("only_strict", audit.only_reference),
                ("only_fast", audit.only_fast),
            ):
                before = self._counted.get(result, Counter())
                for entity_type, count in counts.items():
                    new = count - before[entity_type]
                    self._metrics.audit.labels(entity_type, result).inc(new)
                self._counted[result] = Counter(counts)

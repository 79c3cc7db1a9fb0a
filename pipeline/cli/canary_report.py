"""What one run of `sluice canary` found."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.cli.canary_search import Findings, hits_by_place


@dataclass
class Report:
    """One run: how many events and broken messages went in, what arrived, what was found."""

    run: str
    started_at: float
    events: int
    broken: int
    rows: int = 0
    dead_letters: int = 0
    findings: Findings = field(default_factory=Findings)

    @property
    def arrived(self) -> bool:
        """Whether every event has become a row and every broken message a dead letter."""
        return self.rows == self.events and self.dead_letters >= self.broken

    @property
    def passed(self) -> bool:
        """Whether nothing was found of what arrived in full."""
        return self.arrived and not self.findings.hits

    def to_json(self) -> dict[str, Any]:
        """Return the report without any value, only places, entities and counts."""
        return {
            "run": self.run,
            "started_at": self.started_at,
            "passed": self.passed,
            "events": self.events,
            "rows": self.rows,
            "broken": self.broken,
            "dead_letters": self.dead_letters,
            "searched": self.findings.searched,
            "not_searched": self.findings.skipped,
            "found": [
                {"place": place, "entity_type": entity, "count": count}
                for place, entity, count in hits_by_place(self.findings)
            ],
        }

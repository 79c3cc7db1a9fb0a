"""What `sluice reconcile --every` shows of its rounds on `/metrics`."""

from __future__ import annotations

from collections import Counter as Counts
from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge

from pipeline.reconcile.compare import Kind, PartitionReport


class ReconcileMetrics:
    """The latest round, in a registry of its own.

    Findings are an alert of the detector's as well (the rule `not-reconciled`); what nobody but a
    reader of these metrics can notice is a last round that is too long ago.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._findings = Gauge(
            "sluice_reconcile_findings",
            "Gaps and surpluses that the latest comparison found",
            ["topic", "kind"],
            registry=self.registry,
        )
        self._offsets = Gauge(
            "sluice_reconcile_offsets",
            "Offsets that the latest comparison covered",
            ["topic"],
            registry=self.registry,
        )
        self._last = Gauge(
            "sluice_reconcile_last_seconds",
            "When the latest comparison ended, in seconds since the epoch; 0: none has",
            registry=self.registry,
        )
        self._failures = Counter(
            "sluice_reconcile_failures",
            "Rounds in which nothing could be compared",
            registry=self.registry,
        )

    def compared(self, reports: Iterable[PartitionReport], now: float) -> None:
        """Take in a round that came to its end."""
        covered: Counts[str] = Counts()
        found: Counts[tuple[str, str]] = Counts()
        for report in reports:
            covered[report.topic] += report.end - report.first
            found.update((report.topic, str(finding.kind)) for finding in report.findings)
        for topic, offsets in covered.items():
            self._offsets.labels(topic).set(offsets)
            for kind in Kind:
                self._findings.labels(topic, kind).set(found[topic, kind])
        self._last.set(now)

    def failed(self) -> None:
        """Count a round in which a service was away."""
        self._failures.inc()

"""The figures of `sluice reconcile --every`."""

from __future__ import annotations

from prometheus_client import CollectorRegistry

from pipeline.cli.reconcile_metrics import ReconcileMetrics
from pipeline.reconcile.compare import Finding, Kind, PartitionReport

TOPIC = "agent.events.clean"


def findings(registry: CollectorRegistry, kind: Kind) -> float | None:
    return registry.get_sample_value(
        "sluice_reconcile_findings", {"topic": TOPIC, "kind": str(kind)}
    )


def test_a_gap_shows_until_a_later_round_does_not_find_it() -> None:
    metrics = ReconcileMetrics()
    gap = Finding(Kind.GAP, TOPIC, 0, 3, 4, "")
    metrics.compared([PartitionReport(TOPIC, 0, 0, 10, findings=[gap])], 100.0)
    assert findings(metrics.registry, Kind.GAP) == 1
    assert findings(metrics.registry, Kind.SURPLUS) == 0
    metrics.failed()
    assert findings(metrics.registry, Kind.GAP) == 1
    assert metrics.registry.get_sample_value("sluice_reconcile_failures_total") == 1
    metrics.compared([PartitionReport(TOPIC, number, 0, 10) for number in (0, 1)], 200.0)
    assert findings(metrics.registry, Kind.GAP) == 0
    assert metrics.registry.get_sample_value("sluice_reconcile_offsets", {"topic": TOPIC}) == 20
    assert metrics.registry.get_sample_value("sluice_reconcile_last_seconds") == 200

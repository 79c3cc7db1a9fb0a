"""What a comparison that found something tells the detector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from pipeline.detection.signals import Signal
from pipeline.reconcile.compare import PartitionReport

MEASURE = "reconcile_findings"


def signals_of(reports: Iterable[PartitionReport], now: float) -> list[Signal]:
    """Return one signal for each topic with gaps or surpluses; `now` is when the round ended.

    A round has a signal of its own even if it finds what the last one found: the alert lasts for
    as long as rounds find something.
    """
    found: Counter[str] = Counter()
    for report in reports:
        found[report.topic] += len(report.findings)
    return [
        Signal(
            time=now,
            id=f"reconcile:{topic}:{now:.3f}",
            measure=MEASURE,
            labels=(("topic", topic),),
            value=float(count),
        )
        for topic, count in sorted(found.items())
        if count
    ]

"""Redaction: what is found, what is wrongly marked, how fast, and in how much memory.

One core; Presidio's default engine in the same run and on the same texts. The labelled sets are in
tests/redaction_set.
"""

from __future__ import annotations

from pipeline.cli.figures import Report
from tests.bench.parts.quality import measure_quality
from tests.bench.parts.speed import measure_events, measure_hostile, measure_memory, measure_texts
from tests.compiled import require_compiled


def run(report: Report, *, quick: bool) -> None:
    """Measure speed first, on a fresh process, then quality."""
    require_compiled()
    measure_texts(report, quick=quick)
    measure_events(report, quick=quick)
    measure_hostile(report, quick=quick)
    measure_memory(report, quick=quick)
    measure_quality(report, quick=quick)

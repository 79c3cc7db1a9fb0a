"""The most frequent causes behind a finding."""

from __future__ import annotations

from pipeline.detection.finding import Details, Finding, Look


def top_reasons(look: Look, measure: str, finding: Finding, limit: int) -> Details:
    """Return `{"reasons": [{"reason", "count"}, …]}`, highest first; nothing when limit is 0."""
    if not limit:
        return {}
    found = look.view.reasons(look.dimension, measure, finding.start, finding.end, limit)
    return {"reasons": [{"reason": reason, "count": count} for reason, count in found]}

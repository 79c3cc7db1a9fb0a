"""What the detectors find with their default settings; shared by the tests of its kinds."""

from __future__ import annotations

from pipeline.redaction.detectors import Context, DetectorSet

DETECTORS = DetectorSet()


def found(text: str, context: Context | None = None) -> list[tuple[str, str]]:
    """Return kind and value of each span that is found, in order."""
    spans = DETECTORS.detect(text, context) if context else DETECTORS.detect(text)
    return [(span.entity_type, text[span.start : span.end]) for span in spans]

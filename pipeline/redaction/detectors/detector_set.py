"""The detectors a policy asks for, behind one gate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pipeline.redaction.detectors.base import (
    PLAIN_CONTEXT,
    Context,
    Detector,
    DetectorSettings,
)
from pipeline.redaction.spans import Span, resolve


class DetectorSet:
    """Finds everything a policy asks for in a text.

    Built once per policy; immutable afterwards but for bounded caches of word classes, so threads
    may share it. Detection is deterministic.
    """

    def __init__(self, settings: DetectorSettings | None = None) -> None:
        self.settings = settings or DetectorSettings()
        self.detectors: tuple[Detector, ...] = ()

    def detect(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:
        """Return the non-overlapping spans of `text`, sorted; offsets are code points."""
        found: list[Span] = []
        for detector in self.detectors:
            found += detector.find(text, context)
        return resolve(text, found)

    def detect_batch(
        self, texts: Iterable[str], context: Context = PLAIN_CONTEXT
    ) -> list[Sequence[Span]]:
        """Return `detect` for each of `texts`, in order."""
        return [self.detect(text, context) for text in texts]

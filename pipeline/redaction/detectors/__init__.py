"""Detectors: each finds one family of personal data or secrets, as a Presidio `EntityRecognizer`.

`DetectorSet` is the way in. It runs a gate, one scan of the text that says which detectors can find
anything at all, calls those directly (not through `AnalyzerEngine`), and settles overlaps.
"""

from pipeline.redaction.detectors.base import (
    CODE,
    DATA,
    PROSE,
    Context,
    Detector,
    DetectorSettings,
)
from pipeline.redaction.detectors.detector_set import DetectorSet

__all__ = ["CODE", "DATA", "PROSE", "Context", "Detector", "DetectorSet", "DetectorSettings"]

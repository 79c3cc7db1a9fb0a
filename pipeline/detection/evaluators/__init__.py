"""From a rule to the evaluator that judges it."""

from __future__ import annotations

from pipeline.detection.evaluators.burn import BurnEvaluator
from pipeline.detection.evaluators.growth import GrowthEvaluator
from pipeline.detection.evaluators.latency import LatencyEvaluator
from pipeline.detection.evaluators.limit import LimitEvaluator
from pipeline.detection.evaluators.share import ShareEvaluator
from pipeline.detection.evaluators.silence import SilenceEvaluator
from pipeline.detection.finding import Evaluator
from pipeline.detection.rules.model import (
    BurnRule,
    GrowthRule,
    LatencyRule,
    LimitRule,
    Rule,
    ShareRule,
)


def evaluator_for(rule: Rule) -> Evaluator:
    """Return the evaluator of a rule's kind."""
    if isinstance(rule, GrowthRule):
        return GrowthEvaluator(rule)
    if isinstance(rule, LatencyRule):
        return LatencyEvaluator(rule)
    if isinstance(rule, BurnRule):
        return BurnEvaluator(rule)
    if isinstance(rule, ShareRule):
        return ShareEvaluator(rule)
    if isinstance(rule, LimitRule):
        return LimitEvaluator(rule)
    return SilenceEvaluator(rule)

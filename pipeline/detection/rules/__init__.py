"""Rules as data: what each kind can be told, and how a file of them is read and checked."""

from pipeline.detection.rules.file import default_rules, load_rules, parse_rules
from pipeline.detection.rules.model import Rule, RuleSet

__all__ = ["Rule", "RuleSet", "default_rules", "load_rules", "parse_rules"]

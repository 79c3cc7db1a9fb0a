"""Rules are taken up when their file changes, and kept when it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from agents.detector import RulesFile
from pipeline.errors import ConfigError

RULES = """version: 1
rules:
  - name: {name}
    kind: limit
    summary: Tools are slow
    measure: latency_ms
    per: [tool]
    statistic: p95
    window: 5m
    above: 1000
"""


def names(rules: RulesFile) -> list[str]:
    return [rule.name for rule in rules().rules]


def test_a_changed_file_is_read_again_and_a_wrong_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES.format(name="slow"))
    rules = RulesFile(path)
    assert names(rules) == ["slow"]
    path.write_text(RULES.format(name="very-slow"))
    assert names(rules) == ["very-slow"]
    path.write_text(RULES.format(name="broken") + "    window: nonsense\n")
    assert names(rules) == ["very-slow"]
    path.unlink()
    assert names(rules) == ["very-slow"]
    path.write_text(RULES.format(name="back-again"))
    assert names(rules) == ["back-again"]


def test_a_detector_does_not_start_with_a_wrong_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("version: 1\nrules: nonsense\n")
    with pytest.raises(ConfigError, match=r"rules\.yaml:"):
        RulesFile(path)

"""Rule files: what ships is right, and a mistake is told with its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.cli.rules import command
from pipeline.detection.durations import format_duration, parse_duration
from pipeline.detection.rules import default_rules, load_rules, parse_rules
from pipeline.detection.rules.describe import condition_of, timing_of
from pipeline.errors import ConfigError

LIMIT = """\
version: 1
rules:
  - name: slow
    kind: limit
    summary: Too slow
    measure: latency_ms
    per: [tool]
    statistic: p95
    window: 5m
    above: 100
"""


@pytest.mark.parametrize(
    ("text", "seconds"), [("30s", 30), ("1h30m", 5400), ("7d", 604_800), (15, 15), ("0.5s", 0.5)]
)
def test_durations_are_read(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "m5", "-5m", True, -1, None])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


def test_durations_are_written_as_people_do() -> None:
    assert [format_duration(s) for s in (0, 30, 5400, 604_800)] == ["0s", "30s", "1h30m", "7d"]


def test_the_rules_that_ship_cover_what_is_promised() -> None:
    rules = default_rules()
    assert {rule.kind for rule in rules.rules} == {
        "growth",
        "latency",
        "burn",
        "share",
        "limit",
        "silence",
    }
    burn = next(rule for rule in rules.rules if rule.kind == "burn")
    assert [(p.long, p.short, p.burn) for p in burn.windows] == [
        (3600, 300, 14.4),
        (21_600, 1800, 6),
        (259_200, 21_600, 1),
    ]
    assert burn.objective == 0.995
    assert all(condition_of(rule) and timing_of(rule) for rule in rules.rules)


@pytest.mark.parametrize(
    ("change", "line", "said"),
    [
        (("above: 100", "abov: 100"), 10, "abov"),
        (("window: 5m", "window: soon"), 9, "duration"),
        (("kind: limit", "kind: guess"), 3, "tag 'guess'"),
        (("measure: latency_ms", "measure: latency"), 6, "no measure 'latency'"),
        (("per: [tool]", "per: [tool, tenant]"), 6, "no windows are kept per tenant+tool"),
        (("statistic: p95", "statistic: p950"), 3, "unknown statistic"),
        (("    window: 5m\n", ""), 3, "Field required"),
        (("    above: 100", "    above: 100\n    above: 200"), 11, "stands here twice"),
        (("version: 1", "version: 2"), 1, "Input should be 1"),
        (("rules:", "rules: ["), 3, ""),
    ],
)
def test_a_mistake_is_told_with_its_line(change: tuple[str, str], line: int, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_rules(LIMIT.replace(*change), "my.yaml")
    assert f"my.yaml:{line}: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("extra", "line", "said"),
    [
        ("inhibitions:\n  - {source: [slow], target: [gone]}\n", 12, "no rule 'gone'"),
        (
            "inhibitions:\n  - source: [slow]\n    target: [slow]\n",
            12,
            "in a circle: slow -> slow",
        ),
        (
            "backpressure:\n  - rule: slow\n    scope: agent\n    levels: [{mode: escalate}]\n",
            13,
            "not per agent",
        ),
        (
            "backpressure:\n  - rule: slo\n    scope: tool\n    levels: [{mode: escalate}]\n",
            12,
            "no rule 'slo'",
        ),
    ],
)
def test_a_name_that_points_at_nothing_is_told(extra: str, line: int, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse_rules(LIMIT + extra, "my.yaml")
    assert f"my.yaml:{line}: " in str(error.value)
    assert said in str(error.value)


@pytest.mark.parametrize("text", ["", "- 1\n", "just text", "a: !!python/object:os.system {}"])
def test_what_is_no_rule_file_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"my\.yaml:1: "):
        parse_rules(text, "my.yaml")


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot read the rules"):
        load_rules(tmp_path / "none.yaml")


def test_the_command_lists_and_checks(tmp_path: Path) -> None:
    listed = CliRunner().invoke(command, [])
    assert listed.exit_code == 0
    assert all(rule.name in listed.output for rule in default_rules().rules)
    file = tmp_path / "mine.yaml"
    file.write_text(LIMIT)
    checked = CliRunner().invoke(command, ["--check", str(file)])
    assert checked.exit_code == 0
    assert "1 rules, no mistakes" in checked.output.replace("\n", " ")
    file.write_text(LIMIT.replace("p95", "q95"))
    refused = CliRunner().invoke(command, ["--check", str(file)])
    assert isinstance(refused.exception, ConfigError)

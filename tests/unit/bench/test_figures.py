"""What a figure says about its target, and what the JSON of a run holds."""

from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console

from pipeline.cli.figures import Figure, Report


@pytest.mark.parametrize(
    ("value", "at_least", "at_most", "met"),
    [
        (0.95, 0.95, None, True),
        (0.9499, 0.95, None, False),
        (100, None, 100, True),
        (100.1, None, 100, False),
        (None, 0.95, None, False),
        (7, None, None, None),
        (None, None, None, None),
    ],
)
def test_a_target_is_met_at_its_bound_and_missed_beyond_it(
    value: float | None, at_least: float | None, at_most: float | None, met: bool | None
) -> None:
    report = Report()
    report.figure("x", value, at_least=at_least, at_most=at_most)
    assert report.figures[0].met is met


def test_a_figure_has_one_target_only() -> None:
    with pytest.raises(ValueError, match="one target"):
        Report().figure("x", 1, at_least=1, at_most=2)


def test_json_keeps_null_for_figures_without_a_target() -> None:
    assert Figure("speed", 12.5, "events/s").as_json() == {
        "figure": "speed",
        "value": 12.5,
        "unit": "events/s",
        "target": None,
        "met": None,
    }


def test_missed_lists_only_figures_below_their_target() -> None:
    report = Report()
    report.figure("for scale", 1)
    report.figure("reached", 3, at_least=2)
    report.figure("missed", 3, at_most=2)
    assert [figure.name for figure in report.missed] == ["missed"]


def test_the_printed_table_shows_direction_of_the_target_and_verdict() -> None:
    report = Report()
    report.figure("recall", 0.5, at_least=0.95)
    report.figure("worst case", 40, "ms", at_most=100)
    report.table("By type", ["type", "recall"], [["PERSON", 0.25]])
    report.note("measured on one core")
    text = StringIO()
    report.print(Console(file=text, width=120))
    printed = text.getvalue()
    assert "≥ 0.950" in printed
    assert "≤ 100" in printed
    assert "no" in printed
    assert "yes" in printed
    assert "PERSON" in printed
    assert "measured on one core" in printed


def test_a_live_report_prints_each_figure_at_once_in_one_line() -> None:
    text = StringIO()
    report = Report(live=Console(file=text, width=20))
    report.figure("a figure with a long name", 1.5, "µs of a core", at_most=1)
    report.figure("no [target]", 1_000)
    assert text.getvalue().splitlines() == [
        "  a figure with a long name: 1.500 µs of a core (≤ 1: no)",
        "  no [target]: 1,000",
    ]


def test_tables_are_not_cut_where_output_is_no_terminal() -> None:
    report = Report()
    columns = [f"column number {n}" for n in range(6)]
    report.table("Wide", columns, [[f"a value in column {n}" for n in range(6)]])
    text = StringIO()
    report.print(Console(file=text, width=80))
    assert all(f"column {n}" in text.getvalue() for n in range(6))
    assert "…" not in text.getvalue()

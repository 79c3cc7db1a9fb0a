"""`sluice bench`: finds the benchmarks of a checkout, runs them, sets the exit code."""

from __future__ import annotations

import sys
from pathlib import Path

import orjson
import pytest
from click.testing import CliRunner

from pipeline.cli import bench
from pipeline.errors import InputError

BENCHMARKS = {
    "probe_fine": "def run(report, *, quick):\n    report.figure('fine', 2, 's', at_most=3)\n",
    "probe_missed": (
        "async def run(report, *, quick):\n"
        "    report.figure('quick', int(quick))\n"
        "    report.figure('missed', 1, at_least=2)\n"
    ),
}
BROKEN = "def run(report, *, quick):\n    raise OSError('no broker')\n"


@pytest.fixture
def checkout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a checkout that holds the benchmarks above and nothing else."""
    folder = tmp_path / "tests" / "bench"
    folder.mkdir(parents=True)
    for name, source in BENCHMARKS.items():
        (folder / f"{name}.py").write_text(source)
    monkeypatch.setattr(bench, "CHECKOUT", tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name == "tests" or name.startswith("tests.bench")]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def test_all_runs_every_benchmark_and_json_goes_to_standard_output(checkout: Path) -> None:
    result = CliRunner().invoke(bench.command, ["all", "--json", "-", "--quick"])
    assert result.exit_code == 0
    assert orjson.loads(result.stdout) == [
        {"figure": "fine", "value": 2, "unit": "s", "target": 3, "met": True},
        {"figure": "quick", "value": 1, "unit": "", "target": None, "met": None},
        {"figure": "missed", "value": 1, "unit": "", "target": 2, "met": False},
    ]


def test_json_goes_to_a_file_beside_the_printed_table(checkout: Path) -> None:
    target = checkout / "figures.json"
    result = CliRunner().invoke(bench.command, ["probe_fine", "--json", str(target)])
    assert "fine" in result.stdout
    assert [record["figure"] for record in orjson.loads(target.read_bytes())] == ["fine"]


def test_figures_are_printed_before_the_benchmark_ends(checkout: Path) -> None:
    halfway = BENCHMARKS["probe_fine"] + "    1 / 0\n"
    (checkout / "tests" / "bench" / "probe_halfway.py").write_text(halfway)
    result = CliRunner().invoke(bench.command, ["probe_halfway"])
    assert isinstance(result.exception, ZeroDivisionError)
    assert "fine: 2 s (≤ 3: yes)" in result.stderr
    assert result.stdout == ""


def test_a_missed_target_is_an_error_only_under_strict(checkout: Path) -> None:
    assert CliRunner().invoke(bench.command, ["probe_missed"]).exit_code == 0
    assert CliRunner().invoke(bench.command, ["probe_missed", "--strict"]).exit_code == 1
    assert CliRunner().invoke(bench.command, ["probe_fine", "--strict"]).exit_code == 0


def test_a_benchmark_that_fails_leaves_the_others_their_figures(checkout: Path) -> None:
    (checkout / "tests" / "bench" / "probe_broken.py").write_text(BROKEN)
    result = CliRunner().invoke(bench.command, ["all", "--json", "-"])
    assert result.exit_code == 1
    assert [record["figure"] for record in orjson.loads(result.stdout)] == [
        "fine",
        "quick",
        "missed",
    ]
    assert "no broker" in result.stderr


def test_an_unknown_name_names_the_ones_that_exist(checkout: Path) -> None:
    result = CliRunner().invoke(bench.command, ["nonsense"])
    assert isinstance(result.exception, InputError)
    assert "probe_fine, probe_missed, all" in result.exception.hint


def test_an_installation_without_a_checkout_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="tests/bench of a checkout"):
        bench.benchmark_names(tmp_path)


def test_an_unwritable_json_target_is_one_clear_error(checkout: Path) -> None:
    target = checkout / "missing" / "figures.json"
    result = CliRunner().invoke(bench.command, ["probe_fine", "--json", str(target)])
    assert isinstance(result.exception, InputError)

"""`sluice bench`: run the benchmarks of a checkout and print figures against their targets."""

from __future__ import annotations

import asyncio
import importlib
import inspect
import sys
from pathlib import Path
from typing import Any

import click
import orjson
from rich.markup import escape

import pipeline
from pipeline.cli.console import err, out
from pipeline.cli.figures import Report
from pipeline.errors import InputError

ALL = "all"
CHECKOUT = Path(pipeline.__file__).resolve().parents[1]


def benchmark_names(checkout: Path) -> list[str]:
    """Return the benchmarks of a checkout: each module directly in tests/bench is one."""
    folder = checkout / "tests" / "bench"
    if not folder.is_dir():
        raise InputError(
            "the benchmarks live in tests/bench of a checkout, and this installation has none",
            hint="clone the repository and run `make bench` there",
        )
    return sorted(path.stem for path in folder.glob("*.py"))


def run_benchmark(name: str, report: Report, *, quick: bool, checkout: Path) -> None:
    """Import `tests.bench.NAME` and let it fill `report`; its exceptions pass through."""
    if str(checkout) not in sys.path:
        sys.path.insert(0, str(checkout))
    module: Any = importlib.import_module(f"tests.bench.{name}")
    result = module.run(report, quick=quick)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def write_json(report: Report, target: str) -> None:
    """Write the figures as a JSON list to a file, or to standard output for `-`."""
    records = [figure.as_json() for figure in report.figures]
    data = orjson.dumps(records, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    if target == "-":
        click.get_binary_stream("stdout").write(data)
        return
    try:
        Path(target).write_bytes(data)
    except OSError as error:
        raise InputError(f"cannot write {target}: {error.strerror}") from error


@click.command()
@click.argument("name")
@click.option(
    "--json", "json_target", metavar="FILE", help="Also write the figures as JSON; - for stdout."
)
@click.option("--quick", is_flag=True, help="Smaller samples: minutes become seconds, less exact.")
@click.option("--strict", is_flag=True, help="Exit with code 1 when a target is missed.")
def command(name: str, json_target: str | None, quick: bool, strict: bool) -> None:
    """Measure and compare with the targets: NAME of a benchmark in tests/bench, or `all`.

    Each figure goes to standard error as soon as it is there, and the table of all to standard
    output at the end.
    """
    names = benchmark_names(CHECKOUT)
    if name != ALL and name not in names:
        raise InputError(f"no benchmark {name}", hint=f"there are: {', '.join([*names, ALL])}")
    report = Report(live=err)
    failed: list[str] = []
    for each in names if name == ALL else [name]:
        err.print(f"[bold]bench {each}[/]")
        try:
            run_benchmark(each, report, quick=quick, checkout=CHECKOUT)
        except Exception as error:
            # one benchmark that fails must not cost the figures of the others
            if name != ALL:
                raise
            failed.append(each)
            err.print(f"[bold red]bench {each} failed:[/] {escape(repr(error))}")
    # with the JSON on standard output, the tables for people go to the other stream
    report.print(err if json_target == "-" else out)
    if json_target:
        write_json(report, json_target)
    if failed or (strict and report.missed):
        sys.exit(1)

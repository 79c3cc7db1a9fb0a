"""The long form: `python -m tests.fault.run [--scale 0.1] [--only WORDS]`; `make fault` calls it.

Prints a table and writes .sluice/fault.json, one object a line. Exits with 1 if anything is lost,
twice or otherwise not as it must be.
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import sys
import tempfile
import time
import traceback
from pathlib import Path

import click
import orjson
from rich.table import Table

from pipeline.cli.console import err, out
from tests.fault.bench import Row, Scenario, forget_special_workers, run_trial
from tests.fault.catalogue import SCENARIOS
from tests.fault.oracle import Verdict
from tests.fault.stack import FaultStack

RESULTS = Path(".sluice/fault.json")


@click.command()
@click.option("--scale", type=float, default=1.0, show_default=True, help="Of counts and lengths.")
@click.option("--only", multiple=True, help="Faults with these words in their names.")
@click.option("--events", type=int, help="Instead of each fault's own least number.")
@click.option("--add", is_flag=True, help="Keep the rows of other faults in fault.json.")
def main(scale: float, only: tuple[str, ...], events: int | None, add: bool) -> None:
    """Break everything, and count what is lost and what is there twice."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    for variable in [name for name in os.environ if name.startswith("SLUICE_")]:
        del os.environ[variable]
    chosen = [
        (number, scenario)
        for number, scenario in enumerate(SCENARIOS)
        if not only or any(words in scenario.name for words in only)
    ]
    data = Path(tempfile.mkdtemp(prefix="sluice-fault-"))
    try:
        with FaultStack(data) as stack:
            lines: list[dict[str, object]] = []
            for number, scenario in chosen:
                row = _run(stack, number, scenario, scale, events)
                lines.append({**row.to_json(), "scale": scale})
                _write(lines, keep=add)
    finally:
        shutil.rmtree(data, ignore_errors=True)
    _show(lines)
    sys.exit(any(line["problems"] for line in lines))


def _run(
    stack: FaultStack, number: int, scenario: Scenario, scale: float, events: int | None
) -> Row:
    times = max(1, round(scenario.times * scale))
    least = events or max(3_000, round(scenario.events * scale))
    err.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {scenario.name}: {times} times, {least} events")
    began = time.monotonic()
    try:
        row = asyncio.run(
            run_trial(
                stack,
                scenario,
                number,
                times=times,
                events=least,
                seconds=scenario.seconds * scale,
            )
        )
    except Exception as error:  # noqa: BLE001 - the other faults shall still be run
        traceback.print_exc()
        verdict = Verdict(problems=[f"{type(error).__name__}: {error}"])
        row = Row(scenario.name, times, verdict, 0.0, time.monotonic() - began, {})
        stack.clickhouse.restore()
        stack.kafka.restore()
    asyncio.run(forget_special_workers(stack, scenario))
    err.print_json(orjson.dumps(row.to_json()).decode())
    return row


def _write(lines: list[dict[str, object]], *, keep: bool) -> None:
    names = {line["fault"] for line in lines}
    kept = []
    if keep and RESULTS.is_file():
        before = [orjson.loads(line) for line in RESULTS.read_bytes().splitlines()]
        kept = [line for line in before if line["fault"] not in names]
    order = [scenario.name for scenario in SCENARIOS]
    every = sorted([*kept, *lines], key=lambda line: order.index(str(line["fault"])))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in every))


def _show(lines: list[dict[str, object]]) -> None:
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("fault", "times", "events", "lost", "twice", "recovery s"):
        table.add_column(column, justify="left" if column == "fault" else "right")
    for line in lines:
        cells = [line[name] for name in ("fault", "times", "events", "lost", "twice")]
        table.add_row(*map(str, cells), str(line["recovery_seconds"]))
    out.print(table)
    for line in lines:
        if "memory_flat" in line:
            phases = {name: value for name, value in line.items() if name.startswith("memory_mib")}
            told = ", ".join(
                f"{name.removeprefix('memory_mib_').replace('_', ' ')} {value}"
                for name, value in phases.items()
            )
            verdict = "flat" if line["memory_flat"] else "[red]not flat[/]"
            out.print(f"{line['fault']}: memory in MiB, {told}: {verdict}")
        for problem in line["problems"]:  # type: ignore[attr-defined]
            out.print(f"[red]{line['fault']}: {problem}[/]")


if __name__ == "__main__":
    main()

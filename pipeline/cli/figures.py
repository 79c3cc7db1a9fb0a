"""What a benchmark reports: figures with targets, detail tables, progress.

A benchmark is a module `tests/bench/NAME.py` with `run(report, *, quick)`, plain or async.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from pipeline.cli.console import following

Number = int | float
PIPE_WIDTH = 160


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number; `target` None means it is reported for scale and cannot be missed."""

    name: str
    value: Number | None
    """None: it could not be measured, which misses a target."""
    unit: str = ""
    target: Number | None = None
    smaller_is_better: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None where there is none."""
        if self.target is None:
            return None
        if self.value is None:
            return False
        if self.smaller_is_better:
            return self.value <= self.target
        return self.value >= self.target

    @property
    def bound(self) -> str:
        """The target with its direction; empty where there is none."""
        sign = "≤" if self.smaller_is_better else "≥"
        return "" if self.target is None else f"{sign} {show(self.target)}"

    def as_line(self) -> str:
        """Return the figure as one line, for who follows a long run."""
        value = f"{show(self.value)} {self.unit}".rstrip()
        verdict = {None: "", True: f" ({self.bound}: yes)", False: f" ({self.bound}: no)"}
        return f"  {self.name}: {value}{verdict[self.met]}"

    def as_json(self) -> dict[str, Any]:
        """Return the record that `sluice bench --json` writes."""
        return {
            "figure": self.name,
            "value": self.value,
            "unit": self.unit,
            "target": self.target,
            "met": self.met,
        }


@dataclass(slots=True)
class Report:
    """Collects what the benchmarks of one run measure, and shows progress on standard error."""

    figures: list[Figure] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    live: Console | None = None
    """Where each figure is printed the moment it is there; None: only in the table at the end."""

    def figure(
        self,
        name: str,
        value: Number | None,
        unit: str = "",
        *,
        at_least: Number | None = None,
        at_most: Number | None = None,
    ) -> None:
        """Add a figure; give at most one of the two targets."""
        if at_least is not None and at_most is not None:
            raise ValueError(f"{name}: a figure has one target")
        smaller_is_better = at_most is not None
        target = at_most if smaller_is_better else at_least
        figure = Figure(name, value, unit, target, smaller_is_better)
        self.figures.append(figure)
        if self.live is not None:
            self.live.print(figure.as_line(), soft_wrap=True, markup=False)

    def table(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a detail table, printed below the figures; it is not part of the JSON."""
        table = Table(title=title, title_justify="left")
        for position, column in enumerate(columns):
            table.add_column(column, justify="left" if position == 0 else "right")
        for row in rows:
            table.add_row(*(show(cell) for cell in row))
        self.tables.append(table)

    def note(self, text: str) -> None:
        """Add one line that a reader of the figures needs."""
        self.notes.append(text)

    @contextmanager
    def progress(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """Show `what` while the block runs; the yielded function goes on by n steps."""
        with following(what, total) as step:
            yield step

    @property
    def missed(self) -> list[Figure]:
        """The figures whose target was not reached."""
        return [figure for figure in self.figures if figure.met is False]

    def print(self, console: Console) -> None:
        """Print the figures, then the detail tables and notes."""
        table = Table(title="Figures", title_justify="left")
        table.add_column("figure")
        table.add_column("value", justify="right")
        table.add_column("unit")
        table.add_column("target", justify="right")
        table.add_column("met")
        marks = {None: "", True: "[green]yes[/]", False: "[bold red]no[/]"}
        for figure in self.figures:
            value, mark = show(figure.value), marks[figure.met]
            table.add_row(figure.name, value, figure.unit, figure.bound, mark)
        # a pipe has no width of its own, and a table that is cut says nothing
        width = console.width if console.is_terminal else PIPE_WIDTH
        for each in (*self.tables, table):
            console.print(each, width=width, crop=False)
        for note in self.notes:
            console.print(f"[dim]{note}[/]")


def show(cell: object) -> str:
    """Return a cell as people read it: 3 significant digits below 100, no decimals above."""
    if cell is None:
        return "–"
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return str(cell)
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.3f}" if abs(cell) < 10 else f"{cell:.1f}"

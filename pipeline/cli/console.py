"""How the command line speaks: one console for results, one for messages, progress in one style."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

out = Console(highlight=False)
"""Results: what a pipe should receive (standard output)."""
err = Console(stderr=True, highlight=False)
"""Progress, notes and errors (standard error)."""


def fail(message: str, *, hint: str = "") -> None:
    """Print an error in one line, and what to do next in another."""
    err.print(f"[bold red]error:[/] {escape(message)}", soft_wrap=True)
    if hint:
        err.print(f"[dim]  {escape(hint)}[/]", soft_wrap=True)


def progress() -> Progress:
    """Return a progress display on standard error, for work of a known or an unknown size."""
    return Progress(
        SpinnerColumn(),
        TextColumn("[progress.description]{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=err,
    )

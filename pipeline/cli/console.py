"""How the command line speaks: one console for results, one for messages, progress in one style."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


LINE_SECONDS = 30.0


@contextmanager
def following(what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
    """Show `what` while the block runs; the yielded function goes on by n steps.

    A bar on a terminal. Elsewhere, where a bar would come out whole at the end, a line when it
    begins and one each `LINE_SECONDS` in which there was a step.
    """
    if err.is_terminal:
        with progress() as display:
            task = display.add_task(what, total=total)
            yield lambda steps: display.advance(task, steps)
        return
    began = told = time.monotonic()
    done = 0

    def step(steps: int) -> None:
        nonlocal done, told
        done += steps
        now = time.monotonic()
        if now - told >= LINE_SECONDS:
            told = now
            of = "" if total is None else f" of {total:,}"
            minutes, seconds = divmod(int(now - began), 60)
            err.print(f"{what}: {done:,}{of}, {minutes}:{seconds:02}", soft_wrap=True, markup=False)

    err.print(f"{what} …", soft_wrap=True, markup=False)
    yield step

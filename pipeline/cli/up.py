"""`sluice up`: the whole system on this machine, until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click
from rich.console import Console, JustifyMethod
from rich.markup import escape
from rich.table import Table

from pipeline.cli.console import err, out
from pipeline.config import load_settings
from pipeline.errors import SluiceError
from pipeline.local.process import ProcessStatus, State
from pipeline.local.secret import with_local_key
from pipeline.local.stack import LocalStack

READY = b"ready\n"


@click.command()
@click.option("--detach", is_flag=True, help="Return when all is ready; stop it with sluice down.")
@click.option("--ready-fd", type=int, hidden=True, help="Where to say that all is ready.")
def command(detach: bool, ready_fd: int | None) -> None:
    """Run Kafka, ClickHouse and the workers on this machine, until Ctrl-C."""
    if detach:
        _detach()
    else:
        _run(ready_fd)


def process_table(processes: Sequence[ProcessStatus]) -> Table:
    """Return a table of what runs, for people."""
    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("process", "state", "pid", "port", "restarts", "log"):
        justify: JustifyMethod = "right" if column in {"pid", "port", "restarts"} else "left"
        table.add_column(column, justify=justify, overflow="fold")
    for process in processes:
        colour = {State.READY: "green", State.FAILED: "red"}.get(process.state, "yellow")
        table.add_row(
            process.name,
            f"[{colour}]{process.state}[/]",
            str(process.pid or "-"),
            str(process.port),
            str(process.restarts),
            escape(relative(process.log)),
        )
    return table


def relative(path: Path) -> str:
    """Return a path as a person in this folder would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


class ChangeReporter:
    """Says in one line each when a process died, and when it is back."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._states: dict[str, State] = {}

    def __call__(self, processes: Sequence[ProcessStatus]) -> None:
        """Compare with what was known, and print what is new."""
        for process in processes:
            before = self._states.get(process.name)
            self._states[process.name] = process.state
            if process.state is before:
                continue
            if process.state is State.WAITING:
                self._console.print(
                    f"[yellow]{process.name} ended[/] ({describe_exit(process.exit_code)}); "
                    f"restarting it, see {escape(relative(process.log))}"
                )
            elif process.state is State.READY and process.restarts:
                self._console.print(
                    f"[green]{process.name} is ready again[/] (restart {process.restarts})"
                )


def describe_exit(code: int | None) -> str:
    """Return an exit code, or the name of the signal behind a negative one."""
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit code {code}"


def _run(ready_fd: int | None) -> None:
    settings = with_local_key(load_settings())
    with one_interrupt(), err.status("checking") as spinner:

        def progress(message: str) -> None:
            spinner.update(escape(message))
            err.print(f"[dim]·[/] {escape(message)}")

        stack = LocalStack(settings, progress=progress, on_change=ChangeReporter(err))
        try:
            stack.start()
            spinner.stop()
            _announce(stack, ready_fd)
            stack.wait()
            raise SluiceError("the supervisor ended unasked")
        except KeyboardInterrupt:
            err.print("[dim]·[/] stopping; workers finish what they hold")
        finally:
            stack.stop()
    err.print("[dim]·[/] stopped")


def _announce(stack: LocalStack, ready_fd: int | None) -> None:
    if ready_fd is not None:
        os.write(ready_fd, READY)
        os.close(ready_fd)
    settings = stack.settings
    out.print(process_table(stack.processes))
    out.print(f"Kafka {settings.kafka.bootstrap_servers}, ", end="")
    out.print(f"ClickHouse http://{settings.clickhouse.host}:{settings.clickhouse.port}")
    out.print("[dim]Ctrl-C stops it; in another terminal: sluice status[/]")


@contextmanager
def one_interrupt() -> Iterator[None]:
    """Let the first Ctrl-C, SIGTERM or hang-up raise `KeyboardInterrupt`, and ignore the others.

    A second Ctrl-C must not break into the orderly stop that the first one began.
    """
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def interrupt(*_: object) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _detach() -> None:
    """Start `sluice up` in a session of its own and wait until it is ready or has failed."""
    log = load_settings().local.data_dir.expanduser().resolve() / "logs" / "up.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    reader, writer = os.pipe()
    start = "from pipeline.cli import main; main()"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", start, "up", "--ready-fd", str(writer)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=[writer],
        )
    os.close(writer)
    try:
        with err.status("starting"), os.fdopen(reader, "rb") as said:
            is_ready = said.readline() == READY
    except KeyboardInterrupt:
        process.terminate()
        raise
    if not is_ready:
        process.wait()
        raise SluiceError(_first_error(log), hint=f"all it said: {relative(log)}")
    out.print(f"running (pid {process.pid}); sluice status shows it, sluice down stops it")


def _first_error(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    errors = (line.removeprefix("error: ") for line in lines if line.startswith("error: "))
    return next(errors, "the stack did not start")

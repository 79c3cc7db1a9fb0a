"""`sluice down`: stop the local stack from another terminal."""

from __future__ import annotations

import click

from pipeline.cli.console import err, out
from pipeline.config import load_settings
from pipeline.local.ledger import Ledger
from pipeline.local.reclaim import stop_running


@click.command()
def command() -> None:
    """Stop the stack of this data directory, and whatever a killed one left behind."""
    ledger = Ledger(load_settings().local.data_dir.expanduser().resolve())
    with err.status("stopping; workers finish what they hold"):
        stopped = stop_running(ledger)
    out.print(f"stopped {', '.join(stopped)}" if stopped else "nothing was running")

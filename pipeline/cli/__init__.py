"""The `sluice` command: each command is a module of this package, imported when it is used."""

from __future__ import annotations

import importlib
import sys

import click

from pipeline.cli.console import fail
from pipeline.errors import SluiceError

# name -> (module that holds a click command called `command`, one line for `sluice --help`)
COMMANDS: dict[str, tuple[str, str]] = {
    "demo": ("pipeline.cli.demo", "See it all at work with a simulated fleet."),
    "up": ("pipeline.cli.up", "Run the whole system on this machine, until Ctrl-C."),
    "down": ("pipeline.cli.down", "Stop it from another terminal."),
    "status": ("pipeline.cli.status", "Show processes, topics, lag and rows."),
    "settings": ("pipeline.cli.settings", "Show the settings in force."),
    "migrate": ("pipeline.cli.migrate", "Create the topics and tables that are missing."),
    "publish": ("pipeline.cli.publish", "Send native events from a file."),
    "import": ("pipeline.cli.import_", "Send recorded chat runs in the OpenAI message format."),
    "redact": ("pipeline.cli.redact", "Redact lines of text or JSON; show what is found."),
    "watch": ("pipeline.cli.watch", "Follow alerts and modes in the terminal."),
    "silence": ("pipeline.cli.silence", "Hush alerts for a while: add, list, end."),
    "rules": ("pipeline.cli.rules", "List the detection rules, or check a file of them."),
    "simulate": ("pipeline.cli.simulate", "Publish what a seeded fleet of agents does."),
    "canary": ("pipeline.cli.canary", "Send known personal data and look for it everywhere."),
    "reconcile": (
        "pipeline.cli.reconcile",
        "Compare Kafka with ClickHouse; name gaps and surplus.",
    ),
    "replay": ("pipeline.cli.replay", "Process a range of a topic again, in place."),
    "dlq": ("pipeline.cli.dlq", "List, show and retry dead letters."),
    "bench": ("pipeline.cli.bench", "Measure, and compare with the targets."),
}


class LazyGroup(click.Group):
    """A click group that imports a command's module only when that command runs."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the table."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of `cmd_name` and return its command; None if there is no such name."""
        del ctx
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return None
        loaded = importlib.import_module(entry[0]).command
        assert isinstance(loaded, click.Command)  # noqa: S101 - a slip in the table above
        return loaded

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List names and help from the table, so that `--help` imports nothing."""
        del ctx
        if not COMMANDS:
            return
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sluice")
def cli() -> None:
    """Sluice: the streaming control room for AI agents in production."""


def main() -> None:
    """Run the command line; a Sluice error becomes one clear line and exit code 1."""
    try:
        cli(standalone_mode=True)
    except SluiceError as error:
        fail(str(error), hint=error.hint)
        sys.exit(1)

"""Run the ClickHouse engine with its HTTP interface: `python -m pipeline.local.clickhouse`."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys
from pathlib import Path

import click
import uvloop

from pipeline.config import load_settings
from pipeline.errors import SluiceError
from pipeline.local.clickhouse.engine import Engine, memory_limits
from pipeline.local.clickhouse.request import Credentials
from pipeline.local.clickhouse.server import Server, listen, serve


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(1, 65535), default=8123, show_default=True)
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".sluice/clickhouse"),
    show_default=True,
    help="Where tables are kept; one process at a time.",
)
@click.option("--log-level", default="INFO", show_default=True)
def main(host: str, port: int, data: Path, log_level: str) -> None:
    """Serve ClickHouse over HTTP from an embedded engine.

    User and password are those of the settings (SLUICE_CLICKHOUSE__USERNAME, …__PASSWORD).
    """
    logging.basicConfig(
        level=log_level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    try:
        settings = load_settings().clickhouse
        account = Credentials(settings.username, settings.password.get_secret_value())
        with listen(host, port) as listener:
            engine = Engine(data, memory_limits())
            engine.open()
            try:
                uvloop.run(_run(Server(engine, account), listener))
            finally:
                engine.close()
    except SluiceError as error:
        sys.exit(f"error: {error}" + (f" ({error.hint})" if error.hint else ""))
    except OSError as error:
        sys.exit(f"error: cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}")


async def _run(server: Server, listener: socket.socket) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await serve(server, listener, stop)


if __name__ == "__main__":
    main()

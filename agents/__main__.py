"""Starts one worker: `python -m agents ROLE`. The command line and the containers start this."""

from __future__ import annotations

import asyncio
import importlib
import logging
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, cast

import click
import faust
import uvloop

from agents import garbage
from agents.app import build_app
from agents.delivery import RunConsumer, fail_stop
from agents.health import HealthServer
from agents.watchdog import Watchdog
from pipeline.config import Settings, load_settings
from pipeline.errors import RetryableError, SluiceError
from pipeline.metrics import Metrics

EXIT_TRY_AGAIN = 75
"""EX_TEMPFAIL of sysexits.h: a service did not answer, a later start may succeed."""
EXIT_CONFIG = 78
"""EX_CONFIG of sysexits.h: starting again will not help."""

logger = logging.getLogger("agents")


class Service(Protocol):
    """What a role needs running beside its agents, such as a producer."""

    async def start(self) -> None:
        """Connect."""

    async def stop(self) -> None:
        """Disconnect."""


Build = Callable[[faust.App, Settings, Metrics], Sequence[Service]]

ROLES = ("redactor", "aggregator", "detector", "sink")
"""Each is a module of this package with a function `build`."""


def build_of(role: str) -> Build:
    """Return what builds `role`.

    Its module is imported here and no other: what the redactor needs, spaCy and recognizers among
    it, takes 70 MB and a second or two, and nobody else needs it.
    """
    build: Build = importlib.import_module(f"agents.{role}").build
    return build


async def run(role: str, build: Build, settings: Settings) -> None:
    """Run the worker of `role` until SIGTERM or SIGINT, or until its app crashes."""
    stop = asyncio.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)

    app = build_app(role, settings)
    metrics = Metrics()

    def ready() -> bool:
        return cast(RunConsumer, app.consumer).is_settled()

    services = [
        *build(app, settings, metrics),
        HealthServer(settings.worker, metrics.registry, ready),
        garbage.MemoryReturn(),
    ]
    # detectors and word lists are there by now, and are not looked at again
    garbage.settle()
    for service in services:
        await service.start()
    logger.info("%s starts; health on port %d", role, settings.worker.port)
    await app.start()
    watchdog = Watchdog(
        settings.kafka,
        app.conf.id,
        lambda: cast(RunConsumer, app.consumer).source_partitions(),
        lambda: cast(RunConsumer, app.consumer).excused_at,
        seconds=settings.worker.standstill_seconds,
    )
    await watchdog.start()
    await _first_of(stop, app)
    if app.crashed:
        fail_stop(app.crash_reason or RuntimeError())
    logger.info("%s stops", role)
    await watchdog.stop()
    await app.stop()
    for service in reversed(services):
        await service.stop()
    logger.info("%s stopped", role)


async def _first_of(stop: asyncio.Event, app: faust.App) -> None:
    waits = [asyncio.ensure_future(stop.wait()), asyncio.ensure_future(app.wait_until_stopped())]
    _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()


@click.command()
@click.argument("role", type=click.Choice(sorted(ROLES)))
def main(role: str) -> None:
    """Run the worker of ROLE until SIGTERM or SIGINT."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    # it reports every timer that a busy handler delays by a fraction of a second
    logging.getLogger("mode.timers").setLevel(logging.WARNING)
    build = build_of(role)
    try:
        settings = load_settings()
        uvloop.run(run(role, build, settings))
    except SluiceError as error:
        logger.error("%s%s", error, f" ({error.hint})" if error.hint else "")
        sys.exit(EXIT_TRY_AGAIN if isinstance(error, RetryableError) else EXIT_CONFIG)


if __name__ == "__main__":
    main()

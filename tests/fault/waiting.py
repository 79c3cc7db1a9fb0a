"""Waits for the workers: as long as anything moves, and no longer."""

from __future__ import annotations

import asyncio
import time

from pipeline.adapters.kafka.admin import group_lags, topic_states
from pipeline.cli.console import err
from pipeline.config import Settings
from pipeline.errors import RetryableError

ROLES = ("redactor", "aggregator", "sink")
PATIENCE_SECONDS = 180.0
"""A harness that waits for so long without any progress gives up."""
REPORT_SECONDS = 15.0


class Patience:
    """Gives up when nothing has moved for a while, however long the whole may take."""

    def __init__(self, seconds: float = PATIENCE_SECONDS) -> None:
        self._seconds = seconds
        self._before: object = None
        self._moved = time.monotonic()

    def see(self, stand: object, what: str) -> None:
        """Take in how things stand; raise `AssertionError` when they stand still for too long."""
        now = time.monotonic()
        if stand != self._before:
            self._before, self._moved = stand, now
        assert now - self._moved < self._seconds, f"nothing moved for {self._seconds:.0f} s: {what}"


async def lag_by_role(settings: Settings) -> dict[str, int]:
    """Return how many messages wait for each role, as soon as the broker tells."""
    patience = Patience()
    while True:
        try:
            lags = await group_lags(settings.kafka, await topic_states(settings.kafka))
        except RetryableError as error:
            patience.see(None, str(error))
            await asyncio.sleep(1.0)
        else:
            found = {lag.group: sum(lag.lag.values()) for lag in lags}
            return {role: found.get(f"sluice-{role}", 0) for role in ROLES}


class Room:
    """Holds a load back while the redactor or the sink is too far behind; shows how it goes."""

    def __init__(self, settings: Settings, most: int) -> None:
        self._settings = settings
        self._most = most
        self._shown = time.monotonic()

    async def __call__(self, sent: int) -> None:
        """Wait until few enough messages wait, as long as they get fewer or more."""
        patience = Patience()
        while True:
            behind = await lag_by_role(self._settings)
            if time.monotonic() - self._shown > REPORT_SECONDS:
                self._shown = time.monotonic()
                err.print(f"[dim]{time.strftime('%H:%M:%S')}[/] {sent:,} sent, behind: {behind}")
            if max(behind.values(), default=0) <= self._most:
                return
            patience.see(behind, f"the workers are behind: {behind}")
            await asyncio.sleep(0.5)


async def settle(settings: Settings) -> None:
    """Wait until every group has committed all that its topics hold, and nothing new came of it.

    However long that takes, as long as anything moves.
    """
    wanted = {f"sluice-{role}" for role in ROLES}
    patience, shown = Patience(), time.monotonic()
    quiet = 0
    before: object = None
    while quiet < 2:
        try:
            states = await topic_states(settings.kafka)
            lags = [lag for lag in await group_lags(settings.kafka, states) if lag.group in wanted]
        except RetryableError as error:
            patience.see(None, str(error))
            await asyncio.sleep(1.0)
            continue
        source = {state.name: state.end_offsets for state in states}
        reads = {topic for lag in lags for topic in lag.lag}
        ends = {name: source[name] for name in reads}
        behind = {lag.group: sum(lag.lag.values()) for lag in lags}
        empty = not any(any(state.end_offsets.values()) for state in states)
        done = empty or (len(lags) == len(wanted) and not any(behind.values()))
        quiet = quiet + 1 if done and ends == before else 0
        before = ends
        patience.see((ends, behind), f"lag remains: {behind}")
        if time.monotonic() - shown > REPORT_SECONDS:
            shown = time.monotonic()
            err.print(f"[dim]{time.strftime('%H:%M:%S')}[/] behind: {behind}")
        await asyncio.sleep(0.5)

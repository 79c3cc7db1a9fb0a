"""The faults: each breaks something while events flow, as often as it is told."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import threading
import time

import psutil

from agents.watchdog import EXIT_STANDSTILL
from pipeline.local.process import State
from tests.fault.bench import Trial, eventually
from tests.fault.memory import MemoryWatch
from tests.fault.waiting import ROLES, Patience, lag_by_role

ON_DISK = {"SLUICE_AGGREGATION__STORE": "rocksdict"}
CAUGHT_UP = 2_000
"""Records that may be behind while events flow, a few seconds of them."""


async def nothing(trial: Trial) -> None:
    """Break nothing: what the oracle says of a quiet run."""


async def kill_9(trial: Trial) -> None:
    """Kill workers at random moments, one after the other."""
    draw = random.Random("kill -9")
    for number in range(trial.times):
        role = ROLES[number % len(ROLES)]
        await trial.ready(role)
        await asyncio.sleep(draw.uniform(0.2, 1.5))
        trial.stack.workers.crash(role)
        await trial.recovered(role)


async def kill_after_insert(trial: Trial) -> None:
    """Kill the sink when ClickHouse has answered an insert of events, before the sink knows it."""
    trial.stack.clickhouse.only_table = "events"
    killed = threading.Event()

    def kill() -> None:
        pid = trial.stack.workers.status("sink").pid
        if pid is not None and not killed.is_set():
            os.kill(pid, signal.SIGKILL)
            killed.set()

    for _ in range(trial.times):
        await trial.ready("sink")
        killed.clear()
        trial.stack.clickhouse.on_insert_reply = kill
        await eventually(killed.is_set, "an insert is answered")
        trial.stack.clickhouse.on_insert_reply = None
        await trial.recovered("sink")


async def rolling_restart(trial: Trial) -> None:
    """End workers with SIGTERM, one after the other; each has to be gone within 30 seconds."""
    longest = 0.0
    for number in range(trial.times):
        role = ROLES[number % len(ROLES)]
        await trial.ready(role)
        await asyncio.sleep(0.5)
        restarts = trial.stack.workers.status(role).restarts
        pid = trial.stack.workers.status(role).pid
        assert pid is not None
        began = time.monotonic()
        os.kill(pid, signal.SIGTERM)
        await eventually(lambda pid=pid: not psutil.pid_exists(pid), f"{role} ends", 60.0)
        longest = max(longest, time.monotonic() - began)
        assert trial.stack.workers.status(role).exit_code in (None, 0, -signal.SIGKILL)
        await trial.recovered(role)
        assert trial.stack.workers.status(role).restarts >= restarts
    trial.further["exit_seconds"] = round(longest, 1)
    assert longest <= 30.0


async def rebalance_storm(trial: Trial) -> None:
    """Let workers come and go: two to four of a role, and back."""
    roles = ("sink", "aggregator", "redactor")
    for number in range(trial.times):
        role = roles[number % len(roles)]
        names = [f"{role}-{extra}" for extra in (2, 3, 4)]
        await asyncio.gather(*(trial.start(role, name) for name in names[:2]))
        await trial.start(role, names[2])
        await asyncio.gather(*(trial.end(name, hard=name == names[0]) for name in names))
        await trial.recovered(role)


async def zombie(trial: Trial) -> None:
    """Stop a worker for longer than its session, and let it go on when another has taken over."""
    draw = random.Random("zombie")
    for number in range(trial.times):
        role = ("sink", "redactor", "aggregator")[number % 3]
        other = f"{role}-2"
        await trial.start(role, other)
        await trial.ready(role)
        await asyncio.sleep(draw.uniform(0.5, 1.5))
        trial.stack.workers.signal(role, signal.SIGSTOP)
        await asyncio.sleep(trial.stack.session_seconds + 2.0)
        await trial.recovered(role)
        trial.stack.workers.signal(role, signal.SIGCONT)
        await asyncio.sleep(3.0)
        await trial.end(other)
        await trial.recovered(role)


async def frozen_insert(trial: Trial) -> None:
    """Let a sink that stopped itself just before an insert go on when another has taken over."""
    await eventually(lambda: _is_stopped(trial, "sink"), "the sink stops")
    await trial.start("sink", "sink-2")
    await asyncio.sleep(trial.stack.session_seconds + 2.0)
    await trial.recovered("sink")
    trial.stack.workers.signal("sink", signal.SIGCONT)
    await asyncio.sleep(5.0)
    await trial.end("sink-2")
    await trial.recovered("sink")


def _is_stopped(trial: Trial, name: str) -> bool:
    pid = trial.stack.workers.status(name).pid
    return pid is not None and psutil.Process(pid).status() == psutil.STATUS_STOPPED


async def hang(trial: Trial) -> None:
    """Wait until the watchdog has ended a worker that hangs, and it is back."""
    await unforeseen(trial)
    assert trial.further["exit_code"] == EXIT_STANDSTILL


async def bounce_broker(trial: Trial) -> None:
    """End the broker, in order and with kill -9 in turn; it comes back by itself."""
    for number in range(trial.times):
        how = signal.SIGKILL if number % 2 else signal.SIGTERM
        pid = trial.stack.broker_pid()
        os.kill(pid, how)
        await eventually(lambda pid=pid: not psutil.pid_exists(pid), "the broker ends")
        began = time.monotonic()
        await eventually(trial.stack.broker_is_ready, "the broker is back")
        for role in ROLES:
            await trial.recovered(role)
        trial.recoveries.append(time.monotonic() - began)


async def clickhouse_away(trial: Trial) -> None:
    """Let ClickHouse be unreachable for long: memory stays flat, and the lag goes afterwards."""
    sink = psutil.Process(trial.stack.workers.status("sink").pid)
    with MemoryWatch(sink) as memory:
        await asyncio.sleep(5.0)
        memory.mark("idle")
        trial.stack.clickhouse.refuse()
        await asyncio.sleep(trial.seconds)
        lag = (await lag_by_role(trial.stack.settings))["sink"]
        memory.mark("during the outage")
        trial.stack.clickhouse.restore()
        await trial.recovered("sink")
        began = time.monotonic()
        await _until_caught_up(trial)
        seconds = time.monotonic() - began
        memory.mark("catching up")
        await asyncio.sleep(10.0)
        memory.mark("at rest again")
    trial.further |= {
        "outage_seconds": trial.seconds,
        "lag_at_its_end": lag,
        "catch_up_seconds": round(seconds, 1),
        **memory.figures(),
        "restarts": trial.stack.workers.status("sink").restarts,
    }
    assert sink.is_running(), "the sink did not live through the outage"


async def _until_caught_up(trial: Trial) -> None:
    """Wait until the sink is hardly behind, as long as it commits anything."""
    patience = Patience()
    while (lag := (await lag_by_role(trial.stack.settings))["sink"]) > CAUGHT_UP:
        patience.see(await trial.committed("sink"), f"{lag} records wait for the sink")
        await asyncio.sleep(0.5)


async def clickhouse_stalls(trial: Trial) -> None:
    """Let ClickHouse take bytes and say nothing, until the client gives up."""
    for _ in range(trial.times):
        trial.stack.clickhouse.stall()
        await asyncio.sleep(trial.seconds)
        trial.stack.clickhouse.restore()
        await trial.recovered("sink")


async def kafka_cut(trial: Trial) -> None:
    """Cut the workers' connections to Kafka, stall them, and delay them, in turn."""
    kafka = trial.stack.kafka
    for number in range(trial.times):
        if number % 3 == 0:
            kafka.cut()
            await asyncio.sleep(1.0)
        elif number % 3 == 1:
            kafka.stall()
            await asyncio.sleep(trial.stack.session_seconds + 3.0)
            kafka.restore()
        else:
            kafka.delay_seconds = 0.3
            await asyncio.sleep(5.0)
            kafka.delay_seconds = 0.0
        for role in ROLES:
            await trial.recovered(role)


async def drop_replies(trial: Trial) -> None:
    """Lose the replies of inserts that were executed."""
    proxy = trial.stack.clickhouse
    begun = proxy.dropped
    for number in range(1, trial.times + 1):
        proxy.drop_next_replies(1)
        await eventually(lambda n=number: proxy.dropped - begun >= n, "a reply is dropped")
    await trial.recovered("sink")
    trial.further["replies_dropped"] = proxy.dropped - begun


async def drop_replies_of_events(trial: Trial) -> None:
    """Lose replies of inserts of events alone."""
    trial.stack.clickhouse.only_table = "events"
    await drop_replies(trial)


async def spoil_state(trial: Trial) -> None:
    """Delete the aggregator's state on disk, or put an old copy in its place, in turn."""
    folder, copy = (trial.stack.data_dir / name for name in ("state", "state-copy"))

    async def start() -> None:
        await trial.start("aggregator", **ON_DISK, APP_DATADIR=str(folder))
        await trial.recovered("aggregator")

    await trial.end("aggregator")
    for number in range(trial.times):
        shutil.rmtree(copy, ignore_errors=True)
        await start()
        # in order, so that the files are whole; then on, so that the copy is old
        await trial.end("aggregator")
        assert any(path.is_file() for path in folder.rglob("*")), "no state on disk"
        if number % 2:
            shutil.copytree(folder, copy)
        await start()
        await trial.end("aggregator", hard=True)
        shutil.rmtree(folder)
        if copy.exists():
            shutil.copytree(copy, folder)
        await start()
        await trial.end("aggregator")
    await start()


async def unforeseen(trial: Trial) -> None:
    """Wait until the sabotaged worker has died of it and is back."""
    [role] = [name for name in trial.stack.running() if trial.stack.sabotaged(name)]
    await eventually(
        lambda: (
            trial.stack.workers.status(role).restarts > 0
            and trial.stack.workers.status(role).state is State.READY
        ),
        f"{role} dies and comes back",
    )
    await trial.recovered(role)
    trial.further["exit_code"] = trial.stack.workers.status(role).exit_code

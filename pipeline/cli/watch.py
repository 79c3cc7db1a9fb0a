"""`sluice watch`: alerts and modes as they are now, followed live."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import click
import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition
from rich.console import Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.options import client_options
from pipeline.cli.console import out
from pipeline.clock import SystemClock
from pipeline.config import KafkaSettings, load_settings
from pipeline.detection.alert import Alert, Status
from pipeline.detection.alertbook import CLOSED
from pipeline.detection.durations import HOUR, format_duration
from pipeline.detection.modes import Mode, ModeNotice
from pipeline.errors import InputError
from pipeline.topics import ALERTS, BACKPRESSURE

REFRESH_SECONDS = 1.0
CLOSED_FOR = HOUR
"""A resolved alert is shown for so long after its end."""
_STATUS_STYLES = {
    Status.FIRING: "bold red",
    Status.PENDING: "yellow",
    Status.RESOLVED: "green",
    Status.INACTIVE: "dim",
}
_MODE_STYLES = {Mode.NORMAL: "green", Mode.READ_ONLY: "yellow", Mode.ESCALATE: "bold red"}


@dataclass
class Board:
    """The latest record of each alert and each scope."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    modes: dict[str, ModeNotice] = field(default_factory=dict)

    def take(self, topic: str, value: bytes | None) -> None:
        """Take in one record; one that is none of ours is passed over."""
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, InputError):
            record = orjson.loads(value or b"")
            if topic == ALERTS.name:
                alert = Alert.from_record(record)
                self.alerts[alert.fingerprint] = alert
            else:
                notice = ModeNotice.from_record(record)
                self.modes[notice.scope.key] = notice

    def shown(self, now: float) -> list[Alert]:
        """Return open alerts and those that resolved lately, the ones that fire first."""
        order = list(_STATUS_STYLES)
        found = [
            alert
            for alert in self.alerts.values()
            if alert.status not in CLOSED
            or (alert.status is Status.RESOLVED and now - alert.updated_at < CLOSED_FOR)
        ]
        return sorted(found, key=lambda alert: (order.index(alert.status), -alert.active_since))

    def held(self, now: float) -> list[ModeNotice]:
        """Return the modes other than normal that have not expired."""
        return [
            notice
            for _, notice in sorted(self.modes.items())
            if notice.mode is not Mode.NORMAL and (notice.expires is None or now < notice.expires)
        ]


@click.command(name="watch")
@click.option("--once", is_flag=True, help="Print what holds now, and end.")
def command(once: bool) -> None:
    """Follow alerts and modes until Ctrl-C."""
    settings = load_settings()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_follow(settings.kafka, once=once))


async def _follow(settings: KafkaSettings, *, once: bool) -> None:
    clock = SystemClock()
    board = Board()
    states = await topic_states(settings, [ALERTS.name, BACKPRESSURE.name])
    ends = {
        TopicPartition(state.name, number): end
        for state in states
        for number, end in state.end_offsets.items()
    }
    consumer = AIOKafkaConsumer(**client_options(settings), auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign(list(ends))
        await consumer.seek_to_beginning(*ends)
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            await _read(consumer, board)
        if once:
            out.print(screen(board, clock.now()))
            return
        with Live(screen(board, clock.now()), console=out, auto_refresh=False) as live:
            while True:
                await _read(consumer, board)
                live.update(screen(board, clock.now()), refresh=True)
    finally:
        # aiokafka's coordinator without a group lets its own cancelled task's error through
        with contextlib.suppress(asyncio.CancelledError):
            await consumer.stop()


async def _read(consumer: AIOKafkaConsumer, board: Board) -> None:
    fetched = await consumer.getmany(timeout_ms=int(REFRESH_SECONDS * 1000))
    for partition, found in fetched.items():
        for record in found:
            board.take(partition.topic, record.value)


def screen(board: Board, now: float) -> Group:
    """Return what is shown at `now` (seconds since the epoch)."""
    return Group(_modes(board.held(now), now), Text(), _alerts(board.shown(now), now))


def _modes(notices: Iterable[ModeNotice], now: float) -> Table | Text:
    table = Table.grid(padding=(0, 2))
    for notice in notices:
        expires = "" if notice.expires is None else f"expires in {_span(notice.expires - now)}"
        table.add_row(
            Text(notice.mode.value, style=_MODE_STYLES[notice.mode]),
            escape(notice.scope.key),
            escape(notice.reason),
            f"for {_span(now - notice.since)}",
            expires,
        )
    return table if table.row_count else Text("all agents: normal", style="green")


def _alerts(alerts: Iterable[Alert], now: float) -> Table | Text:
    table = Table.grid(padding=(0, 2))
    for alert in alerts:
        since = alert.resolved_at or alert.active_since
        table.add_row(
            Text(alert.status.value, style=_STATUS_STYLES[alert.status]),
            f"[bold]{escape(alert.rule)}[/] {escape(_scope(alert.labels))}",
            f"{_span(now - since)} ago",
            f"{alert.value:.4g} against {alert.threshold:.4g}, {alert.sample_size:,} seen",
        )
        why = [alert.summary]
        if alert.silenced_by:
            why.append(f"silenced by {', '.join(alert.silenced_by)}")
        if alert.inhibited_by:
            why.append("explained by another alert")
        if alert.examples:
            why.append(f"trace {alert.examples[0]}")
        table.add_row("", Text("; ".join(why), style="dim"), "", "")
    return table if table.row_count else Text("no alerts", style="green")


def _scope(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{label}={name}" for label, name in sorted(labels.items()))


def _span(seconds: float) -> str:
    return format_duration(float(max(0, round(seconds))))

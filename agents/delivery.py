"""How Faust delivers here: the one place that knows.

Why nothing is lost, in one screen:

1. The unit of delivery is a `Run`: all records of one partition that one fetch returned. A handler
   gets whole runs, oldest first, and returns only when every output they caused was acknowledged.
2. Only then are the runs finished, and only finished runs are committed: the committed offset is
   the end of the last finished run. A run in flight can never be passed over, because the runs of
   one partition are finished in the order in which they were delivered (asserted).
3. A `RetryableError` is tried again in place, with backoff, for ever. Meanwhile fetching stops:
   what is fetched and not finished is bounded, in bytes over all topics (`agents.intake`).
   Heartbeats go on in the consumer's own thread.
4. Any other exception ends the process (`fail_stop`). Nothing is finished on the way out, so the
   supervisor's next process gets the same runs again.
5. When partitions are revoked, or the worker stops, the attempt in flight may end (and is
   committed); everything not begun is dropped unfinished. A run that outlives its assignment
   finishes nothing.

What a handler may assume: runs of a partition arrive in offset order and without overlap while the
assignment lasts; a partition is handled by one call at a time. What it may not: that it has not
seen a record before (delivery is at least once, so effects must be idempotent), nor that records of
different partitions come in any order.

This is the half that keeps events from being lost; `agents` has the whole on one screen.
`agents.run_consumer` holds the arithmetic (1, 2, 5), `agents.intake` the bound (3),
`agents.fail_stop` the end (4), `agents.state` the tables whose changes are acknowledged before they
count; the rest is below.

Why not plain Faust agents: Faust acks an event when the agent raises, can commit past an event in
flight (`_new_offset` is off by one, faust-streaming issue #606), and spends 60 µs on each message.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

import faust
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from agents.fail_stop import EXIT_UNFORESEEN, fail_stop
from agents.intake import MOST_RUNS
from agents.run_consumer import RunConsumer, RunTransport
from agents.runs import Handler, Run, Tick
from pipeline.errors import RetryableError

__all__ = [
    "EXIT_UNFORESEEN",
    "Handler",
    "Run",
    "RunConsumer",
    "RunTransport",
    "Tick",
    "deliver",
    "fail_stop",
]

logger = logging.getLogger(__name__)

BACKOFF = wait_exponential_jitter(multiplier=0.2, max=10.0)


class _RunSchema(faust.Schema[Any, Any]):
    """Hands a run through as it is; the handler parses, so that bad input is its own to refuse."""

    def compile(self, app: Any, **_: Any) -> Callable[..., Awaitable[Any]]:
        create_event = app.create_event

        async def decode(message: Any, *, propagate: bool = False) -> Any:
            del propagate
            return create_event(None, message.value, None, message)

        return decode


def deliver(
    app: faust.App,
    topic: str,
    handler: Handler,
    *,
    name: str,
    max_records: int,
    pace_seconds: float = 0.0,
    tick: Callable[[Tick], Awaitable[None]] | None = None,
    tick_seconds: float = 1.0,
) -> None:
    """Register an agent that hands the runs of `topic` to `handler`.

    All runs that wait are handed over together, up to about `max_records` records or half of what
    the worker may hold, so batches grow with the load and latency stays low without it.
    `pace_seconds` is the least time between two calls, for a handler whose calls are dear (an
    insert makes a part in ClickHouse). `tick` is called about every `tick_seconds`, never beside
    `handler`, under the same rules for what it raises (a `RetryableError` ends this tick; the next
    comes).
    """
    one_at_a_time = asyncio.Lock()

    async def agent(stream: Any) -> None:
        consumer = cast(RunConsumer, app.consumer)
        waiting = stream.channel.queue
        batch: list[Run] = []
        records = size = 0
        last_call = 0.0
        try:
            async for event in stream.noack().events():
                batch.append(event.value)
                records += len(event.value.records)
                size += consumer.intake.size_in(event.value)
                full = records >= max_records or consumer.intake.is_enough(size)
                if not full and waiting.empty():
                    await asyncio.sleep(max(0.0, last_call + pace_seconds - time.monotonic()))
                if not full and not waiting.empty():
                    continue
                last_call = time.monotonic()
                runs, batch, records, size = batch, [], 0, 0
                async with one_at_a_time:
                    await _until_done(consumer, handler, runs)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - an agent must not raise: Faust would go on
            fail_stop(error)

    async def on_timer() -> None:
        consumer = cast(RunConsumer, app.consumer)
        if tick is None or app.rebalancing or app.in_recovery or not consumer.flow_active:
            return
        try:
            async with one_at_a_time:
                now = await consumer.tick_of(topic)
                await consumer.attempt(lambda _: tick(now), [])
        except RetryableError as error:
            logger.warning("a tick failed, the next one comes: %s", error)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # noqa: BLE001 - as in the agent
            fail_stop(error)

    source = app.topic(topic, schema=_RunSchema())
    # what may wait is for the intake to say: a queue that fills holds up the runs of other topics,
    # which come the same way (`app.topic` has an argument for it, which it ignores)
    source.maxsize = MOST_RUNS
    app.agent(source, name=name, concurrency=1)(agent)
    if tick is not None:
        app.timer(tick_seconds)(on_timer)


async def _until_done(consumer: RunConsumer, handler: Handler, runs: list[Run]) -> None:
    """Try `runs` until they succeed or their assignment ends; other errors than retryable pass."""
    async for attempt in AsyncRetrying(
        retry=retry_if_exception_type(RetryableError), wait=BACKOFF, before_sleep=_report_retry
    ):
        with attempt:
            # a run whose partition was taken away meanwhile belongs to the next owner
            current = [run for run in runs if consumer.is_current(run)]
            if current:
                await consumer.attempt(handler, current)


def _report_retry(state: RetryCallState) -> None:
    error = state.outcome.exception() if state.outcome else None
    delay = state.next_action.sleep if state.next_action else 0.0
    logger.warning("try %d failed, again in %.1f s: %s", state.attempt_number, delay, error)

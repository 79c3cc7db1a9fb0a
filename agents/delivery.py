"""How Faust delivers here: the one place that knows.

Why nothing is lost, in one screen:

1. The unit of delivery is a `Run`: all records of one partition that one fetch returned. A handler
   gets whole runs, oldest first, and returns only when every output they caused was acknowledged.
2. Only then are the runs finished, and only finished runs are committed: the committed offset is
   the end of the last finished run. A run in flight can never be passed over, because the runs of
   one partition are finished in the order in which they were delivered (asserted).
3. A `RetryableError` is tried again in place, with backoff, for ever. Meanwhile fetching stops by
   itself: the queue behind the handler is short, and it is full. Heartbeats go on in the
   consumer's own thread.
4. Any other exception ends the process (`fail_stop`). Nothing is finished on the way out, so the
   supervisor's next process gets the same runs again.
5. When partitions are revoked, or the worker stops, the attempt in flight may end (and is
   committed); everything not begun is dropped unfinished. A run that outlives its assignment
   finishes nothing.

What a handler may assume: runs of a partition arrive in offset order and without overlap while the
assignment lasts; a partition is handled by one call at a time. What it may not: that it has not
seen a record before (delivery is at least once, so effects must be idempotent), nor that records of
different partitions come in any order.

Why not plain Faust agents: Faust acks an event when the agent raises, can commit past an event in
flight (`_new_offset` is off by one, faust-streaming issue #606), and spends 60 µs on each message.
"""

from __future__ import annotations

import asyncio
import logging
import os
import sys
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import faust
from aiokafka.errors import IllegalStateError
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception_type,
    wait_exponential_jitter,
)

from agents.lease import Lease, LeasedThread
from pipeline.errors import RetryableError

if TYPE_CHECKING:
    from aiokafka import ConsumerRecord

logger = logging.getLogger(__name__)

DRAIN_SECONDS = 25.0
"""How long an attempt in flight may take to end on revoke or stop, before the process gives up."""
BACKOFF = wait_exponential_jitter(multiplier=0.2, max=10.0)
EXIT_UNFORESEEN = 70
"""Exit code of `fail_stop` (EX_SOFTWARE of sysexits.h)."""


@dataclass(slots=True, eq=False)
class Run:
    """The records of one partition that one fetch returned, in offset order; never empty."""

    topic: str
    partition: int
    records: list[ConsumerRecord[bytes | None, bytes | None]]
    assignment: int
    """Which assignment of this worker it was fetched under; counts up with every rebalance."""
    after: int | None
    """End of the run delivered before it under this assignment; None for the first."""

    @property
    def first(self) -> int:
        """Offset of the first record."""
        return int(self.records[0].offset)

    @property
    def end(self) -> int:
        """Offset behind the last record: what a consumer commits when the run is finished."""
        return int(self.records[-1].offset) + 1


Handler = Callable[[list[Run]], Awaitable[None]]
"""Handles whole runs; returns when all their outputs are acknowledged, else raises."""


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a worker stands when its clock ticks."""

    assignment: int
    """The assignment that lasts, as in `Run`."""
    partitions: frozenset[int]
    """Partitions of the handler's topic that this worker has."""
    read_to_end: frozenset[int]
    """Those of them of which everything was handled that the broker had at the last fetch."""


def fail_stop(error: BaseException) -> None:
    """End the process at once, with nothing finished or committed on the way out.

    The log gets the kind of error and where it was raised. Its message is left out: it may quote
    the event, and logs must hold no event content.
    """
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(
        f"{frame.filename}:{frame.lineno} {frame.name}" for frame in reversed(frames)
    )
    logger.critical("unforeseen %s, the worker stops: %s", type(error).__qualname__, where)
    logging.shutdown()
    sys.stderr.flush()
    os._exit(EXIT_UNFORESEEN)


class RunConsumer(driver.Consumer):
    """Faust's consumer, delivering each fetched run of a source partition as one message.

    Changelog topics keep Faust's record-by-record delivery: table recovery needs it.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assignment_number = 0
        self.excused_at = 0.0
        """When a handler last said that it waits for a service; monotonic seconds."""
        self._delivered_end: dict[TP, int] = {}
        self._finished_end: dict[TP, int] = {}
        self._fetching = asyncio.Lock()
        self._attempts_in_flight = 0
        self._no_attempt = asyncio.Event()
        self._no_attempt.set()

    def _new_consumer_thread(self) -> LeasedThread:
        thread = LeasedThread(self, loop=self.loop, beacon=self.beacon)
        self.lease = thread.lease = Lease(self.app.conf.broker_session_timeout)
        return thread

    # -- in: from fetched records to messages that carry runs

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Yield one message for each fetched run (one for each record of a changelog topic)."""
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))  # mode's types do not know asyncio's
        async with self._fetching:
            number = self.assignment_number
            active = self._get_active_partitions()
            fetched = await self._getmany(active, timeout) if active else {}
        if not active:
            await self.sleep(timeout)
        for tp, records in fetched.items():
            if not records or not self._wanted(tp, active):
                continue
            for message in self._messages(tp, records, number):
                # what is left out here comes again: each such change ends in a `perform_seek`
                if number != self.assignment_number or not self.flow_active or self.should_stop:
                    return
                yield tp, message

    def _wanted(self, tp: TP, active: set[TP]) -> bool:
        return tp in active or tp in self._buffered_partitions

    def _messages(self, tp: TP, fetched: list[Any], number: int) -> Iterator[ConsumerMessage]:
        if self._is_changelog_tp(tp):
            for record in fetched:
                yield self._to_message(tp, record)
            return
        if number != self.assignment_number:
            return
        run = Run(tp.topic, tp.partition, fetched, number, self._delivered_end.get(tp))
        self._delivered_end[tp] = run.end
        message = self._to_message(tp, fetched[-1])
        message.value = cast(Any, run)  # Faust says bytes, and passes on whatever it is
        yield message

    # -- out: from finished runs to committed offsets

    def source_partitions(self) -> set[tuple[str, int]]:
        """Return topic and partition of what this worker reads; for other threads, too."""
        try:
            assigned = self.assignment()
        except ConsumerNotStarted:
            return set()
        return {(tp.topic, tp.partition) for tp in assigned if not self._is_changelog_tp(tp)}

    def is_current(self, run: Run) -> bool:
        """Tell whether the assignment that `run` was fetched under still lasts."""
        return run.assignment == self.assignment_number

    def finish(self, run: Run) -> None:
        """Mark `run` as done, so that the next commit covers it, unless its assignment ended."""
        if not self.is_current(run):
            return
        tp = TP(run.topic, run.partition)
        finished = self._finished_end.get(tp)
        if finished != run.after:
            raise AssertionError(f"runs of {tp} finished out of order: {finished} != {run.after}")
        self._finished_end[tp] = run.end

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (
            tp for tp in self._finished_end if topics is None or tp in topics or tp.topic in topics
        )

    def _new_offset(self, tp: TP) -> int | None:
        return self._finished_end.get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: a run's end already lies behind the gaps inside and before it."""

    # -- rebalance and stop

    async def wait_empty(self) -> None:
        """Let the attempt in flight end, commit what is finished, drop the rest.

        Faust calls this (`stream_wait_empty`) when partitions are revoked and when the app stops,
        after it has stopped the flow and emptied the queues.
        """
        try:
            await asyncio.wait_for(self._no_attempt.wait(), DRAIN_SECONDS)
        except TimeoutError as error:
            # going on would let this attempt's outputs mix with those of the next owner
            fail_stop(error)
        await self.commit_and_end_transactions()
        self._begin_assignment()

    async def perform_seek(self) -> None:
        """Go back to the committed offsets; what was delivered from here on comes again.

        No fetch may be under way meanwhile: its records would be from before the seek, and
        delivered after it. And every partition has to move: Faust leaves one without a committed
        offset where it stands, although records of it may have been fetched and dropped.
        """
        async with self._fetching:
            self._begin_assignment()
            await super().perform_seek()
            fresh = [
                tp
                for tp in self.assignment()
                if not self._committed_offset.get(tp) and not self._is_changelog_tp(tp)
            ]
            if fresh:
                await self._thread.seek_to_beginning(*map(driver.ensure_aiokafka_TP, fresh))

    def _begin_assignment(self) -> None:
        self.assignment_number += 1
        self._delivered_end.clear()
        self._finished_end.clear()

    async def tick_of(self, topic: str) -> Tick:
        """Return where this worker stands in `topic`."""
        assigned = [tp for tp in self.assignment() if tp.topic == topic]
        return Tick(
            self.assignment_number,
            frozenset(tp.partition for tp in assigned),
            frozenset([tp.partition for tp in assigned if await self._is_read_to_end(tp)]),
        )

    async def _is_read_to_end(self, tp: TP) -> bool:
        finished = self._finished_end.get(tp)
        if finished != self._delivered_end.get(tp):
            return False
        # None until the first fetch has come back
        highwater: int | None = self.highwater(tp)
        if highwater is None:
            return False
        try:
            at = await self.position(tp) if finished is None else finished
        except IllegalStateError:
            # a rebalance has just taken it away
            return False
        return at is not None and at >= highwater

    async def attempt(self, handler: Handler, runs: list[Run]) -> None:
        """Call `handler` once; a rebalance and a stop wait for its end."""
        self._attempts_in_flight += 1
        self._no_attempt.clear()
        try:
            await handler(runs)
            for run in runs:
                self.finish(run)
        except RetryableError:
            self.excused_at = time.monotonic()
            raise
        finally:
            self._attempts_in_flight -= 1
            if not self._attempts_in_flight:
                self._no_attempt.set()

    def verify_event_path(self, now: float, tp: TP) -> None:
        """Do nothing: Faust's check counts messages and logs errors while a handler retries."""


class RunTransport(driver.Transport):
    """Faust's Kafka transport with `RunConsumer` in it."""

    Consumer = RunConsumer


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

    All runs that wait are handed over together, up to about `max_records` records, so batches grow
    with the load and latency stays low without it. `pace_seconds` is the least time between two
    calls, for a handler whose calls are dear (an insert makes a part in ClickHouse). `tick` is
    called about every `tick_seconds`, never beside `handler`, under the same rules for what it
    raises (a `RetryableError` ends this tick; the next comes).
    """
    one_at_a_time = asyncio.Lock()

    async def agent(stream: Any) -> None:
        consumer = cast(RunConsumer, app.consumer)
        waiting = stream.channel.queue
        batch: list[Run] = []
        last_call = 0.0
        try:
            async for event in stream.noack().events():
                batch.append(event.value)
                full = sum(len(run.records) for run in batch) >= max_records
                if not full and waiting.empty():
                    await asyncio.sleep(max(0.0, last_call + pace_seconds - time.monotonic()))
                if not full and not waiting.empty():
                    continue
                last_call = time.monotonic()
                runs, batch = batch, []
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

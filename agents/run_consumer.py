"""Faust's consumer, taught to deliver whole runs and to commit exactly those that are finished."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any, cast

import uvloop
from aiokafka.errors import IllegalStateError
from faust.exceptions import ConsumerNotStarted
from faust.stores import memory
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from agents.changelog import ChangelogReader
from agents.fail_stop import fail_stop
from agents.intake import HELD_BYTES, Intake
from agents.lease import Lease, LeasedThread
from agents.runs import Handler, Run, Tick
from pipeline.adapters.kafka.compression import use_zstandard
from pipeline.adapters.kafka.fetched import Fetched
from pipeline.adapters.kafka.fetching import use_fetched_records
from pipeline.errors import RetryableError

FETCH_SECONDS = 0.2
"""How long the broker may hold a fetch that finds nothing; see `_Thread`."""
ROOM_SECONDS = 0.05
"""How soon a topic that had no room is looked at again."""
DRAIN_SECONDS = 25.0
"""How long an attempt in flight may take to end on revoke or stop, before the process gives up."""


class _Thread(LeasedThread):
    """The consumer's thread, with fetches that are not held for long.

    aiokafka has one fetch under way with a broker. It leaves out partitions of which records wait
    to be taken, as they do while a handler computes for a tenth of a second; so what comes to these
    meanwhile waits until that fetch is answered. Where the others are quiet, such as dead letters
    and silences, the broker answers when its time is over: Faust says 1.5 s, and has no setting.
    """

    def _create_worker_consumer(self, transport: Any) -> Any:
        use_fetched_records()
        use_zstandard()
        consumer: Any = super()._create_worker_consumer(transport)
        # both are read when it starts
        consumer._fetch_max_wait_ms = int(FETCH_SECONDS * 1000)
        consumer._fetch_min_bytes = transport.fetch_bytes
        return consumer


class RunConsumer(driver.Consumer):
    """Faust's consumer, delivering each fetched run of a source partition as one message.

    Changelog topics keep Faust's record-by-record delivery, which table recovery needs, but only of
    the last record of each key: see `agents.changelog`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.assignment_number = 0
        self.excused_at = 0.0
        """When a handler last said that it waits for a service; monotonic seconds."""
        self.intake = Intake(HELD_BYTES)
        self._delivered_end: dict[TP, int] = {}
        self._finished_end: dict[TP, int] = {}
        self._changelogs = ChangelogReader(self._starts_empty)
        self._fetching = asyncio.Lock()
        self._attempts_in_flight = 0
        self._no_attempt = asyncio.Event()
        self._no_attempt.set()

    def _new_consumer_thread(self) -> LeasedThread:
        # Faust's own choice would be asyncio's loop; this thread waits for the brokers all the time
        loop = uvloop.new_event_loop()
        thread = _Thread(self, loop=self.loop, thread_loop=loop, beacon=self.beacon)
        thread._close_thread_loop_on_stop = True
        self.lease = thread.lease = Lease(self.app.conf.broker_session_timeout)
        return thread

    # -- in: from fetched records to messages that carry runs

    async def getmany(self, timeout: float) -> AsyncIterator[tuple[TP, ConsumerMessage]]:
        """Yield one message for each fetched run; of a changelog, one for each key."""
        if not self.flow_active:
            await self.wait(cast(Any, self.can_resume_flow))  # mode's types do not know asyncio's
        async with self._fetching:
            number = self.assignment_number
            active = self._get_active_partitions()
            open_now = {tp for tp in active if self._has_room(tp)}
            # room comes without a word to whoever waits for other topics' records
            timeout = timeout if len(open_now) == len(active) else ROOM_SECONDS
            fetched = await self._getmany(open_now, timeout) if open_now else {}
        if not open_now:
            await self.sleep(timeout)
        for tp, records in fetched.items():
            if not records or tp not in active:
                continue
            for message in self._messages(tp, records, number):
                # what is left out here comes again: each such change ends in a `perform_seek`
                if number != self.assignment_number or not self.flow_active or self.should_stop:
                    return
                yield tp, message

    def on_buffer_full(self, tp: TP) -> None:
        """Do nothing: `agents.intake` bounds what waits.

        Faust would stop taking records of `tp`, by the number of runs that wait and not by their
        size. Nobody wakes whoever waits for other topics' records when it may be read again: a
        second in which nothing is handled.
        """

    def _has_room(self, tp: TP) -> bool:
        return self._is_changelog_tp(tp) or self.intake.may_fetch(tp.topic)

    def _messages(self, tp: TP, fetched: list[Fetched], number: int) -> Iterator[ConsumerMessage]:
        if self._is_changelog_tp(tp):
            for record in self._changelogs.take(tp, fetched, self._end_of(tp)):
                yield self._to_message(tp, record)
            return
        if number != self.assignment_number:
            return
        run = Run(tp.topic, tp.partition, fetched, number, self._delivered_end.get(tp))
        self._delivered_end[tp] = run.end
        self.intake.take(run)
        message = self._to_message(tp, fetched[-1])
        message.value = cast(Any, run)  # Faust says bytes, and passes on whatever it is
        yield message

    def _to_message(self, tp: TP, record: Fetched) -> ConsumerMessage:
        return ConsumerMessage(
            tp.topic,
            tp.partition,
            record.offset,
            record.timestamp / 1000.0,
            0,
            [],
            record.key,
            record.value,
            None,
            tp=tp,
            generation_id=self.app.consumer_generation_id,
        )

    def _starts_empty(self, changelog: TP) -> bool:
        """Tell whether the store behind a changelog remembers nothing of an earlier process.

        One on disk may, even where Faust knows no offset of it.
        """
        return all(
            isinstance(table.data, memory.Store)
            for table in self.app.tables.values()
            if table.changelog_topic.get_topic_name() == changelog.topic
        )

    def _end_of(self, tp: TP) -> int | None:
        """Return where the broker said that `tp` ends; None if it is not ours any more."""
        if tp not in self.assignment():
            return None
        try:
            return self.highwater(tp)
        except (AssertionError, AttributeError, IllegalStateError):
            # taken away in this very moment, by the consumer's thread
            return None

    # -- out: from finished runs to committed offsets

    def source_partitions(self) -> set[tuple[str, int]]:
        """Return topic and partition of what this worker reads; for other threads, too."""
        try:
            assigned = self.assignment()
        except ConsumerNotStarted:
            return set()
        return {(tp.topic, tp.partition) for tp in assigned if not self._is_changelog_tp(tp)}

    def is_settled(self) -> bool:
        """Tell whether it has joined its group and no rebalance is under way.

        Where workers are more than partitions some get none: they stand by, and are ready to.
        """
        return bool(self.app.rebalancing_count and not self.app.rebalancing and self.flow_active)

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
        self.intake.give_back(run)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        return (
            tp for tp in self._finished_end if topics is None or tp in topics or tp.topic in topics
        )

    def _new_offset(self, tp: TP) -> int | None:
        return self._finished_end.get(tp)

    async def _add_gap(self, tp: TP, offset_from: int, offset_to: int) -> None:
        """Do nothing: a run's end already lies behind the gaps inside and before it."""

    # -- rebalance and stop

    async def seek_wait(self, partitions: Mapping[TP, int]) -> None:
        """Go to `partitions`' offsets; recovery does this with changelogs before it reads them."""
        async with self._fetching:
            for tp in partitions:
                self._changelogs.forget(tp)
            await super().seek_wait(partitions)

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
        self.intake.clear()

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
    fetch_bytes = 1
    """What a fetch waits for, but no longer than `FETCH_SECONDS`."""

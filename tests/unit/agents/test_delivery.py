"""The commit arithmetic of `RunConsumer`, without a broker."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from agents.app import build_app
from agents.delivery import Run, RunConsumer
from agents.delivery import deliver as register
from agents.intake import MOST_RUNS, Intake
from agents.run_consumer import FETCH_SECONDS
from pipeline.adapters.kafka.fetched import RECORD_BYTES
from pipeline.config import Settings

SOURCE = TP("agent.events.raw", 0)


@pytest.fixture(autouse=True, scope="module")
def _faust_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep the folder that Faust makes for an app out of the checkout."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("APP_DATADIR", str(tmp_path_factory.mktemp("faust")))
        yield


class Fetched:
    """A consumer record, as far as delivery looks at it."""

    def __init__(self, offset: int, tp: TP = SOURCE) -> None:
        self.offset = offset
        self.topic, self.partition = tp
        self.timestamp, self.timestamp_type = 0, 0
        self.headers, self.checksum = [], None
        self.key, self.value = None, b""
        self.serialized_key_size = self.serialized_value_size = 0


async def make_consumer() -> RunConsumer:
    app = build_app("test", Settings())

    async def ignore(*_: Any) -> None: ...

    consumer = app.transport.create_consumer(
        callback=ignore, on_partitions_revoked=ignore, on_partitions_assigned=ignore
    )
    assert isinstance(consumer, RunConsumer)
    return consumer


def deliver(consumer: RunConsumer, offsets: range) -> Run:
    fetched = [Fetched(offset) for offset in offsets]
    [message] = consumer._messages(SOURCE, fetched, consumer.assignment_number)
    assert isinstance(message.value, Run)
    return message.value


def committable(consumer: RunConsumer) -> int | None:
    return dict(consumer._filter_committable_offsets([SOURCE])).get(SOURCE)


async def test_a_run_in_flight_is_never_passed_over() -> None:
    """faust-streaming #606: with 31 committed and only 32 acked, Faust commits 33."""
    consumer = await make_consumer()
    consumer._committed_offset[SOURCE] = 31
    in_flight = deliver(consumer, range(31, 32))
    later = deliver(consumer, range(32, 33))
    assert committable(consumer) is None
    with pytest.raises(AssertionError, match="out of order"):
        consumer.finish(later)
    assert committable(consumer) is None
    consumer.finish(in_flight)
    assert committable(consumer) == 32


async def test_the_end_of_the_last_finished_run_is_committed() -> None:
    consumer = await make_consumer()
    first, second = deliver(consumer, range(0, 10)), deliver(consumer, range(10, 15))
    consumer.finish(first)
    assert committable(consumer) == 10
    consumer.finish(second)
    assert committable(consumer) == 15


async def test_gaps_between_offsets_do_not_hold_the_commit_back() -> None:
    """Compaction and transaction markers leave holes in a partition's offsets."""
    consumer = await make_consumer()
    first, second = deliver(consumer, range(0, 3)), deliver(consumer, range(90, 93))
    consumer.finish(first)
    consumer.finish(second)
    assert committable(consumer) == 93


async def test_a_run_that_outlived_its_assignment_finishes_nothing() -> None:
    consumer = await make_consumer()
    old = deliver(consumer, range(0, 10))
    consumer._begin_assignment()
    again = deliver(consumer, range(0, 10))
    consumer.finish(old)
    assert committable(consumer) is None
    consumer.finish(again)
    assert committable(consumer) == 10


async def test_a_failed_attempt_finishes_nothing() -> None:
    consumer = await make_consumer()
    run = deliver(consumer, range(0, 10))

    async def fail(_: list[Run]) -> None:
        raise OSError

    with pytest.raises(OSError):  # noqa: PT011 - any message
        await consumer.attempt(fail, [run])
    assert committable(consumer) is None


async def test_a_revoke_waits_for_the_attempt_in_flight_and_commits_it() -> None:
    consumer = await make_consumer()
    run = deliver(consumer, range(0, 10))
    may_end, committed = asyncio.Event(), []

    async def slow(_: list[Run]) -> None:
        await may_end.wait()

    async def commit(*_: Any, **__: Any) -> bool:
        committed.append(committable(consumer))
        return True

    consumer.commit = commit
    attempt = asyncio.ensure_future(consumer.attempt(slow, [run]))
    await asyncio.sleep(0)
    revoke = asyncio.ensure_future(consumer.wait_empty())
    await asyncio.sleep(0.01)
    assert not revoke.done()
    may_end.set()
    await asyncio.gather(attempt, revoke)
    assert committed == [10]
    assert not consumer.is_current(run)


async def test_a_worker_that_stands_by_without_partitions_is_ready() -> None:
    """With three workers and four partitions Faust may give the third none: its start failed."""
    consumer = await make_consumer()
    assert not consumer.is_settled(), "it has not joined its group"
    consumer.app.on_rebalance_start()
    consumer.stop_flow()
    assert not consumer.is_settled()
    consumer.app.on_rebalance_end()
    assert not consumer.is_settled(), "recovery has not resumed the flow"
    consumer.resume_flow()
    assert consumer.is_settled()


class Broker:
    """As much of the consumer's thread as a seek needs: one partition, and where it is read."""

    def __init__(self, committed: int | None) -> None:
        self.committed = committed
        self.position = 50

    def assignment(self) -> set[TP]:
        return {SOURCE}

    async def seek_to_committed(self) -> dict[TP, int | None]:
        if self.committed:  # aiokafka leaves a partition where it is when nothing is committed
            self.position = self.committed
        return {SOURCE: self.committed}

    async def seek_to_beginning(self, *_: Any) -> None:
        self.position = 0


@pytest.mark.parametrize(("committed", "position"), [(None, 0), (0, 0), (7, 7)])
async def test_a_seek_moves_every_partition_to_what_is_committed(
    committed: int | None, position: int
) -> None:
    """Records fetched before a rebalance ended were dropped, and never came again."""
    consumer = await make_consumer()
    consumer._thread = broker = Broker(committed)
    dropped = deliver(consumer, range(10, 50))
    await consumer.perform_seek()
    assert broker.position == position
    assert not consumer.is_current(dropped)


async def test_a_seek_waits_for_the_fetch_under_way() -> None:
    consumer = await make_consumer()
    consumer._thread = Broker(7)
    consumer._set_active_tps({SOURCE})
    consumer.resume_flow()
    may_end = asyncio.Event()

    async def slow_fetch(*_: Any) -> dict[TP, list[Fetched]]:
        await may_end.wait()
        return {SOURCE: [Fetched(50)]}

    consumer._getmany = slow_fetch
    before = consumer.assignment_number
    fetch = asyncio.ensure_future(_all(consumer.getmany(1.0)))
    await asyncio.sleep(0)
    seek = asyncio.ensure_future(consumer.perform_seek())
    await asyncio.sleep(0.01)
    assert not seek.done()
    may_end.set()
    delivered, _ = await asyncio.gather(fetch, seek)
    assert all(message.value.assignment == before for _, message in delivered)
    assert consumer.assignment_number > before


async def test_what_is_fetched_and_not_finished_is_bounded_over_all_topics() -> None:
    """Through a long outage the sink grew from 166 to 709 MiB: five topics, each with a queue."""
    consumer = await make_consumer()
    topics = [TP(f"topic-{number}", 0) for number in range(5)]
    consumer._set_active_tps(set(topics))
    consumer.resume_flow()
    consumer.intake = Intake(limit := 50 * RECORD_BYTES)
    ends = dict.fromkeys(topics, 0)

    async def fetch(wanted: set[TP], timeout: float) -> dict[TP, list[Fetched]]:
        fetched = {}
        for tp in wanted:
            fetched[tp] = [Fetched(ends[tp] + number, tp) for number in range(10)]
            ends[tp] += 10
        return fetched

    consumer._getmany = fetch
    held: list[Run] = []
    for _ in range(40):
        held += [message.value for _, message in await _all(consumer.getmany(0.01))]
    one_fetch_of_each = 5 * 10 * RECORD_BYTES
    assert limit <= consumer.intake.held <= limit + one_fetch_of_each
    # a topic of which nothing is held goes on, whatever the others wait for
    for run in held:
        if run.topic == topics[0].topic:
            consumer.finish(run)
    more = await _all(consumer.getmany(0.01))
    assert {tp for tp, _ in more} >= {topics[0]}
    # and all go on when the handlers do
    for run in [*held, *(message.value for _, message in more)]:
        if run.topic != topics[0].topic or run not in held:
            consumer.finish(run)
    assert consumer.intake.held == 0
    assert {tp for tp, _ in await _all(consumer.getmany(0.01))} == set(topics)


async def test_what_an_ended_assignment_delivered_takes_no_room() -> None:
    consumer = await make_consumer()
    deliver(consumer, range(10))
    old = deliver(consumer, range(10, 20))
    consumer._begin_assignment()
    assert consumer.intake.held == 0
    consumer.finish(old)
    assert consumer.intake.held == 0


async def _all(messages: Any) -> list[Any]:
    return [message async for message in messages]


@given(st.lists(st.sampled_from(["deliver", "finish", "revoke"]), max_size=40))
def test_nothing_unfinished_is_ever_committed(steps: list[str]) -> None:
    async def play() -> None:
        consumer = await make_consumer()
        committed = position = 0
        in_flight: list[Run] = []
        for step in steps:
            if step == "deliver":
                in_flight.append(deliver(consumer, range(position, position + 3)))
                position += 3
            elif step == "finish" and in_flight:
                consumer.finish(in_flight.pop(0))
            elif step == "revoke":
                consumer._begin_assignment()
                position = committed
                in_flight.clear()
            committed = committable(consumer) or committed
            oldest_unfinished = in_flight[0].first if in_flight else position
            assert committed <= oldest_unfinished

    asyncio.run(play())


async def test_the_intake_alone_says_when_no_more_is_taken() -> None:
    """Faust stopped at 12 runs; a worker then waited a second for records of other topics."""
    consumer = await make_consumer()
    consumer._set_active_tps({SOURCE})
    consumer.on_buffer_full(SOURCE)
    assert consumer._get_active_partitions() == {SOURCE}


async def test_no_topic_waits_for_another_one_whose_runs_are_many() -> None:
    app = build_app("test", Settings())

    async def ignore(_: list[Run]) -> None: ...

    register(app, SOURCE.topic, ignore, name="many-runs", max_records=1)
    [agent] = app.agents.values()
    # as Faust makes it for each actor
    assert agent.channel.clone(is_iterator=True).queue.maxsize == MOST_RUNS


async def test_the_broker_holds_no_fetch_for_long() -> None:
    """A fetch of quiet partitions keeps aiokafka from asking for the others."""
    consumer = await make_consumer()
    client = consumer._thread._create_worker_consumer(consumer.transport)
    assert client._fetch_max_wait_ms == FETCH_SECONDS * 1000
    await client.stop()

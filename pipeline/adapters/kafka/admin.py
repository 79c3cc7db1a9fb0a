"""Topics from the catalogue, and what the broker says of them: offsets and the lag of groups."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import KafkaConnectionError, KafkaError, TopicAlreadyExistsError, for_code

from pipeline.adapters.kafka.options import client_options
from pipeline.config import KafkaSettings
from pipeline.errors import PermanentError, RetryableError, UnavailableError
from pipeline.topics import TOPICS, Topic

PROPAGATION_SECONDS = 30.0
PROPAGATION_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class ConfigDrift:
    """A topic configuration that differs from the catalogue."""

    topic: str
    name: str
    wanted: str
    actual: str


@dataclass(frozen=True)
class TopicChanges:
    """What `ensure_topics` did, and what it found but left alone."""

    created: tuple[str, ...] = ()
    raised: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Topic to its number of partitions before and after."""
    surplus: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    """Topic to its number of partitions and the smaller number that was asked for."""
    drift: tuple[ConfigDrift, ...] = ()


@dataclass(frozen=True)
class TopicState:
    """A topic as the broker has it; offsets by partition."""

    name: str
    begin_offsets: Mapping[int, int]
    end_offsets: Mapping[int, int]

    @property
    def partitions(self) -> int:
        """Number of partitions."""
        return len(self.end_offsets)

    @property
    def messages(self) -> int:
        """Offsets between begin and end: the messages held, before compaction."""
        return sum(self.end_offsets.values()) - sum(self.begin_offsets.values())


@dataclass(frozen=True)
class GroupLag:
    """A consumer group: its state in Kafka's words, and messages not yet done by topic."""

    group: str
    state: str
    members: int
    lag: Mapping[str, int]


async def ensure_topics(settings: KafkaSettings, topics: Sequence[Topic] = TOPICS) -> TopicChanges:
    """Create the topics that are missing and raise partitions where there are too few.

    Never lowers a number of partitions and never changes a configuration: both are reported.
    Returns when the broker shows the new partitions, each with a leader.
    Raises `UnavailableError` where no broker answers, `PermanentError` where it refuses.
    """
    wanted = {topic.name: topic.partitions or settings.partitions for topic in topics}
    async with _admin(settings) as admin:
        actual = {
            entry["topic"]: len(entry["partitions"])
            for entry in await admin.describe_topics()
            if entry["topic"] in wanted
        }
        missing = [topic for topic in topics if topic.name not in actual]
        if missing:
            await _create(admin, missing, settings)
        raised = {
            name: (count, wanted[name]) for name, count in actual.items() if count < wanted[name]
        }
        if raised:
            await admin.create_partitions(
                {name: NewPartitions(total_count=after) for name, (_, after) in raised.items()}
            )
        await _await_partitions(
            admin, {name: wanted[name] for name in (*(topic.name for topic in missing), *raised)}
        )
        existing = [topic for topic in topics if topic.name in actual]
        return TopicChanges(
            created=tuple(topic.name for topic in missing),
            raised=raised,
            surplus={
                name: (count, wanted[name])
                for name, count in actual.items()
                if count > wanted[name]
            },
            drift=tuple(await _drift(admin, existing, settings)),
        )


async def ensure_coordinator(settings: KafkaSettings) -> None:
    """Have Kafka create its topic of committed offsets, which it does when first asked for it.

    Raises `RetryableError` until that is done; a consumer that comes before it logs errors.
    """
    async with _admin(settings) as admin:
        await admin.find_coordinator("sluice")


async def topic_states(
    settings: KafkaSettings, names: Iterable[str] | None = None
) -> list[TopicState]:
    """Return the state of the named topics, sorted by name; None: all but Kafka's own.

    A name that the broker does not know is left out.
    """
    only = None if names is None else set(names)
    async with _admin(settings) as admin:
        partitions = {
            entry["topic"]: [partition["partition"] for partition in entry["partitions"]]
            for entry in await admin.describe_topics()
            if not entry["topic"].startswith("__") and (only is None or entry["topic"] in only)
        }
    begin, end = await _offsets(settings, partitions)
    return [
        TopicState(
            name,
            {number: begin[TopicPartition(name, number)] for number in sorted(numbers)},
            {number: end[TopicPartition(name, number)] for number in sorted(numbers)},
        )
        for name, numbers in sorted(partitions.items())
    ]


async def group_lags(settings: KafkaSettings, states: Sequence[TopicState]) -> list[GroupLag]:
    """Return every consumer group with its lag on the topics of `states`, sorted by name.

    A partition of a topic that the group reads, but where it has committed nothing yet, counts
    from the beginning.
    """
    lags = []
    async with _admin(settings) as admin:
        for group, _protocol in sorted(entry[:2] for entry in await admin.list_consumer_groups()):
            committed = await admin.list_consumer_group_offsets(group)
            described = (await admin.describe_consumer_groups([group]))[0].to_object()["groups"][0]
            lags.append(
                GroupLag(
                    group=group,
                    state=described["state"],
                    members=len(described["members"]),
                    lag=lag_by_topic(
                        {(tp.topic, tp.partition): meta.offset for tp, meta in committed.items()},
                        states,
                    ),
                )
            )
    return lags


async def committed_offsets(settings: KafkaSettings, group: str) -> dict[tuple[str, int], int]:
    """Return what `group` has committed, by topic and partition; nothing for an unknown group."""
    async with _admin(settings) as admin:
        found = await admin.list_consumer_group_offsets(group)
    return {(tp.topic, tp.partition): meta.offset for tp, meta in found.items() if meta.offset >= 0}


def lag_by_topic(
    committed: Mapping[tuple[str, int], int], states: Sequence[TopicState]
) -> dict[str, int]:
    """Return messages not yet committed by topic, for the topics with any committed offset."""
    topics = {topic for topic, _ in committed}
    return {
        state.name: sum(
            max(0, end - max(committed.get((state.name, number), 0), state.begin_offsets[number]))
            for number, end in state.end_offsets.items()
        )
        for state in states
        if state.name in topics
    }


@asynccontextmanager
async def _admin(settings: KafkaSettings) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_options(settings))
    try:
        with _translated(settings):
            await admin.start()
            yield admin
    finally:
        await admin.close()


@contextmanager
def _translated(settings: KafkaSettings) -> Iterator[None]:
    """Raise aiokafka's errors as ours; a message holds the address and user, never a password."""
    try:
        yield
    except (KafkaConnectionError, TimeoutError):
        user = (
            f" as user {settings.sasl_username}"
            if settings.security_protocol.startswith("SASL")
            else ""
        )
        raise UnavailableError(
            f"Kafka does not answer at {settings.bootstrap_servers}"
            f" ({settings.security_protocol}{user})"
        ) from None
    except KafkaError as error:
        kind = RetryableError if error.retriable else PermanentError
        raise kind(f"Kafka at {settings.bootstrap_servers}: {error}") from error


async def _await_partitions(admin: AIOKafkaAdminClient, wanted: Mapping[str, int]) -> None:
    """Return when the broker shows what the controller has agreed to; it lags a little behind."""
    async with asyncio.timeout(PROPAGATION_SECONDS):
        while wanted:
            held = {
                entry["topic"]: sum(partition["leader"] >= 0 for partition in entry["partitions"])
                for entry in await admin.describe_topics(list(wanted))
            }
            if all(held.get(name, 0) >= count for name, count in wanted.items()):
                return
            await asyncio.sleep(PROPAGATION_POLL_SECONDS)


async def _create(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], settings: KafkaSettings
) -> None:
    response = await admin.create_topics(
        [
            NewTopic(
                topic.name,
                num_partitions=topic.partitions or settings.partitions,
                replication_factor=settings.replication_factor,
                topic_configs=topic.config(min_insync_replicas=settings.min_insync_replicas),
            )
            for topic in topics
        ]
    )
    for name, code, *message in response.topic_errors:
        error = for_code(code)
        # another process may have created it in between: it used the same catalogue
        if code and error is not TopicAlreadyExistsError:
            raise error(f"cannot create topic {name}: {message[0] if message else ''}")


async def _drift(
    admin: AIOKafkaAdminClient, topics: Sequence[Topic], settings: KafkaSettings
) -> list[ConfigDrift]:
    if not topics:
        return []
    wanted = {
        topic.name: topic.config(min_insync_replicas=settings.min_insync_replicas)
        for topic in topics
    }
    responses = await admin.describe_configs(
        [
            ConfigResource(ConfigResourceType.TOPIC, name, configs=config)
            for name, config in wanted.items()
        ]
    )
    drift = []
    for response in responses:
        for code, message, _type, topic, entries in response.resources:
            if code:
                raise for_code(code)(f"cannot read the configuration of {topic}: {message}")
            actual = {entry[0]: entry[1] for entry in entries}
            drift += [
                ConfigDrift(topic, name, value, actual.get(name, ""))
                for name, value in wanted[topic].items()
                if actual.get(name) != value
            ]
    return sorted(drift, key=lambda item: (item.topic, item.name))


async def _offsets(
    settings: KafkaSettings, partitions: Mapping[str, Sequence[int]]
) -> tuple[Mapping[TopicPartition, int], Mapping[TopicPartition, int]]:
    """Return the first offset and the end offset of each partition."""
    wanted = [TopicPartition(name, number) for name, held in partitions.items() for number in held]
    if not wanted:
        return {}, {}
    consumer: Any = AIOKafkaConsumer(**client_options(settings))
    with _translated(settings):
        try:
            await consumer.start()
            return await consumer.beginning_offsets(wanted), await consumer.end_offsets(wanted)
        finally:
            await consumer.stop()

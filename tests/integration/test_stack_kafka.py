"""The broker of the local stack, with the topics of the catalogue."""

from __future__ import annotations

import dataclasses

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from pipeline.adapters.kafka.admin import ConfigDrift, ensure_topics, group_lags, topic_states
from pipeline.adapters.kafka.options import client_options, producer_options
from pipeline.config import KafkaSettings
from pipeline.errors import UnavailableError
from pipeline.local.stack import LocalStack
from pipeline.topics import TOPICS, Topic
from tests.services import PARTITIONS, free_ports

SCRATCH = Topic(name="test.scratch", key="any", value="any", retention_ms=60_000, partitions=2)


async def test_every_topic_of_the_catalogue_is_there(stack: LocalStack) -> None:
    states = await topic_states(stack.settings.kafka, [topic.name for topic in TOPICS])
    wanted = {topic.name: topic.partitions or PARTITIONS for topic in TOPICS}
    assert {state.name: state.partitions for state in states} == wanted


async def test_a_second_ensure_changes_nothing(stack: LocalStack) -> None:
    changes = await ensure_topics(stack.settings.kafka)
    assert (changes.created, changes.raised, changes.surplus, changes.drift) == ((), {}, {}, ())


async def test_partitions_are_raised_and_never_lowered(stack: LocalStack) -> None:
    kafka = stack.settings.kafka
    topic = dataclasses.replace(SCRATCH, name="test.partitions")
    assert (await ensure_topics(kafka, [topic])).created == (topic.name,)

    more = await ensure_topics(kafka, [dataclasses.replace(topic, partitions=5)])
    assert more.raised == {topic.name: (2, 5)}

    fewer = await ensure_topics(kafka, [topic])
    assert fewer.surplus == {topic.name: (5, 2)}
    assert (await topic_states(kafka, [topic.name]))[0].partitions == 5


async def test_a_changed_configuration_is_reported_and_left_alone(stack: LocalStack) -> None:
    topic = dataclasses.replace(SCRATCH, name="test.drift")
    await ensure_topics(stack.settings.kafka, [topic])
    changed = dataclasses.replace(topic, retention_ms=120_000)
    drift = (ConfigDrift(topic.name, "retention.ms", wanted="120000", actual="60000"),)
    for _ in range(2):
        assert (await ensure_topics(stack.settings.kafka, [changed])).drift == drift


async def test_lag_counts_what_a_group_has_not_committed(stack: LocalStack) -> None:
    kafka = stack.settings.kafka
    topic = dataclasses.replace(SCRATCH, name="test.lag")
    await ensure_topics(kafka, [topic])
    producer = AIOKafkaProducer(**producer_options(kafka))
    await producer.start()
    for number in range(10):
        await producer.send_and_wait(topic.name, b"x", partition=number % 2)
    await producer.stop()

    consumer = AIOKafkaConsumer(
        topic.name, group_id="test.lag", auto_offset_reset="earliest", **client_options(kafka)
    )
    await consumer.start()
    for _ in range(3):
        await consumer.getone()
    await consumer.commit()
    await consumer.stop()

    states = await topic_states(kafka, [topic.name])
    assert states[0].messages == 10
    lags = {lag.group: lag for lag in await group_lags(kafka, states)}
    assert lags["test.lag"].lag == {topic.name: 7}
    assert (lags["test.lag"].state, lags["test.lag"].members) == ("Empty", 0)


@pytest.mark.expects_error_logs
async def test_a_broker_that_is_away_is_named_in_one_line() -> None:
    port = free_ports(1)[0]
    with pytest.raises(UnavailableError, match=f"Kafka does not answer at 127.0.0.1:{port}"):
        await topic_states(KafkaSettings(bootstrap_servers=f"127.0.0.1:{port}"))

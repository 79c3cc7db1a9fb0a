"""The lag of a consumer group as the detector sees it, from the real broker."""

from __future__ import annotations

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from agents.lag_watch import LagWatch
from pipeline.adapters.kafka.options import client_options
from pipeline.local.stack import LocalStack
from pipeline.topics import EVENTS_RAW
from tests.pipeline_harness import event, events_as_messages, publish, until

GROUP = "lag-watch-test"


async def test_a_group_that_stands_is_behind_until_it_has_committed(stack: LocalStack) -> None:
    settings = stack.settings
    await publish(settings, events_as_messages([event("lag-1", "lag-watch")]))
    consumer = AIOKafkaConsumer(
        **client_options(settings.kafka), group_id=GROUP, enable_auto_commit=False
    )
    await consumer.start()
    unread = "lag-watch-test-of-an-empty-topic"
    never = "lag-watch-test-never-committed"
    # others share this broker, and publish to every topic that Sluice has
    admin = AIOKafkaAdminClient(**client_options(settings.kafka))
    await admin.start()
    await admin.create_topics([NewTopic(unread, num_partitions=2, replication_factor=1)])
    await admin.close()
    watch = LagWatch(
        settings.kafka, {GROUP: EVENTS_RAW.name, never: EVENTS_RAW.name, unread: unread}
    )
    await watch.start()
    try:
        partitions = [
            TopicPartition(EVENTS_RAW.name, number) for number in range(settings.kafka.partitions)
        ]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
        await until(lambda: watch.take().get(GROUP, 0.0) >= 4, "the group falls behind")
        await consumer.commit(await consumer.end_offsets(partitions))
        await until(lambda: watch.take().get(GROUP) == 0.0, "the group has caught up")
        seen: dict[str, float] = {}
        await until(lambda: bool(seen.update(watch.take()) or seen), "another look")
        assert seen[never] >= 4, "one that never committed has everything before it"
        assert seen[unread] == 0.0, "nothing was ever published"
    finally:
        await watch.stop()
        await consumer.stop()

"""`sluice publish`, `import` and `simulate` against the real broker: what they say is there."""

from __future__ import annotations

import asyncio
import gzip
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.adapters.kafka.admin import ensure_topics
from pipeline.adapters.kafka.batches import partition_for_key
from pipeline.cli.downstream import records
from pipeline.config import Settings
from pipeline.local.stack import LocalStack
from pipeline.topics import HOUR_MS, MIB, Topic
from tests.services import PARTITIONS

CHECKOUT = Path(__file__).resolve().parents[2]
START = "2026-01-31T12:00:00Z"
Published = list[tuple[int, bytes, bytes]]


class Target:
    """A topic of one test's own, and the command line that fills it."""

    def __init__(self, settings: Settings, topic: str) -> None:
        self.topic = topic
        self._settings = settings

    async def run(self, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        servers = self._settings.kafka.bootstrap_servers
        return await asyncio.to_thread(
            subprocess.run,
            [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments],
            env={"PATH": os.environ["PATH"], "SLUICE_KAFKA__BOOTSTRAP_SERVERS": servers},
            cwd=CHECKOUT,
            input=stdin,
            capture_output=True,
            check=False,
            timeout=120,
        )

    async def published(self) -> Published:
        return [
            (record.partition, record.key or b"", record.value or b"")
            async for record in records(self._settings.kafka, self.topic)
        ]


@pytest.fixture
async def target(stack: LocalStack) -> Target:
    name = f"test.publish.{uuid.uuid4().hex[:8]}"
    topic = Topic(name, "session_id", "events", HOUR_MS, max_message_bytes=16 * MIB)
    await ensure_topics(stack.settings.kafka, [topic])
    return Target(stack.settings, name)


def lines(count: int) -> list[bytes]:
    return [orjson.dumps({"session_id": f"s-{at % 7}", "n": at}) for at in range(count)]


async def test_publish_sends_the_bytes_it_is_given(target: Target, tmp_path: Path) -> None:
    given = [*lines(300), b'{"session_id": "s-1",  "spaced": NaN}', b"not json", b"\xff"]
    file = tmp_path / "events.ndjson.gz"
    file.write_bytes(gzip.compress(b"\n".join(given) + b"\n"))

    done = await target.run("publish", str(file), "--topic", target.topic, "--batch", "64")

    assert done.returncode == 0, done.stderr
    assert b"published 303 messages" in done.stdout
    assert sorted(value for _, _, value in await target.published()) == sorted(given)


async def test_a_session_stays_in_order_in_the_partition_every_client_would_choose(
    target: Target,
) -> None:
    await target.run("publish", "-", "--topic", target.topic, stdin=b"\n".join(lines(300)))

    by_key: dict[bytes, list[tuple[int, int]]] = {}
    for partition, key, value in await target.published():
        by_key.setdefault(key, []).append((partition, orjson.loads(value)["n"]))
    assert len(by_key) == 7
    for key, found in by_key.items():
        assert {partition for partition, _ in found} == {partition_for_key(key, PARTITIONS)}
        assert [number for _, number in found] == sorted(number for _, number in found)


async def test_an_oversize_event_reaches_the_topic_where_it_can_be_refused(target: Target) -> None:
    given = [b'{"a":"' + b"x" * 5_000_000 + b'"}', b'{"b":1}']

    done = await target.run("publish", "-", "--topic", target.topic, stdin=b"\n".join(given))

    assert done.returncode == 0, done.stderr
    assert sorted(value for _, _, value in await target.published()) == sorted(given)


async def test_an_array_is_sent_element_by_element(target: Target) -> None:
    given = lines(3)
    array = b"[\n  " + b",\n  ".join(given) + b"\n]"

    await target.run("publish", "-", "--topic", target.topic, stdin=array)

    assert sorted(value for _, _, value in await target.published()) == sorted(given)


async def test_import_sends_what_it_says_and_the_same_ids_again(
    target: Target, tmp_path: Path
) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}]
    file = tmp_path / "runs.jsonl"
    file.write_bytes(b"\n".join([orjson.dumps({"traj": messages, "reward": 1.0})] * 2 + [b"x"]))

    first = await target.run("import", str(file), "--topic", target.topic, "--start", START)
    await target.run("import", str(file), "--topic", target.topic, "--start", START)

    assert b"imported 2 runs as 8 events" in first.stdout
    assert b"1 skipped" in first.stdout
    values = [value for _, _, value in await target.published()]
    assert len(values) == 16
    assert len({orjson.loads(value)["event_id"] for value in values}) == 8


async def test_simulate_publishes_the_fleet_and_writes_its_truth(
    target: Target, tmp_path: Path
) -> None:
    truth = tmp_path / "truth.ndjson"
    fleet = ("simulate", "--seed", "5", "--start", START, "--sessions", "40", "--truth", str(truth))

    done = await target.run(*fleet, "--to", target.topic, "--incident", "bad_prompt,at=0s")

    assert done.returncode == 0, done.stderr
    published = {orjson.loads(value)["event_id"] for _, _, value in await target.published()}
    told = [orjson.loads(line) for line in truth.read_bytes().splitlines()]
    kinds: dict[str, list[dict[str, Any]]] = {}
    for line in told:
        kinds.setdefault(line["kind"], []).append(line)
    assert kinds.keys() == {"fleet", "incident", "planted", "session"}
    assert sum(session["events"] for session in kinds["session"]) == len(published)
    assert {line["event_id"] for line in kinds["planted"]} <= published


async def test_a_paced_fleet_arrives_whole(target: Target) -> None:
    done = await target.run("simulate", "--rate", "100", "--events", "150", "--to", target.topic)

    assert done.returncode == 0, done.stderr
    assert len(await target.published()) == 150


async def test_without_a_broker_there_is_one_clear_line(target: Target) -> None:
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from pipeline.cli import main; main()", "publish", "-"],
        env={"PATH": os.environ["PATH"], "SLUICE_KAFKA__BOOTSTRAP_SERVERS": "127.0.0.1:1"},
        cwd=CHECKOUT,
        input=b"{}",
        capture_output=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 1
    assert done.stderr.decode().splitlines()[0] == "error: no Kafka at 127.0.0.1:1"

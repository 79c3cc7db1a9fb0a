"""`sluice watch` and `sluice silence` against the real broker."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import orjson

from pipeline.adapters.kafka.batches import BatchProducer, Record
from pipeline.detection.alert import Alert, Status, fingerprint_of
from pipeline.detection.modes import Mode, ModeNotice, Scope
from pipeline.local.stack import LocalStack
from pipeline.topics import ALERTS, BACKPRESSURE

CHECKOUT = Path(__file__).resolve().parents[2]


async def sluice(stack: LocalStack, *arguments: str) -> subprocess.CompletedProcess[str]:
    servers = stack.settings.kafka.bootstrap_servers
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", "from pipeline.cli import main; main()", *arguments],
        env={
            "PATH": os.environ["PATH"],
            "SLUICE_KAFKA__BOOTSTRAP_SERVERS": servers,
            "COLUMNS": "160",
            "USER": "tester",
        },
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def alert(now: float) -> Alert:
    labels = {"tool": "watched-tool"}
    return Alert(
        rule="tool-success",
        labels=labels,
        fingerprint=fingerprint_of("tool-success", labels),
        episode="e" * 16,
        status=Status.FIRING,
        severity="critical",
        summary="Calls of this tool fail",
        active_since=now - 65,
        fired_at=now - 60,
        resolved_at=None,
        last_active=now,
        last_sent=now,
        updated_at=now,
        value=0.5,
        threshold=0.072,
        baseline=None,
        window_start=now - 300,
        window_end=now,
        sample_size=1200,
        ratio=7.0,
        hot_at=now,
        examples=("trace-of-a-failure",),
    )


async def test_alerts_and_modes_are_shown(stack: LocalStack) -> None:
    now = time.time()
    notices = [
        ModeNotice(Scope("tool", "watched-tool"), Mode.READ_ONLY, "tool-success", now, now, end)
        for end in (now + 300,)
    ]
    notices.append(ModeNotice(Scope("tool", "old"), Mode.ESCALATE, "x", now - 900, now, now - 1))
    producer = BatchProducer(stack.settings.kafka)
    await producer.start()
    await producer.send(
        ALERTS.name,
        [
            Record(alert(now).fingerprint.encode(), orjson.dumps(alert(now).to_record())),
            Record(b"broken", b"{"),
        ],
    )
    await producer.send(
        BACKPRESSURE.name,
        [Record(item.scope.key.encode(), orjson.dumps(item.to_record())) for item in notices],
    )
    await producer.stop()

    answer = await sluice(stack, "watch", "--once")
    assert answer.returncode == 0, answer.stderr
    assert re.search(r"read_only\s+tool:watched-tool\s+tool-success", answer.stdout)
    assert re.search(r"firing\s+tool-success tool=watched-tool", answer.stdout)
    assert "trace-of-a-failure" in answer.stdout
    # it has expired: the scope is normal
    assert "tool:old" not in answer.stdout


async def test_a_silence_is_added_listed_and_ended(stack: LocalStack) -> None:
    added = await sluice(stack, "silence", "add", "tool=watched-*", "--comment", "rebuild")
    assert added.returncode == 0, added.stderr
    found = re.match(r"silence (\w{8}) until", added.stdout)
    assert found is not None
    listed = await sluice(stack, "silence", "list")
    assert re.search(rf"{found[1]}\s+tool=watched-\*\s+until .* rebuild", listed.stdout)
    assert (await sluice(stack, "silence", "end", found[1])).returncode == 0
    assert found[1] not in (await sluice(stack, "silence", "list")).stdout
    again = await sluice(stack, "silence", "end", found[1])
    assert again.returncode == 1
    refused = await sluice(stack, "silence", "add", "nothing", "--comment", "x")
    assert refused.returncode == 1
    assert "LABEL=NAME" in refused.stderr

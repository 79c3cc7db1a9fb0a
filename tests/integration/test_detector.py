"""From a published event to an alert and a mode on their topics, kills in between included."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Any

import orjson

from pipeline.cli.downstream import records
from pipeline.local.process import State
from pipeline.local.stack import LocalStack
from pipeline.topics import ALERTS, BACKPRESSURE
from tests.pipeline_harness import counted, event, events_as_messages, publish, until
from tests.services import Workers

SECONDS = 14 * 60
BROKEN_FROM = 8 * 60
TOOL = "detector-test-tool"


def tool_calls(start: float) -> list[dict[str, Any]]:
    """Four calls a second of event time by forty sessions; from the eighth minute on they fail."""
    found = []
    for number in range(SECONDS * 4):
        failed = number / 4 >= BROKEN_FROM
        at = datetime.fromtimestamp(start + number / 4, UTC)
        found.append(
            event(
                f"det-{number}",
                f"det-{number % 40}",
                event_type="tool_call",
                tool_name=TOOL,
                call_id=f"det-call-{number}",
                attempt=1,
                status="error" if failed else "ok",
                **({"error_type": "Timeout"} if failed else {}),
                latency_ms=50.0 + number % 7,
                ts=at.isoformat(),
            )
        )
    return found


async def values(stack: LocalStack, topic: str) -> list[dict[str, Any]]:
    """Return what a topic holds, compacted or not, in order."""
    return [
        orjson.loads(item.value or b"{}") async for item in records(stack.settings.kafka, topic)
    ]


async def test_a_failing_tool_is_one_alert_and_one_mode_through_kills(
    fresh_stack: LocalStack,
) -> None:
    stack = fresh_stack
    with Workers(stack) as workers:
        for role in ("redactor", "aggregator", "detector", "sink"):
            workers.start(role)
        events = tool_calls(time.time() - SECONDS - 60)
        size = 240
        for start in range(0, len(events), size):
            await publish(stack.settings, events_as_messages(events[start : start + size]))
            if start in (size * 4, size * 9):
                for role in ("detector", "aggregator"):
                    await until(lambda: workers.status(role).state is State.READY, role)  # noqa: B023 - asked at once
                    workers.crash(role)
            await asyncio.sleep(0.3)

        firing: list[dict[str, Any]] = []
        modes: list[dict[str, Any]] = []
        end = time.monotonic() + 90
        # it fires by the slowest burn rate first, and asks for a mode some ticks later
        while not (firing and modes) and time.monotonic() < end:
            await asyncio.sleep(1)
            alerts = await values(stack, ALERTS.name)
            firing = [alert for alert in alerts if alert["status"] == "firing"]
            modes = await values(stack, BACKPRESSURE.name)
        assert {(alert["rule"], alert["labels"].get("tool")) for alert in firing} == {
            ("tool-success", TOOL)
        }
        assert len({alert["episode"] for alert in firing}) == 1
        assert {(mode["scope"]["kind"], mode["scope"]["name"]) for mode in modes} == {
            ("tool", TOOL)
        }
        assert modes[-1]["mode"] in {"read_only", "escalate"}

        def stored() -> bool:
            return counted(stack.settings, "alerts FINAL", "status = 'firing'") == 1

        await until(stored, "the alert's row")

        def windows() -> bool:
            # they follow the alerts of their tick
            return counted(stack.settings, "windows FINAL", f"labels['tool'] = '{TOOL}'") > 10

        await until(windows, "the windows' rows")

"""The agent of docs/alerts.md obeys: its code, as it stands there, with a broker that is none."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from pipeline.detection.modes import Mode, ModeNotice, Scope

PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"


class Consumer:
    """Yields what the topic holds."""

    messages: tuple[Any, ...] = ()

    def __init__(self, topic: str, **options: object) -> None:
        assert topic == "agent.backpressure"
        assert "group_id" not in options

    async def start(self) -> None:
        pass

    async def stop(self) -> None:
        pass

    async def __aiter__(self) -> AsyncIterator[Any]:
        for message in self.messages:
            yield message


def example() -> dict[str, Any]:
    [code] = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)

    async def call_refund_api(booking: str) -> str:
        return f"refunded {booking}"

    async def hand_over_to_a_person(booking: str) -> str:
        return f"a person has {booking}"

    names: dict[str, Any] = {
        "call_refund_api": call_refund_api,
        "hand_over_to_a_person": hand_over_to_a_person,
    }
    exec(compile(code, str(PAGE), "exec"), names)
    names["AIOKafkaConsumer"] = Consumer
    return names


@pytest.mark.parametrize(
    ("mode", "ends_in", "answer"),
    [
        (Mode.NORMAL, None, "refunded b1"),
        (Mode.READ_ONLY, 60.0, "I have noted your refund; it will be issued within the hour."),
        (Mode.ESCALATE, 60.0, "a person has b1"),
        # the detector is down: the notice was not renewed
        (Mode.ESCALATE, -1.0, "refunded b1"),
    ],
)
def test_it_does_what_its_mode_allows(mode: Mode, ends_in: float | None, answer: str) -> None:
    now = time.time()
    scope = Scope("tool", "refund_api")
    expires = None if ends_in is None else now + ends_in
    notice = ModeNotice(scope, mode, "tool-success", now - 100, now - 100, expires)
    value = orjson.dumps(notice.to_record())
    Consumer.messages = (SimpleNamespace(key=scope.key.encode(), value=value),)
    names = example()

    async def run() -> str:
        await names["follow_modes"]()
        return str(await names["issue_refund"]("b1"))

    assert asyncio.run(run()) == answer

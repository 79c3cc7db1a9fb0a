"""What the benchmark holds Sluice against still runs; how fast is another matter."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Iterator

import pytest

from pipeline.local.stack import LocalStack
from tests.bench.parts import drain
from tests.bench.parts.candidates.faust_delivery import NOT_COUNTED
from tests.bench.parts.candidates.run import measure
from tests.bench.parts.load import Load
from tests.services import stack_settings

EVENTS = 1_000


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Return a stack whose input topic holds enough for every candidate."""
    settings = stack_settings(tmp_path_factory.mktemp("candidates"))
    with LocalStack(settings, roles=()) as stack:
        load = Load(EVENTS, seed=7)
        count = 2 * NOT_COUNTED
        records = load.records(count, start=time.time() - count / 1_000, rate=1_000)
        asyncio.run(drain.publish(settings, records))
        yield stack


@pytest.mark.parametrize(
    ("name", "events"),
    [
        ("bare_loop", EVENTS),
        ("plain_faust", 20),
        ("faust_delivery", EVENTS),
        ("quix:redacted-lean", EVENTS),
    ],
)
def test_candidate_does_its_job(filled: LocalStack, name: str, events: int) -> None:
    steps: list[int] = []
    spent = measure(name, events, min(os.sched_getaffinity(0)), filled.environment, steps.append)
    assert spent.events >= events
    assert sum(steps) == spent.events
    assert spent.cpu_seconds > 0
    assert spent.seconds > 0

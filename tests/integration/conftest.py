"""The real broker and the real engine, once for all integration tests.

    async def test_something(stack, workers):
        workers.start("redactor")
        producer = AIOKafkaProducer(**producer_options(stack.settings.kafka))

A service that does not come up is a failure of the test, never a skip.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.local.stack import LocalStack
from tests.services import Workers, stack_settings


@pytest.fixture(scope="session", autouse=True)
def _settings_of_the_tests_alone() -> None:
    """Forget the developer's own settings: they would reach the processes that tests start."""
    for variable in [name for name in os.environ if name.startswith("SLUICE_")]:
        del os.environ[variable]


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """Kafka and ClickHouse with topics and tables, without workers, shared by all tests.

    Topics and tables keep what earlier tests wrote: use ids of your own and count those.
    """
    with LocalStack(stack_settings(tmp_path_factory.mktemp("stack")), roles=()) as running:
        yield running


@pytest.fixture
def fresh_stack(tmp_path: Path) -> Iterator[LocalStack]:
    """A stack of one test's own, empty; it takes some seconds to start."""
    with LocalStack(stack_settings(tmp_path / "stack"), roles=()) as running:
        yield running


@pytest.fixture
def workers(stack: LocalStack) -> Iterator[Workers]:
    """Workers against the shared stack, ended after the test."""
    with Workers(stack) as started:
        yield started

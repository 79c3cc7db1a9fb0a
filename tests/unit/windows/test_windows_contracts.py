"""What the aggregator and the detector publish fits the schemas, and reads back."""

from __future__ import annotations

from pathlib import Path

import jsonschema_rs
import orjson
import pytest

from pipeline.errors import InputError
from pipeline.tasks.budgets import Budget, BudgetPolicy
from pipeline.windows.batch import AggregatorConfig, Changes
from pipeline.windows.histories import Histories
from pipeline.windows.partial import Partial
from pipeline.windows.partition import PartitionAggregator
from pipeline.windows.stats import Window
from tests.unit.windows.fleet import START_MS, records, sessions, task_messages

SCHEMAS = Path(__file__).parents[3] / "schemas" / "topics"
CONFIG = AggregatorConfig(budgets=BudgetPolicy(Budget(tokens=3_000, tool_calls=2, cost_usd=0.01)))


def validator(name: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(orjson.loads((SCHEMAS / name).read_bytes()))


@pytest.fixture(scope="module")
def published() -> list[Changes]:
    aggregator = PartitionAggregator(3, CONFIG)
    events = records(sessions(1, 30))
    changes = [aggregator.apply(events[:100]), aggregator.apply(events[100:])]
    return [*changes, aggregator.tick(START_MS), aggregator.tick(START_MS + 10_000_000)]


def test_partials_fit_their_schema_and_read_back(published: list[Changes]) -> None:
    schema = validator("window_partial.v1.json")
    values = [value for changes in published for _, value in changes.partials]
    assert values
    for value in values:
        schema.validate(orjson.loads(value))
        partial = Partial.from_bytes(value)
        assert partial.partition == 3
        assert Partial.from_bytes(partial.to_bytes()) == partial


def test_messages_about_tasks_fit_their_schema(published: list[Changes]) -> None:
    schema = validator("task.v1.json")
    messages = [message for changes in published for message in task_messages(changes)]
    assert {message["kind"] for message in messages} == {"summary", "budget"}
    for message in messages:
        schema.validate(message)


def test_windows_fit_their_schema(published: list[Changes]) -> None:
    schema = validator("window.v1.json")
    histories = Histories()
    for changes in published:
        for key, value in changes.partials:
            partial = Partial.from_bytes(value)
            assert partial.key == key
            histories.apply(partial)
    for changes in published:
        for _, value in changes.partials:
            dimension = Partial.from_bytes(value).dimension
            for window in Window:
                stats = histories.window(dimension, window, histories.now_ms // 10_000 * 10_000)
                schema.validate(orjson.loads(stats.to_bytes(window.label)))


@pytest.mark.parametrize("value", [b"", b"[]", b"{}", b'{"schema_version": 2}', b"\xff"])
def test_what_is_no_partial_is_refused(value: bytes) -> None:
    with pytest.raises(InputError):
        Partial.from_bytes(value)

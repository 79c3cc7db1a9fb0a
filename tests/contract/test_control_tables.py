"""Tasks, windows and alerts in a real engine: rows replace themselves, SQL merges digests."""

from __future__ import annotations

import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents.delivery import Run
from agents.replacing_sink import ReplacingSinkStage
from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.adapters.clickhouse.writer import ClickHouseWriter
from pipeline.config import ClickHouseSettings
from pipeline.detection.alert import Alert, Status
from pipeline.metrics import Metrics
from pipeline.storage.control_tables import ALERTS, TASKS, WINDOWS, read_record, read_task
from pipeline.storage.tables import Table
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.pane import Resolution
from pipeline.windows.partial import Partial, PartialPane
from pipeline.windows.stats import Window
from tests.contract.clickhouse_server import Endpoint
from tests.detection_harness import Pipeline, batches
from tests.unit.windows.fleet import sessions, task_messages
from tests.unit.windows.latencies import pane_of

MINUTE_MS = int(Resolution.MINUTE)
START_MS = 30_000_000 * MINUTE_MS


class Cluster:
    async def cluster_id(self) -> str:
        return "c"


@pytest.fixture
def settings(endpoint: Endpoint, database: str) -> ClickHouseSettings:
    return endpoint.settings(database)


def run_of(values: list[bytes | None], timestamp: int, first: int = 0) -> Run:
    found: list[Any] = [
        SimpleNamespace(topic="t", partition=0, offset=offset, value=value, timestamp=timestamp)
        for offset, value in enumerate(values, first)
    ]
    return Run("t", 0, found, 1, None)


async def store(
    settings: ClickHouseSettings, table: Table, read: Any, runs: list[Run], sql: str
) -> list[tuple[Any, ...]]:
    migrate(settings)
    writer = ClickHouseWriter(settings)
    try:
        metrics = Metrics()
        for run in runs:
            await ReplacingSinkStage(table, read, writer, Cluster(), metrics).handle([run])
        return await writer.query(sql, {})
    finally:
        await writer.stop()


def window_values(count: int) -> Iterator[tuple[list[int], bytes]]:
    """Yield latencies in µs of a minute and the record of its window, minute after minute."""
    chance = random.Random(4)
    histories = Histories()
    tool = Dimension(DimensionKind.TOOL, ("search",))
    for minute in range(count):
        start_ms = START_MS + minute * MINUTE_MS
        values = [round(chance.lognormvariate(11, 1)) for _ in range(3_000)]
        part = PartialPane(pane_of(start_ms, values), (minute, 0))
        histories.apply(Partial(tool, 0, start_ms + MINUTE_MS, (part,)))
        stats = histories.window(tool, Window.ONE_MINUTE, start_ms + MINUTE_MS)
        yield values, stats.to_bytes("1m")


async def test_sql_merges_the_digests_of_windows(settings: ClickHouseSettings) -> None:
    minutes = list(window_values(5))
    records: list[bytes | None] = [value for _, value in minutes]
    [(rows, p50, p95, p99)] = await store(
        settings,
        WINDOWS,
        read_record,
        # the same records again, at other offsets
        [run_of(records, 1), run_of(records, 2, first=5)],
        "SELECT count(), q[1], q[3], q[4] FROM (SELECT count() AS c, "
        "quantilesTDigestWeightedMerge(0.5, 0.9, 0.95, 0.99)(latency_ms) AS q "
        "FROM windows FINAL WHERE name = '1m' GROUP BY key) GROUP BY q",
    )
    assert rows == 1
    values = sorted(value for found, _ in minutes for value in found)
    for q, found in ((0.5, p50), (0.95, p95), (0.99, p99)):
        rank = sum(value <= found * 1000 for value in values) / len(values)
        assert abs(rank - q) <= 0.005


def alert(status: Status, updated_at: float) -> bytes:
    return orjson.dumps(
        Alert(
            rule="tool-success",
            labels={"tool": "search"},
            fingerprint="f" * 16,
            episode="e" * 16,
            status=status,
            severity="critical",
            summary="It fails",
            active_since=100.0,
            fired_at=110.5,
            resolved_at=updated_at if status is Status.RESOLVED else None,
            last_active=110.0,
            last_sent=110.0,
            updated_at=updated_at,
            value=0.5,
            threshold=0.072,
            baseline=None,
            window_start=0.0,
            window_end=110.0,
            sample_size=40,
            ratio=7.0,
            hot_at=None,
            examples=("t1", "t2"),
        ).to_record()
    )


async def test_an_episode_is_one_row_as_it_last_stood(settings: ClickHouseSettings) -> None:
    rows = await store(
        settings,
        ALERTS,
        read_record,
        [
            run_of([alert(Status.FIRING, 110.5), alert(Status.RESOLVED, 500.0)], 2),
            # an older record that is delivered again changes nothing
            run_of([alert(Status.FIRING, 110.5), None, b"{}", b"["], 1, first=9),
        ],
        "SELECT status, labels['tool'], toUnixTimestamp64Milli(assumeNotNull(fired_at)), examples "
        "FROM alerts FINAL",
    )
    assert rows == [("resolved", "search", 110_500, ["t1", "t2"])]


async def test_summaries_of_tasks_are_rows_and_budget_events_are_not(
    settings: ClickHouseSettings,
) -> None:
    summaries: list[dict[str, Any]] = []

    class Listening(Pipeline):
        def _apply(self, number: int, batch: Any) -> None:
            aggregator = self._aggregators[number]
            summaries.extend(task_messages(aggregator.apply(batch)))

    pipeline = Listening(partitions=1)
    for batch in batches(sessions(3, 60), 500):
        pipeline.feed(batch)
    assert len(summaries) > 20
    records: list[bytes | None] = [orjson.dumps(task) for task in summaries]
    budget = orjson.dumps({"kind": "budget", "id": "b"})
    [(count, tokens)] = await store(
        settings,
        TASKS,
        read_task,
        [run_of([*records, budget], 1), run_of(records, 2, first=1_000)],
        "SELECT count(), sum(tokens_in) FROM tasks FINAL",
    )
    assert (count, tokens) == (
        len({task["id"] for task in summaries}),
        sum({task["id"]: task["tokens_in"] for task in summaries}.values()),
    )

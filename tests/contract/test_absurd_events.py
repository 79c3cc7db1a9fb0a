"""Events that pass their schemas and say absurd numbers: each becomes a row that can be read."""

from __future__ import annotations

from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from agents.delivery import Run
from agents.sink import SinkStage
from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.adapters.clickhouse.straight import rows_of
from pipeline.adapters.clickhouse.writer import ClickHouseWriter
from pipeline.amounts import MOST_AMOUNT
from pipeline.clock import SystemClock
from pipeline.config import ClickHouseSettings
from pipeline.metrics import Metrics
from pipeline.storage.control_tables import TASKS, WINDOWS, read_record, read_task
from pipeline.storage.rows import read_event
from pipeline.storage.tables import EVENTS, LEASE_UNTIL
from pipeline.tasks.event import event_of
from pipeline.windows.batch import AggregatorConfig, Record
from pipeline.windows.histories import Histories
from pipeline.windows.pane import Resolution
from pipeline.windows.stats import Window
from tests.contract.clickhouse_server import Endpoint
from tests.contract.test_control_tables import run_of, store
from tests.unit.storage.test_tables import EVENT
from tests.unit.windows.absurd import MODEL, Stored, absurd
from tests.unit.windows.fleet import START_MS

FIRST, LAST = "0001-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"


class DeadLetters:
    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def cluster_id(self) -> str:
        return "c"

    async def send(self, _: str, records: Iterable[Any]) -> None:
        self.sent += records


@pytest.fixture
def settings(endpoint: Endpoint, database: str) -> ClickHouseSettings:
    return endpoint.settings(database)


async def stored(
    settings: ClickHouseSettings, events: list[dict[str, Any]], sql: str, *, straight: bool
) -> list[tuple[Any, ...]]:
    """Store events and return what `sql` finds of them; none may be refused."""
    migrate(settings)
    writer, letters = ClickHouseWriter(settings), DeadLetters()
    records: list[Any] = []
    for offset, fields in enumerate(events):
        event = EVENT | {"event_id": f"e{offset}"} | fields
        event["source"] = EVENT["source"] | {"offset": offset}
        del event["at"]
        value = orjson.dumps(event)
        place = {"topic": "agent.events.clean", "partition": 0, "offset": offset}
        records.append(SimpleNamespace(**place, value=value, timestamp=1))
    stage = SinkStage(
        EVENTS,
        read_event,
        writer,
        letters,  # type: ignore[arg-type]  # as much of a producer as the sink needs
        Metrics(),
        SystemClock(),
        lease=lambda: 60.0,
        straight=rows_of(EVENTS.without(LEASE_UNTIL)) if straight else None,
    )
    try:
        await stage.handle([Run("agent.events.clean", 0, records, 1, None)])
        assert not letters.sent
        return await writer.query(sql, {})
    finally:
        await writer.stop()


@pytest.mark.parametrize("straight", [True, False])
async def test_absurd_amounts_are_stored_at_their_bounds(
    settings: ClickHouseSettings, straight: bool
) -> None:
    most_count = 2**53 - 1
    said = [
        {"cost_usd": 1e12, "attempt": 1_000_000, "latency_ms": 1e12, "tokens_in": most_count},
        {"cost_usd": 4e9, "attempt": 65_535, "amount_spent": 1e12, "tokens_out": most_count},
        {"cost_usd": 3.9e9, "redaction": EVENT["redaction"] | {"quarantined": 100_000}},
    ]
    columns = "cost_nanousd, toString(cost_usd), attempt, quarantined"
    sql = f"SELECT {columns} FROM events ORDER BY offset"
    assert await stored(settings, said, sql, straight=straight) == [
        (MOST_AMOUNT, "4000000000", 65_535, 0),
        (MOST_AMOUNT, "4000000000", 65_535, 0),
        (3_900_000_000_000_000_000, "3900000000", 0, 65_535),
    ]


@pytest.mark.parametrize("straight", [True, False])
async def test_sums_of_absurd_costs_can_be_asked_for(
    settings: ClickHouseSettings, straight: bool
) -> None:
    said = [{"cost_usd": 1e12}] * 100
    sql = "SELECT agent_name, count(), toString(sum(cost_usd)) FROM events GROUP BY 1"
    found = await stored(settings, said, sql, straight=straight)
    assert found == [("refunds", 100, "400000000000")]


@pytest.mark.parametrize("straight", [True, False])
async def test_times_of_any_year_are_stored(settings: ClickHouseSettings, straight: bool) -> None:
    said = [
        {"ts": FIRST},
        {"ts": "1969-12-31T23:59:59.999999Z"},
        {"ts": "9999-12-31T23:59:59.999999Z"},
    ]
    sql = "SELECT event_id, toUnixTimestamp64Micro(ts) FROM events ORDER BY offset"
    found = await stored(settings, said, sql, straight=straight)
    assert found == [("e0", -62_135_596_800_000_000), ("e1", -1), ("e2", 253_402_300_799_999_999)]


async def test_tasks_and_windows_of_absurd_events_are_stored(
    settings: ClickHouseSettings,
) -> None:
    aggregated = Stored(AggregatorConfig(publish_open=False))
    said = [absurd(number) for number in range(1_500)]
    # a task from the first year to the last, and below many that begin in a month of their own
    times = [each["ts"] for each in said[:1]] + [FIRST, LAST]
    said += [absurd(number, session_id="ages") | {"ts": ts} for number, ts in enumerate(times)]
    aggregated.apply(
        Record(offset, START_MS + 1_500, event_of(each)) for offset, each in enumerate(said)
    )
    aggregated.close()
    tasks = aggregated.summaries()
    tasks += [
        task | {"id": f"{task['id']}-{month}", "opened_ms": month * 31 * 86_400_000}
        for month in range(150)
        for task in tasks[:1]
    ]
    sql = "SELECT count(), max(tokens_in), max(cost_nanousd) FROM tasks FINAL"
    values: list[bytes | None] = [orjson.dumps(task) for task in tasks]
    found = await store(settings, TASKS, read_task, [run_of(values, 1)], sql)
    assert found == [(len(tasks), MOST_AMOUNT, MOST_AMOUNT)]

    histories = Histories()
    for partial in aggregated.partials:
        histories.apply(partial)
    end_ms = Resolution.DAY.floor(START_MS) + Resolution.DAY
    window = histories.window(MODEL, Window.ONE_DAY, end_ms).to_bytes("24h")
    sql = (
        "SELECT count, totals['cost_usd'], p99['cost_usd'], totals['tokens'], "
        "finalizeAggregation(cost_usd)[4] FROM windows FINAL"
    )
    found = await store(settings, WINDOWS, read_record, [run_of([window], 1)], sql)
    assert found == [(1_501, 4e9, 4e9, 4e18, 4e9)]


@pytest.mark.parametrize("straight", [True, False])
async def test_a_batch_of_events_from_many_months_is_stored(
    settings: ClickHouseSettings, straight: bool
) -> None:
    said = [
        {"ts": f"{1971 + month // 12}-{month % 12 + 1:02}-01T00:00:00.000000Z"}
        for month in range(400)
    ]
    found = await stored(settings, said, "SELECT count() FROM events", straight=straight)
    assert found == [(400,)]

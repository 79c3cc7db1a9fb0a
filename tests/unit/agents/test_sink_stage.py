"""The sink against a store of its own making: what it leaves out, refuses, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import pytest

from agents.delivery import Run
from agents.sink import SinkStage
from pipeline.adapters.clickhouse.errors import TooLateError
from pipeline.adapters.clickhouse.native import Packed, Same, body, pack
from pipeline.adapters.clickhouse.straight import StraightRows, rows_of
from pipeline.adapters.kafka.batches import Record
from pipeline.clock import ManualClock
from pipeline.errors import InputError, UnavailableError
from pipeline.metrics import Metrics
from pipeline.storage.rows import read_event
from pipeline.storage.tables import EVENTS, LEASE_UNTIL
from tests.unit.clickhouse import packed


@dataclass
class Consumed:
    """A consumer record, as far as the sink looks at it."""

    offset: int
    value: bytes
    topic: str = "agent.events.clean"
    partition: int = 0


class Store:
    """Rows in memory, answering the queries of `load_progress`."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.fail_after_insert = False
        self.rows_in_time = 1_000_000
        """An insert of more comes after its lease."""

    def pack(self, names: list[str], types: list[str], columns: list[list[Any]]) -> Any:
        # what does not fit in the client is for the real one to find
        pack(names, types, columns)
        return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]

    async def insert_packed(
        self, table: str, names: list[str], blocks: list[Any], same: list[Same], *, token: str
    ) -> None:
        rows = [
            row | {each.name: each.value for each in same}
            for block in blocks
            for row in (packed.rows_of(body([block])) if isinstance(block, Packed) else block)
        ]
        assert all(set(row) == set(names) for row in rows)
        self.tokens.append(token)
        if any(row["agent_name"] == "unfit" for row in rows):
            raise InputError("a value does not fit")
        if len(rows) > self.rows_in_time:
            raise TooLateError("after its lease")
        self.rows += rows
        if self.fail_after_insert:
            self.fail_after_insert = False
            raise UnavailableError("the reply was lost")

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        first = parameters["first"]
        below = [row for row in self.rows if row["offset"] < first]
        if "max((source_offset" in sql:
            furthest: dict[tuple[str, int], tuple[int, int]] = {}
            for row in below:
                key = row["source_topic"], row["source_partition"]
                place = row["source_offset"], row["source_index"]
                furthest[key] = max(furthest.get(key, place), place)
            return [(*key, *place) for key, place in furthest.items()]
        if "event_id" in sql:
            wanted = range(parameters["begin"], parameters["end"])
            return [(row["event_id"],) for row in below if row["offset"] in wanted]
        return [(row["offset"], row["offset"]) for row in self.rows if row["offset"] >= first]


class Letters:
    """Collects what would go to the dead letter topic."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []

    async def cluster_id(self) -> str:
        return "cluster"

    async def send(self, topic: str, records: Any) -> None:
        self.sent += [orjson.loads(record.value) for record in records]
        assert all(isinstance(record, Record) for record in records)


def clean(event_id: str, source_offset: int, **fields: Any) -> bytes:
    return orjson.dumps(
        {
            "event_id": event_id,
            "ts": "2026-11-20T10:00:00.000000Z",
            "agent_name": "agent",
            "redaction": {
                "verified": True,
                "version": "1",
                "policy": "default",
                "tier": "fast",
                "counts": {},
                "quarantined": 0,
            },
            "source": {
                "topic": "agent.events.raw",
                "partition": 0,
                "offset": source_offset,
                "index": 0,
            },
            **fields,
        }
    )


class Bench:
    """A sink stage with its store, its letters and its counts."""

    straight: Callable[[], StraightRows] | None = None

    def __init__(self, horizon: int = 100) -> None:
        self.store, self.letters, self.metrics = Store(), Letters(), Metrics()
        self.stage = self.restarted(horizon)

    def restarted(self, horizon: int = 100) -> SinkStage:
        return SinkStage(
            EVENTS,
            read_event,
            self.store,
            self.letters,  # type: ignore[arg-type]
            self.metrics,
            ManualClock(1_000.0),
            lease=lambda: 5.0,
            horizon=horizon,
            straight=self.straight,
        )

    def repeated(self, kind: str) -> float:
        return self.metrics.repeated.labels(kind)._value.get()

    @property
    def ids(self) -> list[str]:
        return [row["event_id"] for row in self.store.rows]


@pytest.fixture(autouse=True, params=["by objects", "straight"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test is for both ways in which a record becomes a row."""
    if request.param == "straight":
        monkeypatch.setattr(Bench, "straight", staticmethod(rows_of(EVENTS.without(LEASE_UNTIL))))


def run(values: list[bytes], *, first: int = 0, assignment: int = 1) -> Run:
    records: Any = [Consumed(first + number, value) for number, value in enumerate(values)]
    return Run("agent.events.clean", 0, records, assignment, None)


async def test_an_event_published_twice_is_stored_once_and_counted_as_that() -> None:
    bench = Bench()
    await bench.stage.handle([run([clean("a", 0), clean("b", 1), clean("a", 2)])])
    await bench.stage.handle([run([clean("b", 3)], first=3)])
    assert bench.ids == ["a", "b"]
    assert bench.repeated("production") == 2
    assert bench.repeated("delivery") == bench.repeated("processing") == 0


async def test_ids_of_before_a_restart_are_asked_for() -> None:
    bench = Bench()
    await bench.stage.handle([run([clean("a", 0), clean("b", 1)])])
    await bench.restarted().handle([run([clean("a", 2), clean("c", 3)], first=2)])
    assert bench.ids == ["a", "b", "c"]
    assert bench.repeated("production") == 1


async def test_the_same_offsets_again_are_told_apart_from_the_same_ids_again() -> None:
    bench = Bench()
    values = [clean("a", 0), clean("b", 1), clean("a", 2)]
    await bench.stage.handle([run(values)])
    await bench.restarted().handle([run(values, assignment=2)])
    assert bench.ids == ["a", "b"]
    # the third record is no row, so its offset says nothing: its id does
    assert bench.repeated("delivery") == 2
    assert bench.repeated("production") == 2


async def test_what_a_redactor_sent_twice_is_stored_once() -> None:
    bench = Bench()
    await bench.stage.handle([run([clean("a", 0), clean("b", 1), clean("a", 0), clean("b", 1)])])
    assert bench.ids == ["a", "b"]
    assert bench.repeated("processing") == 2


async def test_a_lost_reply_leads_to_no_second_row() -> None:
    bench = Bench()
    values = [clean("a", 0), clean("b", 1), clean("b", 2)]
    bench.store.fail_after_insert = True
    with pytest.raises(UnavailableError):
        await bench.stage.handle([run(values)])
    await bench.stage.handle([run(values)])
    assert bench.ids == ["a", "b"]


async def test_rows_say_until_when_their_sink_owned_the_partition() -> None:
    bench = Bench()
    await bench.stage.handle([run([clean("a", 0)])])
    assert [row["lease_until"] for row in bench.store.rows] == [1_005_000]


async def test_a_batch_too_large_for_its_lease_goes_in_parts() -> None:
    """On a starved machine the same batch was refused for ever."""
    bench = Bench()
    bench.store.rows_in_time = 600
    values = [clean(str(number), number) for number in range(2_000)]
    await bench.stage.handle([run(values)])
    assert bench.ids == [str(number) for number in range(2_000)]


async def test_a_small_batch_that_is_late_is_tried_again_as_it_is() -> None:
    """Its worker was suspended, or a clock is wrong: smaller ones would come late, too."""
    bench = Bench()
    bench.store.rows_in_time = 10
    with pytest.raises(TooLateError):
        await bench.stage.handle([run([clean(str(number), number) for number in range(400)])])
    assert bench.ids == []


async def test_beyond_the_horizon_an_id_is_new() -> None:
    bench = Bench(horizon=2)
    values = [clean(event_id, offset) for offset, event_id in enumerate("abcdea")]
    await bench.stage.handle([run(values)])
    assert bench.ids == list("abcdea")


async def test_records_not_written_as_a_redactor_writes_are_stored_all_the_same() -> None:
    bench = Bench()
    values = [clean(str(number), number) for number in range(1_200)]
    values[::3] = [value.replace(b",", b", ") for value in values[::3]]
    await bench.stage.handle([run(values)])
    assert sorted(bench.ids, key=int) == [str(number) for number in range(1_200)]
    assert [row["source_offset"] for row in bench.store.rows] == list(map(int, bench.ids))
    await bench.stage.handle([run(values, first=1_200)])
    assert len(bench.ids) == 1_200
    assert bench.repeated("processing") == 1_200


async def test_dead_letters_come_in_the_order_of_their_offsets() -> None:
    """The fence behind them takes a letter for a repetition that comes after a later one."""
    bench = Bench()
    values = [
        clean("a", 0),
        clean("b", 1, agent_name="unfit"),
        clean("c", 2),
        b"not json",
        clean("d", 4, agent_name="unfit"),
    ]
    await bench.stage.handle([run(values)])
    assert bench.ids == ["a", "c"]
    assert [letter["source"]["offset"] for letter in bench.letters.sent] == [1, 3, 4]


@pytest.mark.parametrize(
    "forged",
    [
        clean("x", 1, ts=None),
        clean("x", 1, redaction={"verified": True}),
        clean("x", 1).replace(b'"x"', b"7"),
        clean("x", 1, source={"topic": "t", "partition": "0", "offset": 1, "index": 0}),
        clean("x", 1, source={"topic": "t", "partition": 0, "offset": None, "index": 0}),
    ],
)
async def test_a_forged_record_is_a_dead_letter_and_stops_nobody(forged: bytes) -> None:
    bench = Bench()
    await bench.stage.handle([run([clean("a", 0), forged, clean("b", 2)])])
    assert bench.ids == ["a", "b"]
    assert [letter["source"]["offset"] for letter in bench.letters.sent] == [1]

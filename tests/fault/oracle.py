"""The oracle: recomputes, in one thread and without any fault, what must have come out.

It starts from what the input topic holds between two moments, and looks at everything downstream of
exactly those messages: rows, dead letters, the clean topic, tasks and windows.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from pipeline.adapters.clickhouse import connect_async
from pipeline.cli.downstream import KnownValues
from pipeline.config import Settings
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.topics import EVENTS_CLEAN, EVENTS_DLQ, EVENTS_RAW, TASKS, WINDOWS_PARTIAL
from pipeline.windows.watermark import Watermark, WatermarkConfig
from tests.fault.kafka_log import Ends, between
from tests.fault.load import Published

TOPICS = (EVENTS_RAW, EVENTS_CLEAN, EVENTS_DLQ, TASKS, WINDOWS_PARTIAL)
PANE_MS = 10_000
MOST_VALUES = 400
"""Planted values that are looked for; more than RE2 takes into one set would be too many."""
NOW = 1_900_000_000.0
"""A time after all events, for the bound on future times."""


@dataclass
class Verdict:
    """What was found; `problems` names every figure that is not as it must be."""

    events: int = 0
    lost: int = 0
    twice: int = 0
    dead_letters: int = 0
    productions: int = 0
    """Messages whose event id came before."""
    windows: int = 0
    """Panes that were compared."""
    tasks: int = 0
    problems: list[str] = field(default_factory=list)

    def expect(self, what: str, found: object, wanted: object) -> None:
        """Note a figure that is not as it must be."""
        if found != wanted:
            self.problems.append(f"{what}: {found}, not {wanted}")


@dataclass
class _Input:
    """The input topic's messages, recomputed."""

    costs: dict[str, int | None] = field(default_factory=dict)
    """Billionths of a dollar by event id."""
    messages: int = 0
    refused: int = 0
    again: int = 0


class Oracle:
    """Compares what went in between two moments with what came out of it."""

    def __init__(self, settings: Settings, begin: Ends, end: Ends) -> None:
        """`begin` and `end` are the ends of `TOPICS` before publishing and after the lag is 0."""
        self._settings = settings
        self._begin, self._end = begin, end
        self.verdict = Verdict()

    async def judge(self, published: Published) -> Verdict:
        """Return what is lost, what is there twice, and what else is wrong."""
        given = await self._input(published)
        clean = await self._clean_topic(published)
        await self._rows(given, clean)
        await self._windows(clean)
        await self._tasks(published, clean)
        return self.verdict

    async def _input(self, published: Published) -> _Input:
        given, limits = _Input(), self._settings.limits
        async for record in self._between(EVENTS_RAW.name):
            given.messages += 1
            origin = Origin(record.topic, record.partition, record.offset)
            for item in decode_message(record.value, origin=origin, limits=limits, now=NOW):
                if not isinstance(item, DecodedEvent):
                    given.refused += 1
                    continue
                event_id = item.event["event_id"]
                given.again += event_id in given.costs
                cost = item.event.get("cost_usd")
                given.costs[event_id] = None if cost is None else round(cost * 1e9)
        verdict = self.verdict
        verdict.events, verdict.productions = len(given.costs), given.again
        verdict.expect(
            "published, not in the input", len(published.event_ids - set(given.costs)), 0
        )
        verdict.expect("messages", given.messages, len(given.costs) + given.again + given.refused)
        if published.poison:
            verdict.expect("poison in the input", given.refused >= published.poison, True)
        return given

    async def _rows(self, given: _Input, clean: _Clean) -> None:
        verdict = self.verdict
        client = await connect_async(self._settings.clickhouse)
        try:
            rows = await client.query(
                "SELECT event_id, cost_nanousd, partition FROM events WHERE " + self._source_range()
            )
            letters = await client.query(
                "SELECT reason, count(), uniqExact(source_partition, source_offset, source_index), "
                "countIf(kind = 'event') FROM dead_letters WHERE "
                + self._source_range()
                # a letter of the sink's would name a place in the clean topic
                + f" OR {self._source_range(EVENTS_CLEAN.name)} GROUP BY reason"
            )
        finally:
            await client.close()
        found = Counter(event_id for event_id, _, _ in rows)
        verdict.lost = len(set(given.costs) - set(found))
        verdict.twice = len(rows) - len(found)
        verdict.twice += sum(count - places for _, count, places, _ in letters)
        verdict.dead_letters = sum(refused for *_, refused in letters)
        verdict.expect("lost", verdict.lost, 0)
        verdict.expect("twice", verdict.twice, 0)
        verdict.expect("rows of no input", len(set(found) - set(given.costs)), 0)
        verdict.expect("dead letters", verdict.dead_letters, given.refused)
        verdict.expect(
            "rows + dead letters + productions again",
            len(rows) + verdict.dead_letters + given.again,
            given.messages,
        )
        verdict.expect(
            "cost",
            sum(cost or 0 for _, cost, _ in rows),
            sum(cost or 0 for cost in given.costs.values()),
        )
        checks: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for event_id, _, partition in rows:
            checks[partition][0] += 1
            checks[partition][1] ^= _hash(event_id)
        verdict.expect("count and XOR of ids by partition", dict(checks), clean.checks)

    async def _clean_topic(self, published: Published) -> _Clean:
        clean = _Clean()
        planted = sorted(published.planted)
        known = KnownValues(planted[:: len(planted) // MOST_VALUES + 1])
        leaked: set[str] = set()
        for topic in (EVENTS_CLEAN.name, EVENTS_DLQ.name):
            async for record in self._between(topic):
                leaked |= known.found_in(record.value.decode("utf-8", "replace"))
                if topic == EVENTS_CLEAN.name:
                    clean.add(record.partition, record.timestamp, orjson.loads(record.value))
        self.verdict.expect("personal values downstream", len(leaked), 0)
        return clean

    async def _windows(self, clean: _Clean) -> None:
        """Compare panes: events of each agent and ten seconds, as the last partials have them."""
        versions: dict[tuple[int, str, int], tuple[tuple[int, int], int]] = {}
        async for record in self._between(WINDOWS_PARTIAL.name):
            partial = orjson.loads(record.value)
            # other messages of the topic are signals and progress, which have no dimension
            if partial.get("dimension", {}).get("kind") != "agent":
                continue
            agent = partial["dimension"]["labels"]["agent"]
            for pane in partial["panes"]:
                place = (partial["source_partition"], agent, pane["start_ms"])
                state = (tuple(pane["version"]), pane["counters"].get("events", 0))
                versions[place] = max(versions.get(place, state), state)
        # partials tell of panes that have closed; those of earlier trials may come again
        begin_ms = min((start_ms for _, _, start_ms in clean.panes), default=0)
        closed_ms = clean.closed_ms
        found = {
            place: count
            for place, (_, count) in versions.items()
            if count and begin_ms <= place[2] and place[2] + PANE_MS <= closed_ms.get(place[0], 0)
        }
        wanted = {
            place: count
            for place, count in clean.panes.items()
            if place[2] + PANE_MS <= closed_ms.get(place[0], 0)
        }
        wrong = {
            place: (found.get(place, 0), wanted.get(place, 0))
            for place in found.keys() | wanted.keys()
            if found.get(place, 0) != wanted.get(place, 0)
        }
        self.verdict.windows = len(wanted)
        self.verdict.expect("panes that differ", len(wrong), 0)
        self.verdict.expect("events in windows", sum(found.values()), sum(wanted.values()))

    async def _tasks(self, published: Published, clean: _Clean) -> None:
        """Compare the tasks of sessions that ended with what the fleet knows of them."""
        del clean
        closed: dict[str, dict[str, dict[str, float]]] = defaultdict(dict)
        async for record in self._between(TASKS.name):
            task = orjson.loads(record.value)
            if task.get("kind") == "summary" and task["session_id"] in published.sessions:
                closed[task["session_id"]][task["id"]] = task
        wrong = 0
        for session_id, tasks in closed.items():
            truth = published.sessions[session_id].tasks
            if len(tasks) != len(truth):
                continue  # some are still open
            self.verdict.tasks += len(tasks)
            for name in ("llm_calls", "tokens_in", "tokens_out"):
                counted = sum(task[name] for task in tasks.values())
                wrong += counted != sum(getattr(task, name) for task in truth)
        self.verdict.expect("tasks that differ", wrong, 0)

    def _between(self, topic: str):  # type: ignore[no-untyped-def]
        return between(self._settings.kafka, topic, self._begin[topic], self._end[topic])

    def _source_range(self, topic: str = EVENTS_RAW.name) -> str:
        """Return a condition for rows that come from a topic between the two moments."""
        begin, end = self._begin[topic], self._end[topic]
        ranges = " OR ".join(
            f"(source_partition = {number} AND source_offset >= {begin.get(number, 0)} "
            f"AND source_offset < {end[number]})"
            for number in end
        )
        return f"(source_topic = '{topic}' AND ({ranges}))"


class _Clean:
    """What the clean topic holds, each event counted once, in the order of each partition."""

    def __init__(self) -> None:
        self.checks: dict[int, list[int]] = {}
        self.panes: Counter[tuple[int, str, int]] = Counter()
        self._ids: set[str] = set()
        self._watermarks: dict[int, Watermark] = {}

    @property
    def closed_ms(self) -> dict[int, int]:
        """Event time up to which each partition has closed its panes."""
        return {number: mark.value_ms or 0 for number, mark in self._watermarks.items()}

    def add(self, partition: int, record_ms: int, event: dict[str, str]) -> None:
        """Take in the next record of a partition."""
        watermark = self._watermarks.setdefault(partition, Watermark(WatermarkConfig()))
        time_ms = int(datetime.fromisoformat(event["ts"]).timestamp() * 1000)
        closed_ms = watermark.observe(time_ms, record_ms, event["session_id"])
        if event["event_id"] in self._ids:
            return
        self._ids.add(event["event_id"])
        check = self.checks.setdefault(partition, [0, 0])
        check[0] += 1
        check[1] ^= _hash(event["event_id"])
        start_ms = time_ms - time_ms % PANE_MS
        if closed_ms is None or start_ms + PANE_MS > closed_ms:
            self.panes[partition, event["agent_name"], start_ms] += 1


def _hash(event_id: str) -> int:
    return int.from_bytes(hashlib.blake2b(event_id.encode(), digest_size=8).digest(), "big")

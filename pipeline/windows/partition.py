"""The aggregator's state for one source partition: a batch of events in, changes out.

The caller keeps the state in a table with a changelog. `apply` returns what to write, in order:
labels, panes (mostly as a log of what the batch added to them, see `pane_log`), tasks, and at last
the partition's own record with the fence. The order matters: a crash may keep any first part of it,
and what is stored then says by its own fence what it holds:

- panes before tasks: an event that its task holds has reached all its panes;
- the partition's record last: whatever it claims to be applied has been written;
- a closed pane or task is removed by the *next* batch only: until then it is published again
  after a restart, and nothing can open it anew;
- before that the next batch's log says up to when panes are gone: older logs may still hold a part
  of them;
- panes before the logs that they take in are removed.

All outputs of a batch may be published again after a crash; partials replace each other, and
summaries and budget events have ids that depend on their task alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Final

import orjson

from pipeline.storage.coordinates import Source, SourceFence
from pipeline.tasks.event import (
    AGENT_NAME,
    EVENT_ID,
    SESSION_ID,
    SOURCE_INDEX,
    SOURCE_OFFSET,
    SOURCE_PARTITION,
    SOURCE_TOPIC,
    TS,
    Event,
)
from pipeline.tasks.reading import read
from pipeline.tasks.storage import from_bytes, to_bytes
from pipeline.windows.batch import AggregatorConfig, Changes, Record
from pipeline.windows.cardinality import Cardinality
from pipeline.windows.dimension import Dimension
from pipeline.windows.dimensions import Dimensions
from pipeline.windows.event_time import EventClock
from pipeline.windows.gathering import Gathering, actor_of
from pipeline.windows.open_panes import OpenPane, OpenPanes
from pipeline.windows.open_tasks import Closing, OpenTasks
from pipeline.windows.pane import Resolution
from pipeline.windows.pane_log import (
    MOST_BATCHES,
    MOST_EVENTS,
    Logged,
    PaneLog,
    gone_before,
    read_logged,
)
from pipeline.windows.partial import NOTHING_CLOSED, Version, encode_partial
from pipeline.windows.task_contributions import TaskFact
from pipeline.windows.watermark import Watermark

_PANE: Final = Resolution.TEN_SECONDS
_TEN_SECONDS: Final = int(_PANE)  # arithmetic with a plain int is several times faster


class PartitionAggregator:
    """Panes, tasks and watermark of one source partition.

    Give it batches of consecutive offsets; write and publish all that `apply` returns before the
    next batch. After an exception the object is of no more use: load it again.
    """

    def __init__(
        self,
        partition: int,
        config: AggregatorConfig | None = None,
        stored: Callable[[str], bytes] | None = None,
    ) -> None:
        """`stored` returns what the table has under a key that `apply` had it write.

        Without it all open tasks stay in memory.
        """
        self.partition = partition
        self.config = config or AggregatorConfig()
        self._prefix = f"{partition}\x1f"
        self._max_ahead_ms = self.config.watermark.max_ahead_ms
        self._fence = -1
        self._replay_to = -1
        self._sources = SourceFence()
        self._watermark = Watermark(self.config.watermark)
        self._cardinality = Cardinality(self.config.label_cap, self.config.label_days)
        self._dimensions = Dimensions(self._cardinality)
        self._panes = OpenPanes()
        self._tasks = OpenTasks(
            self.config.idle_ms,
            self.config.budgets,
            self.config.max_awake,
            None if stored is None else partial(self._stored_task, stored),
        )
        self._event_clock = EventClock()
        self._gathering = Gathering()
        self._removals: list[str] = []
        self._log = PaneLog()
        # whether the batch at hand has to store its panes: what they hold has versions of its own
        self._has_to_draft = False
        # up to when the last batch closed panes, and up to when closed panes are removed
        self._closed_ms = self._gone_ms = NOTHING_CLOSED

    @classmethod
    def load(
        cls,
        partition: int,
        items: Iterable[tuple[str, bytes]],
        config: AggregatorConfig | None = None,
        stored: Callable[[str], bytes] | None = None,
    ) -> PartitionAggregator:
        """Rebuild from the table; keys of other partitions are passed over.

        What a crash may have kept from being published is published again by the next `apply` or
        `tick`. Raises `InputError` when a value cannot be read.
        """
        loaded = cls(partition, config, stored)
        config = loaded.config
        logs: dict[int, Logged] = {}
        for key, data in items:
            if not key.startswith(loaded._prefix):
                continue
            kind, _, rest = key.removeprefix(loaded._prefix).partition("\x1f")
            if kind == "pane":
                start, _, dimension = rest.partition("\x1f")
                del start  # the value has it too
                pane = OpenPane.from_bytes(Dimension.parse(dimension), data)
                loaded._panes.restore(pane)
                loaded._replay_to = max(loaded._replay_to, pane.stored[0])
            elif kind == "log":
                logs[int(rest)] = read_logged(data)
            elif kind == "task":
                task = from_bytes(data)
                loaded._tasks.restore(task)
                loaded._replay_to = max(loaded._replay_to, task.fence)
            elif kind == "labels":
                loaded._cardinality = Cardinality.from_json(
                    orjson.loads(data), config.label_cap, config.label_days
                )
                loaded._dimensions = Dimensions(loaded._cardinality)
            else:
                meta = orjson.loads(data)
                loaded._fence = meta["fence"]
                loaded._watermark = Watermark.from_json(config.watermark, meta["watermark"])
                loaded._sources = SourceFence(Source(*each) for each in meta.get("sources", ()))
        loaded._restore_logged(logs)
        return loaded

    def _restore_logged(self, logs: dict[int, Logged]) -> None:
        """Bring the stored panes to where they were; the next batch stores them all."""
        self._log = PaneLog(logs)
        self._has_to_draft = True
        panes = self._panes
        gone_ms = self._gone_ms = self._closed_ms = gone_before(logs.values())
        if gone_ms != NOTHING_CLOSED:
            # they were published, and are removed if the last batch has not come to it
            self._removals += [self._pane_key(pane) for pane in panes.close(gone_ms)]
        for number in self._log.numbers:
            logged = logs[number]
            for start_ms, dimensions, found in logged.groups:
                if start_ms + _TEN_SECONDS > gone_ms:
                    panes.add(dimensions, start_ms, found, logged.version)
            by_pane: dict[tuple[str, int], tuple[Dimension, list[TaskFact]]] = {}
            for start_ms, dimensions, fact in logged.facts:
                if start_ms + _TEN_SECONDS > gone_ms:
                    for dimension in dimensions:
                        key = dimension.key, start_ms
                        by_pane.setdefault(key, (dimension, []))[1].append(fact)
            for (_, start_ms), (dimension, facts) in by_pane.items():
                panes.add_tasks(dimension, start_ms, facts)
            self._replay_to = max(self._replay_to, panes.settle())

    @property
    def fence(self) -> int:
        """Offset of the last event that has been applied; -1 before the first."""
        return self._fence

    @property
    def watermark_ms(self) -> int | None:
        """Event time up to which nothing is expected any more; None before the first."""
        return self._watermark.value_ms

    @property
    def open_panes(self) -> int:
        """How many panes are open."""
        return len(self._panes)

    @property
    def open_tasks(self) -> int:
        """How many tasks are open."""
        return len(self._tasks)

    @property
    def asleep(self) -> list[str]:
        """Keys of the stored tasks that sleep, as after `load` many do."""
        return [self._task_key(key, opened_ms) for key, opened_ms in self._tasks.asleep()]

    @property
    def max_awake(self) -> int:
        """How many open tasks this partition may keep in memory."""
        return self._tasks.max_awake

    def keep_awake(self, tasks: int) -> None:
        """Set how many open tasks this partition may keep in memory, instead of its `config`."""
        self._tasks.keep_awake(tasks)

    def apply(self, batch: Iterable[Record]) -> Changes:
        """Apply events with ascending offsets; offsets that were applied before are skipped.

        A `batch` that parses each event when it is asked for it costs a fifth less than a list:
        what was just parsed is in the processor's cache, and its memory serves the next one.
        """
        changes = Changes()
        for record in batch:
            if record.offset <= self._fence:
                changes.replayed += 1
                continue
            self._apply_event(record, changes)
            self._fence = record.offset
            if record.offset <= self._replay_to:
                # some panes hold this event already: each is asked for this very offset
                self._add_gathered((record.offset, 0))
                self._has_to_draft = True
        self._log.takes = changes.applied <= MOST_EVENTS and self._may_log()
        self._add_gathered((self._fence, 0))
        self._finish(changes)
        return changes

    def tick(self, now_ms: int) -> Changes:
        """Let the wall clock close what an idle partition keeps open; see `Watermark.tick`."""
        changes = Changes()
        before = self._watermark.value_ms
        after = self._watermark.tick(now_ms)
        if after is not None and after != before:
            self._tasks.advanced(after, self._fence)
        self._log.takes = self._may_log()
        self._finish(changes)
        return changes

    def _apply_event(self, record: Record, changes: Changes) -> None:
        event, offset, record_ms = record.event, record.offset, record.record_ms
        tasks, clock = self._tasks, self._watermark
        time_ms = self._event_clock.ms_of(event[TS])
        before = clock.value_ms
        watermark = clock.observe(time_ms, record_ms, event[SESSION_ID])
        if watermark is not None and watermark != before:
            tasks.advanced(watermark, offset)
        topic = event[SOURCE_TOPIC]
        if topic is not None and not self._sources.passes_place(
            topic, event[SOURCE_PARTITION], event[SOURCE_OFFSET], event[SOURCE_INDEX]
        ):
            # its task would know its id; but a task may close before the panes it counted in
            changes.processed += 1
            return
        start_ms = time_ms - time_ms % _TEN_SECONDS
        late = watermark is not None and start_ms + _TEN_SECONDS <= watermark
        task = tasks.task_for(event, time_ms, offset, watermark, late=late)
        if task is None:
            _count_agent(changes.late, event)
            return
        if offset <= task.fence:
            changes.replayed += 1
            return
        task.fence = offset
        if task.is_repeated(event[EVENT_ID]):
            changes.repeated += 1
            return
        changes.applied += 1
        early = time_ms > record_ms + self._max_ahead_ms
        if early:
            _count_agent(changes.early, event)
        elif late:
            _count_agent(changes.late, event)
        reading = read(event, time_ms)
        outcomes = task.apply(event, reading, watermark if late and watermark else 0)
        tasks.check(task, time_ms)
        if early:
            return
        actor, action = actor_of(event), reading.action
        for at_ms, successes, failures in outcomes:
            at_ms -= at_ms % _TEN_SECONDS
            if at_ms == start_ms:
                # mostly so: it counts where its event does, and if its event does
                reading.succeeded += successes
                reading.failed += failures
            elif watermark is None or at_ms + _TEN_SECONDS > watermark:
                self._gathering.add_outcome(at_ms, actor, action, successes, failures)
        if not late:
            self._gathering.add(start_ms, actor, reading)

    def _add_gathered(self, version: Version) -> None:
        """Add the gathered readings to the panes, all with one version."""
        panes, dimensions, log = self._panes, self._dimensions, self._log
        for start_ms, span in self._gathering.take():
            for actor, gathered in span.by_actor.items():
                found = gathered.contribution()
                of_actor = dimensions.of_actor(actor, start_ms)
                panes.add(of_actor, start_ms, found, version)
                log.add_group(start_ms, of_actor, found)
            for action, gathered in span.by_action.items():
                found = gathered.contribution()
                of_action = dimensions.of_action(action, start_ms)
                panes.add(of_action, start_ms, found, version)
                log.add_group(start_ms, of_action, found)

    def _add_closings(self, closings: Iterable[Closing]) -> None:
        """Add closed tasks to their panes, each with its own version."""
        panes: list[tuple[Dimension, int, list[TaskFact]]] = []
        by_start: dict[int, dict[str, list[TaskFact]]] = {}
        for closing in closings:
            task, due_ms = closing.task, closing.due_ms
            if not task.is_task:
                continue
            fact = TaskFact.of(task, closing.version)
            start_ms = due_ms - due_ms % _TEN_SECONDS
            by_key = by_start.get(start_ms)
            if by_key is None:
                by_key = by_start[start_ms] = {}
            dimensions = self._dimensions.of_task(task, due_ms)
            self._log.add_fact(start_ms, dimensions, fact)
            for dimension in dimensions:
                facts = by_key.get(dimension.key)
                if facts is None:
                    facts = by_key[dimension.key] = []
                    panes.append((dimension, start_ms, facts))
                facts.append(fact)
        for dimension, start_ms, facts in panes:
            self._panes.add_tasks(dimension, start_ms, facts)

    def _finish(self, changes: Changes) -> None:
        """Close what is due, and say what has to be written and published."""
        writes = changes.writes
        removals: list[str] = []
        if self._fence >= self._replay_to:
            # before that, a second crash would still need what is closed
            removals, self._removals = self._removals, []
            self._gone_ms = self._closed_ms
        watermark = self._watermark.value_ms
        self._add_closings(self._tasks.close_due(watermark))
        if self._cardinality.changed:
            writes.append((f"{self._prefix}labels", orjson.dumps(self._cardinality.to_json())))
            self._cardinality.changed = False
        changes.overflowed += self._cardinality.new_overflows
        self._cardinality.new_overflows.clear()
        log = self._log
        if not log.is_empty or removals or (log.numbers and not log.takes):
            number, value = log.take(self._gone_ms, self._fence)
            writes.append((self._log_key(number), value))
        writes += [(key, None) for key in removals]
        self._finish_panes(watermark, changes, drafts=not log.takes)
        log.takes = False
        changes.tasks += self._tasks.take_messages()
        changed = self._tasks.take_changed()
        writes += [(self._task_key(task.key, task.opened_ms), to_bytes(task)) for task in changed]
        for task in self._tasks.rest(changed):
            changes.asleep.append(self._task_key(task.key, task.opened_ms))
        self._removals += [
            self._task_key(task.key, task.opened_ms) for task in self._tasks.take_closed()
        ]
        meta = {
            "fence": self._fence,
            "watermark": self._watermark.to_json(),
            "sources": [list(each) for each in self._sources.furthest],
        }
        writes.append((f"{self._prefix}partition", orjson.dumps(meta)))

    def _may_log(self) -> bool:
        """Whether what the batch adds to panes may be logged, and not the panes be stored."""
        full = len(self._log.numbers) >= MOST_BATCHES
        return not (full or self._has_to_draft or self.config.publish_open)

    def _finish_panes(self, watermark: int | None, changes: Changes, *, drafts: bool) -> None:
        told: dict[Dimension, list[OpenPane]] = {}
        changed: list[OpenPane] = []
        if drafts:
            changed = self._panes.take_changed()
        else:
            self._panes.settle()
        publish_open = self.config.publish_open
        known: set[int] = set()
        for pane in changed:
            if publish_open:
                known.add(id(pane))
                told.setdefault(pane.dimension, []).append(pane)
                changes.writes.append((self._pane_key(pane), pane.encode()))
                pane.has_record = True
            else:
                changes.writes.append((self._pane_key(pane), pane.draft()))
        if drafts:
            changes.writes += [(self._log_key(number), None) for number in self._log.forget()]
        self._has_to_draft = False
        if watermark is not None:
            self._closed_ms = watermark
            for pane in self._panes.close(watermark):
                if pane.has_record:
                    self._removals.append(self._pane_key(pane))
                if id(pane) not in known:
                    pane.encode()
                    told.setdefault(pane.dimension, []).append(pane)
        closed_ms = NOTHING_CLOSED if watermark is None else _PANE.floor(watermark)
        for dimension, panes in told.items():
            panes.sort(key=lambda pane: pane.start_ms)
            fragments = [orjson.Fragment(pane.encoded) for pane in panes]
            value = encode_partial(dimension, self.partition, closed_ms, fragments)
            changes.partials.append((dimension.key.encode(), value))

    def _pane_key(self, pane: OpenPane) -> str:
        return f"{self._prefix}pane\x1f{pane.start_ms}\x1f{pane.dimension.key}"

    def _log_key(self, number: int) -> str:
        return f"{self._prefix}log\x1f{number}"

    def _task_key(self, key: str, opened_ms: int) -> str:
        return f"{self._prefix}task\x1f{opened_ms}\x1f{key}"

    def _stored_task(self, stored: Callable[[str], bytes], key: str, opened_ms: int) -> bytes:
        return stored(self._task_key(key, opened_ms))


def _count_agent(counts: dict[str, int], event: Event) -> None:
    agent = event[AGENT_NAME]
    counts[agent] = counts.get(agent, 0) + 1

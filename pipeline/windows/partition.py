"""The aggregator's state for one source partition: a batch of events in, changes out.

The caller keeps the state in a table with a changelog. `apply` returns what to write, in order:
labels, panes (mostly as a log of what the batch added to them, see `stored_panes`), tasks, and at
last the partition's own record with the fence. The order matters: a crash may keep any first part
of it, and what is stored then says by its own fence what it holds:

- panes before tasks: an event that its task holds has reached all its panes;
- the partition's record last: whatever it claims to be applied has been written;
- a closed pane or task is removed by the *next* batch only: until then it is published again
  after a restart, and nothing can open it anew;
- a task whose end was stored before is not stored again when it closes: the watermark in the
  partition's record says that it has closed, and counts in its panes.

All outputs of a batch may be published again after a crash; partials replace each other, and
summaries and budget events have ids that depend on their task alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
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
from pipeline.windows.closed_tasks import ClosedTasks, message_of, task_key
from pipeline.windows.dimensions import Dimensions
from pipeline.windows.event_time import EventClock
from pipeline.windows.gathering import Gathering, actor_of
from pipeline.windows.open_tasks import OpenTasks
from pipeline.windows.pane import Resolution
from pipeline.windows.partial import Version
from pipeline.windows.publishing import partials_of
from pipeline.windows.stored_panes import StoredPanes
from pipeline.windows.watermark import Watermark

# arithmetic with a plain int is several times faster
_TEN_SECONDS: Final = int(Resolution.TEN_SECONDS)


CLOSED_AT_ONCE: Final = 1_000
"""Tasks that a tick closes. There may be ten times as many; each is kept as some kilobytes of
changes until they are written."""


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
        self._panes = StoredPanes(self._prefix, publish_open=self.config.publish_open)
        self._tasks = OpenTasks(
            self.config.idle_ms,
            self.config.budgets,
            self.config.max_awake,
            None if stored is None else lambda key, opened: stored(self._task_key(key, opened)),
        )
        self._event_clock = EventClock()
        self._gathering = Gathering()
        self._removals: list[str] = []

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
        for key, data in items:
            if not key.startswith(loaded._prefix):
                continue
            kind, _, rest = key.removeprefix(loaded._prefix).partition("\x1f")
            if kind == "pane":
                loaded._panes.restore(rest, data)
            elif kind == "log":
                loaded._panes.restore_log(int(rest), data)
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
        loaded._replay_to = max(loaded._replay_to, loaded._panes.restored())
        loaded._tasks.restored(loaded._watermark.value_ms)
        return loaded

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
        replaying = self._fence < self._replay_to
        for record in batch:
            if record.offset <= self._fence:
                changes.replayed += 1
                continue
            self._apply_event(record, changes)
            self._fence = record.offset
            if record.offset <= self._replay_to:
                # some panes hold this event already: each is asked for this very offset
                self._add_gathered((record.offset, 0))
        self._panes.begin(changes.applied, replaying=replaying)
        self._add_gathered((self._fence, 0))
        self._finish(changes, quietly=not replaying)
        return changes

    def tick(self, now_ms: int, most: int = CLOSED_AT_ONCE) -> Changes:
        """Let the wall clock close what an idle partition keeps open; see `Watermark.tick`.

        Of tasks that have ended not many more than `most`: while changes are `unfinished`, call it
        again.
        """
        changes = Changes()
        before = self._watermark.value_ms
        after = self._watermark.tick(now_ms)
        if after is not None and after != before:
            due_ms = self._tasks.due_of_first(most)
            if due_ms is not None and due_ms < after:
                changes.unfinished = True
                self._watermark.value_ms = after = due_ms
            self._tasks.advanced(after, self._fence)
        self._panes.begin(0, replaying=self._fence < self._replay_to)
        # if a crash takes its record, events may bring the watermark there, with another version
        self._finish(changes, quietly=False)
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
        panes, dimensions = self._panes, self._dimensions
        for start_ms, span in self._gathering.take():
            for actor, gathered in span.by_actor.items():
                of_actor = dimensions.of_actor(actor, start_ms)
                panes.add(of_actor, start_ms, gathered.contribution(), version)
            for action, gathered in span.by_action.items():
                of_action = dimensions.of_action(action, start_ms)
                panes.add(of_action, start_ms, gathered.contribution(), version)

    def _finish(self, changes: Changes, *, quietly: bool) -> None:
        """Close what is due, and say what has to be written and published."""
        writes = changes.writes
        watermark = self._watermark.value_ms
        closed = ClosedTasks()
        due = self._tasks.close_due(watermark, quietly=quietly)
        closed.take(due, self._prefix, self._dimensions, self._panes)
        if self._cardinality.changed:
            writes.append((f"{self._prefix}labels", orjson.dumps(self._cardinality.to_json())))
            self._cardinality.changed = False
        changes.overflowed += self._cardinality.new_overflows
        self._cardinality.new_overflows.clear()
        # before that, a second crash would still need what is closed
        replayed = self._fence >= self._replay_to
        told = self._panes.write(writes, self._fence, removes=replayed)
        if watermark is not None:
            told += self._panes.close(watermark)
        changes.partials += partials_of(told, self.partition, watermark)
        if replayed:
            writes += [(key, None) for key in self._removals]
            self._removals.clear()
        changes.crossings += self._tasks.take_crossings()
        changes.tasks += map(message_of, changes.crossings)
        changes.tasks += closed.messages
        changed = self._tasks.take_changed()
        writes += [(self._task_key(task.key, task.opened_ms), to_bytes(task)) for task in changed]
        writes += closed.writes
        asleep = self._tasks.rest(changed)
        changes.asleep += [self._task_key(task.key, task.opened_ms) for task in asleep]
        # those are removed by the next batch
        changes.asleep += [key for key, _ in closed.writes]
        self._removals += closed.keys
        meta = {
            "fence": self._fence,
            "watermark": self._watermark.to_json(),
            "sources": [list(each) for each in self._sources.furthest],
        }
        writes.append((f"{self._prefix}partition", orjson.dumps(meta)))

    def _task_key(self, key: str, opened_ms: int) -> str:
        return task_key(self._prefix, key, opened_ms)


def _count_agent(counts: dict[str, int], event: Event) -> None:
    agent = event[AGENT_NAME]
    counts[agent] = counts.get(agent, 0) + 1

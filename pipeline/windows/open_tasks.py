"""The open tasks of one source partition: which one an event belongs to, and when they close.

A task that has ended stays open for the lateness, in case more of it is on its way. Under a load of
many times the usual most of the tasks in memory are such ones, so beyond `max_awake` open tasks
they sleep: their table has them as they are, and here only their key is kept until an event or the
watermark asks for them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from pipeline.tasks.budgets import BudgetPolicy, Limits
from pipeline.tasks.event import Event
from pipeline.tasks.state import TaskState, task_key
from pipeline.tasks.storage import from_bytes
from pipeline.tasks.summary import budget_event
from pipeline.windows.ended_tasks import EndedTasks
from pipeline.windows.partial import Version

_NEVER: Final = 1 << 62


class Closing:
    """A task that has closed at event time `due_ms`."""

    def __init__(
        self, task: TaskState, due_ms: int, version: Version | None, *, changed: bool
    ) -> None:
        self.task = task
        self.due_ms = due_ms
        self.version = version
        """Fences what it adds to panes; None: it counts in them already."""
        self.changed = changed
        """Whether the table is to have it as it is now."""


class OpenTasks:
    """Tasks by key, with the order of closings that a replay would find again.

    A closing belongs to the offset at which the watermark first reached its time, wherever the
    batches are cut. That offset and the time are its version.
    """

    def __init__(
        self,
        idle_ms: int,
        budgets: BudgetPolicy,
        max_awake: int = _NEVER,
        stored: Callable[[str, int], bytes] | None = None,
    ) -> None:
        """`stored` returns a stored part by key and time of opening; None: no task sleeps."""
        self._idle_ms = idle_ms
        self._stored = stored
        self.keep_awake(max_awake)
        self._budgets = budgets
        self._open: dict[str, TaskState] = {}
        # the time that their part was opened, by key
        self._asleep: dict[str, int] = {}
        # by identity: a key would have to tell the parts of a task apart, at each event
        self._changed: dict[int, TaskState] = {}
        self._closings: list[Closing] = []
        self._restored_fences: dict[str, int] = {}
        self._messages: list[dict[str, Any]] = []
        self._limits: dict[tuple[str | None, str | None], Limits] = {}
        self._limited = budgets.limits_anything
        self._ended = EndedTasks()
        # when to look at the others: one may have been idle for long enough, or cross a budget
        self._next_due_ms = _NEVER
        # the watermark's steps in this batch, and the offset of each
        self._steps: list[int] = []
        self._offsets: list[int] = []

    def keep_awake(self, most: int) -> None:
        """Set how many tasks may stay in memory before those that have ended sleep."""
        self.max_awake = _NEVER if self._stored is None else most

    def __len__(self) -> int:
        return len(self._open) + len(self._asleep)

    def restore(self, task: TaskState) -> None:
        """Take in a stored task; what it has told is told again."""
        self._messages += [budget_event(task, crossing) for crossing in task.told_crossings()]
        if task.closed_ms is None:
            self._open[task.key] = task
            self._next_due_ms = -1  # look at all of them, once
            self._note_end(task)
            self._let_sleep(task)
        else:
            self._restore_closed(task, changed=False)

    def restored(self, watermark: int | None) -> None:
        """Take note, when all is taken in, of what had closed by the stored watermark.

        Such a task counts in its panes already, see `close_due`. Before another part of it may be
        stored, it is stored as closed.
        """
        if watermark is None:
            return
        for task in self._take_ended(watermark):
            task.closed_ms = task.due_ms(self._idle_ms)
            del self._open[task.key]
            self._restore_closed(task, changed=True)

    def _restore_closed(self, task: TaskState, *, changed: bool) -> None:
        self._closings.append(Closing(task, task.closed_ms or 0, None, changed=changed))
        fence = self._restored_fences.get(task.key, -1)
        self._restored_fences[task.key] = max(fence, task.fence)

    def advanced(self, watermark: int, offset: int) -> None:
        """Note that the watermark came to `watermark` with the event at `offset`."""
        self._steps.append(watermark)
        self._offsets.append(offset)

    def task_for(
        self,
        event: Event,
        time_ms: int,
        offset: int,
        watermark: int | None,
        *,
        late: bool,
    ) -> TaskState | None:
        """Return the task of an event, opened if need be; None for a late event without one."""
        key = task_key(event)
        task = self._find(key)
        if task is not None and watermark is not None:
            end_ms = task.end_ms
            due_ms = task.last_ms + self._idle_ms if end_ms is None else end_ms + 1
            if due_ms <= watermark and offset > task.fence:
                self._closings.append(self._close(task))
                task = None
        if task is None:
            if late:
                return None
            task = TaskState.open(key, event, time_ms)
            # after a restart, events of a part that had closed do not start another
            task.fence = self._restored_fences.get(key, -1)
            if offset <= task.fence:
                return task
            self._open[key] = task
        self._changed[id(task)] = task
        return task

    def check(self, task: TaskState, time_ms: int) -> None:
        """Tell the budget levels the task has just reached; call it after each of its events."""
        if task.end_ms is not None:
            self._note_end(task)
        elif task.events == 1:
            # an idle task's time to close only moves away, so that it is looked at once
            self._next_due_ms = min(self._next_due_ms, task.due_ms(self._idle_ms))
        if not self._limited:
            return
        limits = self._limits_of(task)
        if not limits.each:
            return
        if task.events == 1 or task.is_near(limits, time_ms):
            self._next_due_ms = min(self._next_due_ms, self._watch(task, limits, time_ms))

    def close_due(self, watermark: int | None, *, quietly: bool) -> Iterator[Closing]:
        """Yield what has closed since the last call, then close what is due at the watermark.

        Take all of it, and keep none: ten thousand may close at once, most of which sleep until
        they are asked for here. `quietly`: a task that the table has with its end is not a changed
        one. The watermark that is stored after the closings says of it that it has closed, and
        counts in its panes.
        """
        closings, self._closings = self._closings, []
        yield from closings
        closings.clear()
        if watermark is not None:
            for task in self._take_ended(watermark):
                yield self._close(task, quietly=quietly)
            if watermark >= self._next_due_ms:
                yield from self._look_at_all(watermark)
        self._steps.clear()
        self._offsets.clear()

    def due_of_first(self, most: int) -> int | None:
        """See `EndedTasks.due_of_first`."""
        return self._ended.due_of_first(most)

    def _take_ended(self, watermark: int) -> Iterator[TaskState]:
        for due_ms, key in self._ended.take(watermark):
            task = self._find(key)
            # an earlier end may have closed it already, and another part may have begun
            if task is not None and task.due_ms(self._idle_ms) == due_ms:
                yield task

    def take_crossings(self) -> list[dict[str, Any]]:
        """Return the budget events since the last call."""
        messages, self._messages = self._messages, []
        return messages

    def take_changed(self) -> list[TaskState]:
        """Return the open tasks that changed since the last call."""
        changed = list(self._changed.values())
        self._changed.clear()
        return changed

    def rest(self, written: Iterable[TaskState]) -> list[TaskState]:
        """Let tasks sleep that the caller is about to write, see above; return those that do."""
        return [task for task in written if self._let_sleep(task)]

    def asleep(self) -> list[tuple[str, int]]:
        """Return key and time of opening of the tasks that sleep."""
        return list(self._asleep.items())

    def _look_at_all(self, watermark: int) -> Iterator[Closing]:
        self._next_due_ms = _NEVER
        for task in list(self._open.values()):
            due = task.due_ms(self._idle_ms)
            if due <= watermark:
                yield self._close(task)
                continue
            if task.end_ms is not None:
                due = _NEVER
            if self._limited:
                due = min(due, self._watch(task, self._limits_of(task), watermark))
            self._next_due_ms = min(self._next_due_ms, due)

    def _find(self, key: str) -> TaskState | None:
        """Return the open task of that key, woken up if need be."""
        task = self._open.get(key)
        if task is None and self._asleep and self._stored is not None:
            opened_ms = self._asleep.pop(key, None)
            if opened_ms is not None:
                task = self._open[key] = from_bytes(self._stored(key, opened_ms))
                task.noted_end_ms = task.end_ms
        return task

    def _let_sleep(self, task: TaskState) -> bool:
        """Forget an ended task but for its key, where there are many; tell whether it was."""
        if len(self._open) <= self.max_awake or task.end_ms is None or task.closed_ms is not None:
            return False
        # one that time alone may bring across a budget has to be looked at
        if self._limited:
            near_ms = task.start_ms + self._limits_of(task).near_elapsed_ms
            if near_ms <= task.due_ms(self._idle_ms):
                return False
        del self._open[task.key]
        self._asleep[task.key] = task.opened_ms
        return True

    def _note_end(self, task: TaskState) -> None:
        # mostly it is the end that the events before have told
        if task.end_ms is not None and task.end_ms != task.noted_end_ms:
            task.noted_end_ms = task.end_ms
            self._ended.add(task.due_ms(self._idle_ms), task.key)

    def _close(self, task: TaskState, *, quietly: bool = False) -> Closing:
        due = task.due_ms(self._idle_ms)
        if self._limited:
            self._watch(task, self._limits_of(task), due)
        step = bisect_left(self._steps, due)
        offset = self._offsets[step] if step < len(self._offsets) else task.fence
        task.closed_ms = due
        del self._open[task.key]
        changed = self._changed.pop(id(task), None) is not None
        version = max(offset, task.fence), due
        return Closing(task, due, version, changed=changed or not quietly)

    def _watch(self, task: TaskState, limits: Limits, now_ms: int) -> int:
        """Tell what the task crossed by `now_ms`; return when time alone may cross more."""
        if not task.is_near(limits, now_ms):
            # most tasks, most of the time: nothing to work out
            return task.start_ms + limits.near_elapsed_ms
        for crossing in task.cross(limits, now_ms):
            self._changed[id(task)] = task
            self._messages.append(budget_event(task, crossing))
        elapsed = task.next_elapsed_ms(limits)
        return _NEVER if elapsed is None else elapsed

    def _limits_of(self, task: TaskState) -> Limits:
        key = task.workflow, task.tier
        limits = self._limits.get(key)
        if limits is None:
            limits = self._limits[key] = self._budgets.budget(*key).limits()
        return limits

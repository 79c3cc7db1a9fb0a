"""What tasks that close lead to: additions to panes, a summary, and what the table has of them.

Ten thousand may close in one batch: all that ended in the lateness of a partition under load, once
a pause is over. As a task, a fact and a summary each takes ten kilobytes, so it is let go before
the next one is looked at, and what is left of it are bytes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import orjson

from pipeline.buffers import compact
from pipeline.tasks.storage import to_bytes
from pipeline.tasks.summary import summary
from pipeline.windows.dimensions import Dimensions
from pipeline.windows.open_panes import Fact
from pipeline.windows.open_tasks import Closing
from pipeline.windows.pane import Resolution
from pipeline.windows.stored_panes import StoredPanes, Write
from pipeline.windows.task_contributions import TaskFact

# arithmetic with a plain int is several times faster
_TEN_SECONDS: Final = int(Resolution.TEN_SECONDS)

FACTS_AT_ONCE: Final = 500
"""So many share their panes, and more would only be kept for longer."""


class ClosedTasks:
    """What the tasks that closed in one batch have led to."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        """Tasks that the table is to have as they closed."""
        self.messages: list[tuple[bytes, bytes]] = []
        """Key and value of their summaries."""
        self.keys: list[str] = []
        """Of all of them, in the table."""

    def take(
        self, closings: Iterable[Closing], prefix: str, dimensions: Dimensions, panes: StoredPanes
    ) -> None:
        """Add closed tasks to their panes, each with its own version, and note the rest."""
        facts: list[Fact] = []
        for closing in closings:
            task = closing.task
            key = task_key(prefix, task.key, task.opened_ms)
            self.keys.append(key)
            if closing.changed:
                self.writes.append((key, to_bytes(task)))
            if not task.is_task:
                continue
            self.messages.append(message_of(summary(task)))
            version, due_ms = closing.version, closing.due_ms
            if version is not None:
                of_task = dimensions.of_task(task, due_ms)
                start_ms = due_ms - due_ms % _TEN_SECONDS
                facts.append((start_ms, of_task, TaskFact.of(task, version)))
                if len(facts) >= FACTS_AT_ONCE:
                    panes.add_facts(facts)
                    facts = []
        panes.add_facts(facts)


def task_key(prefix: str, key: str, opened_ms: int) -> str:
    """Return the table's key of a task's part; `prefix` is that of the partition's keys."""
    return f"{prefix}task\x1f{opened_ms}\x1f{key}"


def message_of(told: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return key and value for agent.tasks of a summary or budget event."""
    session_id: str = told["session_id"]
    return session_id.encode(), compact(orjson.dumps(told))

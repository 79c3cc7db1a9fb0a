"""The open panes of a source partition, and what their table has of them.

Mostly a batch stores a record of what it added, see `pane_log`; sometimes all panes that changed
since they were stored, as drafts. The order of what it writes matters, as in `partition`: a crash
may keep any first part of it, and so may a send that failed, after which the same batch comes
again to what was there before it.

- Drafts before the batch's own record: a try that failed may have left a record of that number,
  whose events tasks hold already. Until all drafts are there, it is all that panes have of them.
- That record before closed panes are removed: it says up to when panes are gone, of which older
  records may still hold a part.
- Drafts before the records that they take in are removed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pipeline.windows.contributions import Contribution
from pipeline.windows.dimension import Dimension
from pipeline.windows.open_panes import Fact, OpenPane, OpenPanes
from pipeline.windows.pane import Resolution
from pipeline.windows.pane_log import MOST_BATCHES, MOST_EVENTS, Logged, PaneLog, read_logged
from pipeline.windows.partial import NOTHING_CLOSED, Version

_TEN_SECONDS: Final = int(Resolution.TEN_SECONDS)

Write = tuple[str, bytes | None]


class StoredPanes:
    """Open panes that know what of them is stored, and as what."""

    def __init__(self, prefix: str, *, publish_open: bool) -> None:
        """`prefix`: of the partition's keys. With `publish_open` what is published is stored."""
        self._prefix = prefix
        self._publish_open = publish_open
        self._panes = OpenPanes()
        self._log = PaneLog()
        self._restored_logs: dict[int, Logged] = {}
        # whether the batch at hand is the first one after the panes were loaded
        self._is_first = False
        self._removals: list[str] = []
        # by identity: what the batch at hand has returned already
        self._published: set[int] = set()
        # the end of the last pane that closed, and of the last one that was published by now
        self._closed_ms = self._gone_ms = NOTHING_CLOSED

    def __len__(self) -> int:
        return len(self._panes)

    def restore(self, rest: str, data: bytes) -> None:
        """Take in a stored pane; `rest` is its key after prefix and kind."""
        dimension = rest.partition("\x1f")[2]  # the value has the start, too
        self._panes.restore(OpenPane.from_bytes(Dimension.parse(dimension), data))

    def restore_log(self, number: int, data: bytes) -> None:
        """Take in the record of a batch."""
        self._restored_logs[number] = read_logged(data)

    def restored(self) -> int:
        """Bring panes to where they were, when all is taken in; return the last offset they hold.

        The next batch stores them all: what a send that failed has left of it may be mixed with it.
        """
        logs = self._restored_logs
        self._restored_logs = {}
        self._is_first = True
        self._log = PaneLog(logs)
        gone_ms = max([record.gone_ms for record in logs.values()], default=NOTHING_CLOSED)
        self._gone_ms = self._closed_ms = gone_ms
        if gone_ms != NOTHING_CLOSED:
            # these were published, and the last batch may not have come to remove them
            self._removals += [self._pane_key(pane) for pane in self._panes.close(gone_ms)]
        last = self._panes.settle()
        for number in self._log.numbers:
            logged = logs[number]
            for start_ms, dimensions, found in logged.groups:
                if start_ms + _TEN_SECONDS > gone_ms:
                    self._panes.add(dimensions, start_ms, found, logged.version)
            self._panes.add_facts(
                [fact for fact in logged.facts if fact[0] + _TEN_SECONDS > gone_ms]
            )
            last = max(last, self._panes.settle())
        return last

    def begin(self, events: int, *, replaying: bool) -> None:
        """Decide, of what a batch of so many events is about to add, whether it is logged.

        `replaying`: some panes hold some of these events; what each adds has a version of its own.
        """
        log = self._log
        dear = events > MOST_EVENTS or len(log.numbers) >= MOST_BATCHES
        log.takes = not (dear or replaying or self._is_first or self._publish_open)

    def add(
        self, dimensions: Sequence[Dimension], start_ms: int, found: Contribution, version: Version
    ) -> None:
        """Add what a group of readings adds."""
        self._panes.add(dimensions, start_ms, found, version)
        self._log.add_group(start_ms, dimensions, found)

    def add_facts(self, facts: Sequence[Fact]) -> None:
        """Add closed tasks."""
        self._panes.add_facts(facts)
        for start_ms, dimensions, fact in facts:
            self._log.add_fact(start_ms, dimensions, fact)

    def write(self, writes: list[Write], fence: int, *, removes: bool) -> list[OpenPane]:
        """End a batch: add what has to be written; return open panes that are to be published.

        `removes`: what closed in the batches before it was published and is not needed any more.
        """
        log = self._log
        removals: list[str] = []
        if removes:
            removals, self._removals = self._removals, []
            self._gone_ms = self._closed_ms
        record: list[Write] = []
        if not log.is_empty or removals or (log.numbers and not log.takes):
            number, value = log.take(self._gone_ms, fence)
            record.append((self._log_key(number), value))
        told: list[OpenPane] = []
        void: list[int] = []
        if log.takes:
            self._panes.settle()
        else:
            told = self._store(writes)
            void = log.forget()
        writes += record
        writes += [(key, None) for key in removals]
        writes += [(self._log_key(number), None) for number in void]
        log.takes = self._is_first = False
        return told

    def _store(self, writes: list[Write]) -> list[OpenPane]:
        """Store the panes that changed since they were stored; return those to be published."""
        told: list[OpenPane] = []
        self._published.clear()
        for pane in self._panes.take_changed():
            pane.has_record = True
            if self._publish_open:
                told.append(pane)
                self._published.add(id(pane))
                writes.append((self._pane_key(pane), pane.encode()))
            else:
                writes.append((self._pane_key(pane), pane.draft()))
        return told

    def close(self, watermark_ms: int) -> list[OpenPane]:
        """Return the panes that end at or before the watermark, which are open no longer.

        They are to be published, but for those that `write` returned; the next batch removes them.
        """
        closed: list[OpenPane] = []
        for pane in self._panes.close(watermark_ms):
            # not as far as the watermark: one that only the clock moved may never be stored
            self._closed_ms = max(self._closed_ms, pane.start_ms + _TEN_SECONDS)
            if pane.has_record:
                self._removals.append(self._pane_key(pane))
            if id(pane) not in self._published:
                pane.encode()
                closed.append(pane)
        return closed

    def _pane_key(self, pane: OpenPane) -> str:
        return f"{self._prefix}pane\x1f{pane.start_ms}\x1f{pane.dimension.key}"

    def _log_key(self, number: int) -> str:
        return f"{self._prefix}log\x1f{number}"

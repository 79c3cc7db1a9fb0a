"""The detector with its histories, signals and state: messages in, alerts and modes out.

The caller keeps the state in a table with a changelog and does things in this order: publish what
`take_urgent` and `take_changes` return, then write its state, then commit the input. So a crash at
any moment means that some messages are read again, that ticks run again that ran before, and that
they say the same.

Alerts and modes are what agents and people wait for. A tick that brought some is followed by
nothing until the caller had the chance to take and publish them: windows to merge and histories to
pack are most of the work, and come after.

`writes` are in an order too. First what the detector knows, its clock last: a tick that is run
again finds a fence in every value of a later tick. Then the histories, which are swept by that
clock and must not be ahead of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from pipeline.detection.alert import Alert
from pipeline.detection.detector import TICK_SECONDS, Detector, Outcome
from pipeline.detection.lag import LAG_MEASURE, lag_signals
from pipeline.detection.messages import Message, Progress, Signals, signal_from
from pipeline.detection.modes import ModeNotice
from pipeline.detection.rules.model import RuleSet
from pipeline.detection.signals import Signal, SignalBuffer
from pipeline.detection.silences import Silence
from pipeline.detection.source_watermark import SourceWatermark
from pipeline.detection.window_records import MINUTE_MS, due_windows
from pipeline.detection.window_view import DetectionView
from pipeline.errors import InputError
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.pane import Counter
from pipeline.windows.partial import Partial
from pipeline.windows.stats import WindowStats

TICK_MS = int(TICK_SECONDS * 1000)
_ALL = Dimension(DimensionKind.ALL)
_SEPARATOR = "\x1f"
_CLOCK = "clock"

Write = tuple[str, bytes | None]


@dataclass(slots=True)
class Changes:
    """What came of the messages since the last call."""

    alerts: list[Alert] = field(default_factory=list)
    modes: list[ModeNotice] = field(default_factory=list)
    windows: list[WindowStats] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    """Key and value for the state, in this order; None removes the key."""


class PartitionDetector:
    """Histories, signals, silences, open alerts and modes; pure but for its own state."""

    def __init__(self, rules: RuleSet) -> None:
        self._detector = Detector(rules)
        self._histories = Histories()
        self._watermark = SourceWatermark()
        self._signals = SignalBuffer()
        self._begin(())

    def _begin(self, stored_signals: Iterable[tuple[str, float]]) -> None:
        self._view = DetectionView(self._histories, self._signals)
        self._signal_times = dict(stored_signals)
        self._first_ms: int | None = None
        self._published_ms: int | None = None
        self._windows_due_ms: int | None = None
        self._looked_at: float | None = None
        self._state: dict[str, bytes | None] = {}
        self._inputs: dict[str, bytes | None] = {}
        self._changes = Changes()

    @classmethod
    def load(cls, items: Iterable[tuple[str, bytes]], rules: RuleSet) -> PartitionDetector:
        """Rebuild from stored keys and values; raise `InputError` where one cannot be read."""
        kinds: dict[str, list[tuple[str, bytes]]] = {}
        for key, value in items:
            kind, _, rest = key.partition(_SEPARATOR)
            kinds.setdefault(kind, []).append((rest, value))
        loaded = cls(rules)
        try:
            values = {key: orjson.loads(value) for key, value in kinds.get("detector", ())}
            published, first = values.pop("windows", None), values.pop("first", None)
            loaded._detector.load(values)
            signals = [signal_from(orjson.loads(value)) for _, value in kinds.get("signal", ())]
            progress = [Progress.from_record(orjson.loads(v)) for _, v in kinds.get("progress", ())]
        except (KeyError, TypeError, ValueError):
            raise InputError("stored state of the detector cannot be read") from None
        first_ms = first["start_ms"] if first else None
        loaded._histories = Histories.load(
            kinds.get("history", ()),
            watermarks={each.partition: each.watermark_ms for each in progress},
            reader_ms=_reader_ms(loaded._detector.last_tick, first_ms),
        )
        for signal in signals:
            loaded._signals.add(signal)
        loaded._watermark = SourceWatermark(progress)
        loaded._begin((signal.id, signal.time) for signal in signals)
        loaded._published_ms = published["edge_ms"] if published else None
        loaded._first_ms = first_ms
        return loaded

    @property
    def last_tick(self) -> float | None:
        """Event time of the last tick, in seconds; None before the first."""
        return self._detector.last_tick

    @property
    def alerts(self) -> list[Alert]:
        """The open alerts."""
        return self._detector.alerts

    @property
    def histories(self) -> Histories:
        """The windows of all dimensions."""
        return self._histories

    def use(self, rules: RuleSet) -> None:
        """Take other rules from the next tick on."""
        self._detector.use(rules)

    def silence(self, silence: Silence) -> None:
        """Add or replace a silence."""
        self._detector.silence(silence)
        self._state[f"silence:{silence.id}"] = orjson.dumps(silence.to_record())

    def end_silence(self, silence_id: str) -> None:
        """End a silence; an unknown one is no error."""
        self._detector.end_silence(silence_id)
        self._state[f"silence:{silence_id}"] = None

    def apply(self, message: Message) -> None:
        """Take in a message; one that came before changes nothing."""
        self._merge_due_windows()
        match message:
            case Partial():
                self._apply_partial(message)
            case Signals(signals):
                for signal in signals:
                    self._add_signal(signal)
            case Progress():
                if self._watermark.observe(message):
                    self._inputs[f"progress{_SEPARATOR}{message.partition}"] = message.to_bytes()

    def is_behind(self) -> bool:
        """Tell whether a tick is due."""
        due_ms = self._next_tick_ms()
        watermark_ms = self._watermark.value_ms
        return due_ms is not None and watermark_ms is not None and due_ms <= watermark_ms

    def step(self, ticks: int) -> None:
        """Run up to `ticks` ticks that are due; the caller comes back for the rest.

        It returns after a tick that brought alerts or modes, so that they can be taken at once.
        """
        for _ in range(ticks):
            if not self.is_behind():
                return
            due_ms = self._next_tick_ms()
            assert due_ms is not None  # noqa: S101 - else nothing would be due
            if self._tick(due_ms):
                return

    def stand_still(
        self, behind: Mapping[str, float], seconds: float, since: float | None = None
    ) -> None:
        """Take in how far groups are behind while no tick has run for `seconds` of the wall clock.

        Event time goes on in thought, at the wall clock's pace and in steps of a tick, for the
        rules on the pipeline alone; see `Detector.look_at_pipeline`. `since` is where it begins
        while there was no tick at all: what the wall clock showed `seconds` ago.
        """
        last = self._detector.last_tick if self._detector.last_tick is not None else since
        if last is None:
            return
        now = last + seconds - seconds % TICK_SECONDS
        if self._looked_at is not None and now <= self._looked_at:
            return
        self._looked_at = now
        for signal in lag_signals(behind, now - TICK_SECONDS):
            self._add_signal(signal)
        self._take_outcome(self._detector.look_at_pipeline(self._view, now))

    def take_urgent(self) -> tuple[list[ModeNotice], list[Alert]]:
        """Return the modes and alerts since the last call; to publish before anything else."""
        changes = self._changes
        modes, changes.modes = changes.modes, []
        alerts, changes.alerts = changes.alerts, []
        return modes, alerts

    def take_changes(self) -> Changes:
        """Return what changed since the last call, but for what `take_urgent` returned."""
        self._merge_due_windows()
        changes, self._changes = self._changes, Changes()
        state, self._state = self._state, {}
        inputs, self._inputs = self._inputs, {}
        clock = state.pop(_CLOCK, None)
        writes = changes.writes
        writes += [(f"detector{_SEPARATOR}{key}", value) for key, value in state.items()]
        if clock is not None:
            writes.append((f"detector{_SEPARATOR}{_CLOCK}", clock))
        writes += inputs.items()
        writes += self._expired_signals()
        writes += (
            (f"history{_SEPARATOR}{key}", value) for key, value in self._histories.take_writes()
        )
        return changes

    def _apply_partial(self, partial: Partial) -> None:
        if partial.panes:
            self._note_first(min(part.pane.start_ms for part in partial.panes))
        self._histories.apply(partial)
        if not partial.panes:
            return
        if partial.dimension == _ALL:
            for signal in _quarantined(partial):
                self._add_signal(signal)

    def _note_first(self, start_ms: int) -> None:
        """Keep all panes for the first tick: in a backfill one partition is far ahead of others."""
        if self._detector.last_tick is not None:
            return
        if self._first_ms is None or start_ms < self._first_ms:
            self._first_ms = start_ms
            self._state["first"] = orjson.dumps({"start_ms": start_ms})
        self._hold_panes()

    def _add_signal(self, signal: Signal) -> None:
        if self._signals.add(signal):
            self._signal_times[signal.id] = signal.time
            self._inputs[f"signal{_SEPARATOR}{signal.id}"] = orjson.dumps(signal)

    def _forget_looks(self, now: float) -> None:
        """Forget the lag that was noted by the wall clock, when event time begins at `now`.

        Its ticks would come to those times later and find it anew.
        """
        for id_ in self._signals.drop(LAG_MEASURE, now):
            del self._signal_times[id_]
            self._inputs[f"signal{_SEPARATOR}{id_}"] = None

    def _expired_signals(self) -> Iterator[Write]:
        now = self._detector.last_tick
        if now is None:
            # nothing but lag came until now, of which nobody reads what is old
            now = self._looked_at
        if now is None:
            return
        horizon = now - self._signals.keep
        self._signals.expire(now)
        for id_ in [id_ for id_, time in self._signal_times.items() if time < horizon]:
            del self._signal_times[id_]
            yield f"signal{_SEPARATOR}{id_}", None

    def _next_tick_ms(self) -> int | None:
        last = self._detector.last_tick
        if last is not None:
            return round(last * 1000) + TICK_MS
        return None if self._first_ms is None else self._first_ms - self._first_ms % TICK_MS

    def _tick(self, due_ms: int) -> bool:
        """Run one tick; return whether it brought alerts or modes."""
        self._merge_due_windows()
        if self._detector.last_tick is None:
            self._forget_looks(due_ms / 1000)
        self._histories.reader_ms = due_ms
        outcome = self._detector.advance(self._view, due_ms / 1000)
        self._take_outcome(outcome)
        if due_ms % MINUTE_MS == 0 and due_ms > (self._published_ms or 0):
            self._windows_due_ms = due_ms
        return bool(outcome.alerts or outcome.modes)

    def _take_outcome(self, outcome: Outcome) -> None:
        self._changes.alerts += outcome.alerts
        self._changes.modes += outcome.modes
        for key, value in outcome.state.items():
            self._state[key] = None if value is None else orjson.dumps(value)

    def _merge_due_windows(self) -> None:
        """Merge the windows that the last tick made due, while histories are as it saw them."""
        due_ms, self._windows_due_ms = self._windows_due_ms, None
        if due_ms is not None:
            self._changes.windows += due_windows(self._histories, due_ms)
            self._published_ms = due_ms
            self._state["windows"] = orjson.dumps({"edge_ms": due_ms})

    def _hold_panes(self) -> None:
        self._histories.reader_ms = _reader_ms(self._detector.last_tick, self._first_ms)


def _reader_ms(last_tick: float | None, first_ms: int | None) -> int | None:
    """Return the event time for which panes are kept; None before there are any."""
    return first_ms if last_tick is None else round(last_tick * 1000)


def _quarantined(partial: Partial) -> Iterator[Signal]:
    """Yield what the redactor held back, once for each ten seconds that a partition has closed."""
    for part in partial.panes:
        count = part.pane.counters.get(Counter.QUARANTINED, 0)
        if count and part.pane.end_ms <= partial.watermark_ms:
            yield Signal(
                time=part.pane.start_ms / 1000,
                id=f"quarantined:{partial.partition}:{part.pane.start_ms}",
                measure="quarantined_leaves",
                value=float(count),
            )

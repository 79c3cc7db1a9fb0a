"""The detector: windows, rules and state in, alerts and modes out, tick by tick of event time.

Ticks lie on whole multiples of `tick_seconds` of event time, and a tick reads only what lies
before it. Call `advance` with a watermark, before which windows no longer change, and the same
events give the same alerts whether they come live, in another order, again after a crash or all at
once.

State leaves as plain JSON values by key (`Outcome.state`), each with the event time of the tick
that wrote it as its fence; a tick at or before a value's fence leaves that value alone. So values
of different age, as a changelog may give them back after a crash, lead to the same state again.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pipeline.detection.alert import Alert, Status
from pipeline.detection.alertbook import CLOSED, AlertBook
from pipeline.detection.backpressure import Demand, ScopeState, demands, notice_of, step
from pipeline.detection.durations import HOUR, MINUTE
from pipeline.detection.evaluators import evaluator_for
from pipeline.detection.finding import Finding, Look
from pipeline.detection.inhibition import Inhibitor
from pipeline.detection.lifecycle import begin, observe, promote
from pipeline.detection.measures import MEASURED_OUTSIDE
from pipeline.detection.memory import Memory
from pipeline.detection.modes import Mode, ModeNotice
from pipeline.detection.rules.model import Rule, RuleSet, SilenceRule
from pipeline.detection.silences import Silence, silenced_by
from pipeline.detection.spans import floor_to
from pipeline.detection.view import Dimension, WindowView

TICK_SECONDS = 10.0
RECENT = 60.0
"""A dimension without data for longer, and without an open alert, is not looked at."""
EXAMPLES_FROM = HOUR
"""Examples come from the last hour of a window: coarser panes have none."""
JsonValue = dict[str, object]


@dataclass
class Outcome:
    """What one or more ticks changed."""

    alerts: list[Alert] = field(default_factory=list)
    """To publish, in order; the key is the fingerprint."""
    modes: list[ModeNotice] = field(default_factory=list)
    """To publish, in order; the key is `scope.key`."""
    state: dict[str, JsonValue | None] = field(default_factory=dict)
    """To store, by key; None: delete."""


class Detector:
    """Holds rules, open alerts, modes and silences; pure but for its own state."""

    def __init__(self, rules: RuleSet, tick_seconds: float = TICK_SECONDS) -> None:
        self._tick_seconds = tick_seconds
        self._last_tick: float | None = None
        self._book = AlertBook()
        self._memory = Memory()
        self._scopes: dict[str, ScopeState] = {}
        self._silences: dict[str, Silence] = {}
        self.use(rules)

    @property
    def last_tick(self) -> float | None:
        """Event time of the last tick, in seconds; None before the first."""
        return self._last_tick

    @property
    def alerts(self) -> list[Alert]:
        """The open alerts, pending and firing."""
        return self._book.open()

    def use(self, rules: RuleSet) -> None:
        """Take other rules; open alerts of rules that are gone resolve at the next tick."""
        self._rules = rules
        self._evaluators = {rule.name: evaluator_for(rule) for rule in rules.rules}
        self._by_name = {rule.name: rule for rule in rules.rules}

    def silence(self, silence: Silence) -> None:
        """Add a silence, or replace the one with the same id."""
        self._silences[silence.id] = silence

    def end_silence(self, silence_id: str) -> None:
        """Forget a silence; an unknown id is no error, the record may come twice."""
        self._silences.pop(silence_id, None)

    def advance(self, view: WindowView, watermark: float) -> Outcome:
        """Run every tick that is due up to `watermark` (seconds of event time)."""
        outcome = Outcome()
        for now in self._due(watermark):
            self._tick(view, now, outcome)
        return outcome

    def look_at_pipeline(self, view: WindowView, now: float) -> Outcome:
        """Judge the rules on the pipeline itself at a time that no tick has reached.

        For a pipeline that stands still, and event time with it: what these rules measure does not
        come from events. Nothing else moves, the clock neither; the ticks that come up to `now`
        leave these alerts alone, as their fence says.
        """
        outcome = Outcome()
        before = {alert.fingerprint: alert for alert in self._book.all()}
        findings: dict[str, tuple[Look, Finding]] = {}
        rules = [rule for rule in self._rules.rules if rule.measure in MEASURED_OUTSIDE]
        for rule in rules:
            self._judge(rule, view, now, findings)
        self._suppress_and_promote(now, {rule.name for rule in rules})
        self._publish(before, findings, now, outcome)
        return outcome

    def dump(self) -> dict[str, JsonValue]:
        """Return the whole state by key; what `Outcome.state` would have added up to."""
        state = {f"alert:{alert.fingerprint}": alert.to_record() for alert in self._book.all()}
        state |= {f"mode:{key}": scope.to_record() for key, scope in self._scopes.items()}
        state |= {f"silence:{key}": item.to_record() for key, item in self._silences.items()}
        state |= self._memory.dump()
        if self._last_tick is not None:
            state["clock"] = {"last_tick": self._last_tick}
        return state

    def load(self, state: Mapping[str, JsonValue]) -> None:
        """Take up a stored state; raise `KeyError` or `ValueError` where it is not one."""
        for key, value in state.items():
            kind, _, rest = key.partition(":")
            if kind == "alert":
                self._book.put(Alert.from_record(value))
            elif kind == "mode":
                self._scopes[rest] = ScopeState.from_record(value)
            elif kind == "silence":
                self.silence(Silence.from_record(value))
            elif kind == "memory":
                self._memory.load(key, value)
            elif kind == "clock":
                self._last_tick = float(str(value["last_tick"]))
            else:
                raise ValueError(f"unknown kind of detector state: {kind}")

    def _due(self, watermark: float) -> Iterator[float]:
        end = floor_to(watermark, self._tick_seconds)
        now = end if self._last_tick is None else self._last_tick + self._tick_seconds
        while now <= end:
            yield now
            now += self._tick_seconds

    def _tick(self, view: WindowView, now: float, outcome: Outcome) -> None:
        before = {alert.fingerprint: alert for alert in self._book.all()}
        findings: dict[str, tuple[Look, Finding]] = {}
        if self._last_tick is None:
            self._close_all(now)
        for rule in self._rules.rules:
            if now % rule.every < self._tick_seconds:
                self._judge(rule, view, now, findings)
        self._close_orphans(now)
        self._suppress_and_promote(now, self._by_name)
        self._publish(before, findings, now, outcome)
        self._move_modes(now, outcome)
        for fingerprint in self._book.forget(now, self._rules.inhibitions):
            outcome.state[f"alert:{fingerprint}"] = None
        self._memory.collect(now, outcome.state)
        self._last_tick = now
        outcome.state["clock"] = {"last_tick": now}

    def _judge(
        self,
        rule: Rule,
        view: WindowView,
        now: float,
        findings: dict[str, tuple[Look, Finding]],
    ) -> None:
        """Evaluate one rule for every dimension that has fresh data or an open alert."""
        evaluator = self._evaluators[rule.name]
        opened = {view.dimension(alert.labels): alert for alert in self._book.open(rule.name)}
        for dimension in dict.fromkeys((*_looked_at(rule, view, now), *opened)):
            alert = opened.get(dimension)
            if alert is not None and alert.updated_at >= now:
                continue
            look = Look(
                view=view,
                dimension=dimension,
                now=now,
                frozen=alert.references if alert else {},
                memory=self._memory.of(rule, dimension),
            )
            finding = evaluator.judge(look)
            if alert is not None:
                alert = observe(alert, rule, finding, now)
                self._book.put(alert)
            elif finding is not None and finding.active:
                alert = begin(rule, dimension.labels, finding, now)
                if not self._book.fenced(alert.fingerprint, now):
                    self._book.put(alert)
            if alert is not None and finding is not None:
                findings[alert.fingerprint] = (look, finding)

    def _close_orphans(self, now: float) -> None:
        """Resolve what belongs to a rule that is no longer there."""
        for alert in self._book.open():
            if alert.rule not in self._by_name:
                self._close(alert, now)

    def _close_all(self, now: float) -> None:
        """Resolve what was told by the wall clock while no event time was known.

        In a backfill event time begins weeks before that, and comes to where these alerts are much
        later or never. Who is behind even then is told anew.
        """
        for alert in self._book.open():
            self._close(alert, max(now, alert.updated_at))

    def _close(self, alert: Alert, now: float) -> None:
        status = Status.RESOLVED if alert.fired_at is not None else Status.INACTIVE
        resolved_at = now if status is Status.RESOLVED else None
        self._book.put(replace(alert, status=status, resolved_at=resolved_at, updated_at=now))

    def _suppress_and_promote(self, now: float, rules: Container[str]) -> None:
        alerts = self._book.all()
        inhibitor = Inhibitor(self._rules.inhibitions, alerts, now)
        for alert in self._book.open():
            if alert.rule not in rules:
                continue
            inhibited = inhibitor.inhibitors(alert)
            silenced = silenced_by(alert, self._silences, now)
            marked = replace(alert, inhibited_by=inhibited, silenced_by=silenced)
            self._book.put(promote(marked, self._by_name[alert.rule], now))

    def _publish(
        self,
        before: Mapping[str, Alert],
        findings: Mapping[str, tuple[Look, Finding]],
        now: float,
        outcome: Outcome,
    ) -> None:
        """Send what changed for a reader, and again what has not been sent for long."""
        for alert in self._book.all():
            former = before.get(alert.fingerprint)
            if alert == former:
                continue
            if self._worth_sending(former, alert, now):
                alert = self._explained(alert, findings.get(alert.fingerprint), now)
                self._book.put(alert)
                outcome.alerts.append(alert)
            outcome.state[f"alert:{alert.fingerprint}"] = alert.to_record()

    def _worth_sending(self, former: Alert | None, alert: Alert, now: float) -> bool:
        if former is None or former.episode != alert.episode:
            return True
        if alert.status is Status.FIRING:
            overdue = now - alert.last_sent >= self._rules.defaults.resend_every
            worse = alert.severity == "critical" and former.severity != "critical"
            if overdue or worse:
                return True
        return (alert.status, alert.inhibited_by, alert.silenced_by) != (
            former.status,
            former.inhibited_by,
            former.silenced_by,
        )

    def _explained(self, alert: Alert, found: tuple[Look, Finding] | None, now: float) -> Alert:
        alert = replace(alert, last_sent=now)
        if found is None or alert.status in CLOSED:
            return alert
        look, finding = found
        rule = self._by_name[alert.rule]
        examples = look.view.examples(
            look.dimension,
            rule.measure,
            max(finding.start, floor_to(finding.end - EXAMPLES_FROM, MINUTE)),
            finding.end,
            self._rules.defaults.max_examples,
        )
        details = {**alert.details, **self._evaluators[rule.name].explain(look, finding)}
        return replace(alert, details=details, examples=tuple(examples) or alert.examples)

    def _move_modes(self, now: float, outcome: Outcome) -> None:
        times = self._rules.modes
        asked = demands(self._book.open(), self._rules.pressures, self._scopes, times.down_ratio)
        for key in sorted({*asked, *self._scopes}):
            former = self._scopes.get(key, ScopeState())
            state = step(former, asked.get(key, Demand()), times, now)
            if state is former:
                continue
            changed = state.mode is not former.mode
            held = state.mode is not Mode.NORMAL
            if changed or (held and now - state.sent_at >= times.renew_every):
                state = replace(state, sent_at=now)
                outcome.modes.append(notice_of(key, state, times, now))
            if held or changed or state.up_since is not None:
                self._scopes[key] = state
                outcome.state[f"mode:{key}"] = state.to_record()
            elif now - state.since > times.expires_after:
                # long back to normal: nobody needs the fence any more
                self._scopes.pop(key, None)
                outcome.state[f"mode:{key}"] = None


def _looked_at(rule: Rule, view: WindowView, now: float) -> Iterator[Dimension]:
    """Yield the dimensions of a rule that could have become active since the last look."""
    reach = rule.forget_after if isinstance(rule, SilenceRule) else max(RECENT, 2 * rule.every)
    yield from view.dimensions(rule.per, now - reach)

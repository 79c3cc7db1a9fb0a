"""From firing alerts to modes, with hysteresis and dwell times.

An alert asks for a level when its value is `at` times past its threshold. Up goes straight to what
is asked for; down goes one step at a time, only after a lower mode has sufficed for `down_after`,
and a level counts as sufficed only below `down_ratio` of the point where it was asked for. So a
value that swings around a level does not make agents stop and go.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace

from pipeline.detection.alert import Alert, Status
from pipeline.detection.modes import ALL, LADDER, Evidence, Mode, ModeNotice, Scope
from pipeline.detection.rules.model import ModeTimes, Pressure


@dataclass(frozen=True)
class ScopeState:
    """Where one scope stands; plain values, times in seconds of event time."""

    mode: Mode = Mode.NORMAL
    since: float = 0.0
    updated_at: float = 0.0
    """The fence: event time of the last step."""
    sent_at: float = 0.0
    up_since: float | None = None
    """Since when a higher mode is asked for."""
    down_since: float | None = None
    """Since when a lower mode suffices."""
    reason: str = ""
    evidence: tuple[Evidence, ...] = ()

    def to_record(self) -> dict[str, object]:
        """Return a JSON value."""
        return {**asdict(self), "mode": self.mode.value}

    @classmethod
    def from_record(cls, record: Mapping[str, object]) -> ScopeState:
        """Read what `to_record` wrote."""
        values = {name: record[name] for name in cls.__dataclass_fields__}
        values["mode"] = Mode(str(record["mode"]))
        items = record["evidence"]
        assert isinstance(items, list | tuple)  # noqa: S101 - our own record
        values["evidence"] = tuple(Evidence(**item) for item in items)
        return cls(**values)  # type: ignore[arg-type]  # our own record


@dataclass
class Demand:
    """The highest mode that the alerts of one scope ask for, and which alerts those are."""

    mode: Mode = Mode.NORMAL
    evidence: list[Evidence] = field(default_factory=list)


def demands(
    alerts: Iterable[Alert],
    pressures: Sequence[Pressure],
    held: Mapping[str, ScopeState],
    down_ratio: float,
) -> dict[str, Demand]:
    """Return what firing alerts ask for, by scope key; a silence does not change that."""
    by_rule: dict[str, list[Pressure]] = {}
    for pressure in pressures:
        by_rule.setdefault(pressure.rule, []).append(pressure)
    found: dict[str, Demand] = {}
    for alert in alerts:
        if alert.status is not Status.FIRING or alert.inhibited_by:
            continue
        for pressure in by_rule.get(alert.rule, ()):
            name = alert.labels.get(pressure.scope, "")
            if pressure.scope != "all" and not name:
                continue
            key = ALL.key if pressure.scope == "all" else Scope(pressure.scope, name).key
            current = held[key].mode if key in held else Mode.NORMAL
            mode = _asked(pressure, alert.ratio, current, down_ratio)
            if mode is Mode.NORMAL:
                continue
            demand = found.setdefault(key, Demand())
            demand.mode = max(demand.mode, mode, key=lambda item: item.rank)
            demand.evidence.append(_evidence(alert))
    return found


def step(state: ScopeState, demand: Demand, times: ModeTimes, now: float) -> ScopeState:
    """Return a scope's state after one tick; a tick at or before its fence changes nothing."""
    if now <= state.updated_at:
        return state
    state = replace(state, updated_at=now)
    if demand.mode.rank > state.mode.rank:
        return _step_up(state, demand, times, now)
    if demand.mode.rank < state.mode.rank:
        return _step_down(state, demand, times, now)
    return _with_evidence(replace(state, up_since=None, down_since=None), demand)


def notice_of(key: str, state: ScopeState, times: ModeTimes, now: float) -> ModeNotice:
    """Return the record to publish for a scope's state."""
    normal = state.mode is Mode.NORMAL
    return ModeNotice(
        scope=Scope.parse(key),
        mode=state.mode,
        reason=state.reason,
        since=state.since,
        issued_at=now,
        expires=None if normal else now + times.expires_after,
        evidence=state.evidence,
    )


def _step_up(state: ScopeState, demand: Demand, times: ModeTimes, now: float) -> ScopeState:
    up_since = now if state.up_since is None else state.up_since
    if now - up_since < times.up_after:
        return replace(state, up_since=up_since, down_since=None)
    state = replace(state, mode=demand.mode, since=now, up_since=None, down_since=None)
    return _with_evidence(state, demand)


def _step_down(state: ScopeState, demand: Demand, times: ModeTimes, now: float) -> ScopeState:
    down_since = now if state.down_since is None else state.down_since
    dwelt = now - state.since >= times.min_dwell
    if now - down_since < times.down_after or not dwelt:
        return _with_evidence(replace(state, up_since=None, down_since=down_since), demand)
    lower = LADDER[state.mode.rank - 1]
    # the wait for the next step down begins only while less than this step is asked for
    again = now if demand.mode.rank < lower.rank else None
    state = replace(state, mode=lower, since=now, up_since=None, down_since=again)
    if lower is Mode.NORMAL:
        return replace(state, reason="recovered", evidence=(), down_since=None)
    return _with_evidence(state, demand)


def _with_evidence(state: ScopeState, demand: Demand) -> ScopeState:
    """Keep the latest evidence; while a mode only waits to go down, the last one stands."""
    if not demand.evidence:
        return state
    evidence = sorted(demand.evidence, key=lambda item: (-item.ratio, item.fingerprint))
    reasons = dict.fromkeys(item.rule for item in evidence)
    return replace(state, reason=", ".join(reasons), evidence=tuple(evidence))


def _asked(pressure: Pressure, ratio: float, current: Mode, down_ratio: float) -> Mode:
    asked = Mode.NORMAL
    for level in pressure.levels:
        mode = Mode(level.mode)
        point = level.at * down_ratio if current.rank >= mode.rank else level.at
        if ratio >= point and mode.rank > asked.rank:
            asked = mode
    return asked


def _evidence(alert: Alert) -> Evidence:
    return Evidence(
        rule=alert.rule,
        fingerprint=alert.fingerprint,
        episode=alert.episode,
        value=alert.value,
        threshold=alert.threshold,
        ratio=alert.ratio,
    )

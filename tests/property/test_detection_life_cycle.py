"""Whatever a metric does, alerts live by the rules of their life, and modes by theirs."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.detection.alert import Status
from pipeline.detection.backpressure import Demand, ScopeState, step
from pipeline.detection.detector import Detector
from pipeline.detection.modes import Mode
from pipeline.detection.rules.model import ModeTimes
from tests.unit.detection.scripted import START, Flat, ScriptedView, limit_rules

TICK = 10.0
FOR = 30.0
KEEP = 600.0

# runs of a level for a number of ticks: clear, between the thresholds, active
runs = st.lists(
    st.tuples(st.sampled_from([50.0, 90.0, 150.0, 400.0]), st.integers(1, 90)),
    min_size=1,
    max_size=12,
)


def series_of(pieces: list[tuple[float, int]]) -> list[float]:
    return [value for value, ticks in pieces for _ in range(ticks)]


def view_of(values: list[float]) -> ScriptedView:
    def script(measure: str, labels: object, end: float) -> Flat:
        index = int((end - START) / TICK) - 1
        return Flat(values[index] if 0 <= index < len(values) else 50.0)

    return ScriptedView(script)


@settings(max_examples=40, deadline=None)
@given(pieces=runs)
def test_an_alert_lives_by_the_rules(pieces: list[tuple[float, int]]) -> None:
    values = series_of(pieces)
    detector, view = Detector(limit_rules()), view_of(values)
    detector.advance(view, START)
    records = detector.advance(view, START + (len(values) + 760) * TICK).alerts

    episodes: dict[str, list[tuple[Status, float]]] = {}
    for record in records:
        episodes.setdefault(record.episode, []).append((record.status, record.updated_at))
    ends: list[float] = []
    for episode in episodes.values():
        statuses = [status for status, _ in episode]
        times = [time for _, time in episode]
        assert times == sorted(times)
        # every episode ends, once, and it ends as it lived
        assert statuses[-1] in (Status.RESOLVED, Status.INACTIVE)
        assert (Status.FIRING in statuses) == (statuses[-1] is Status.RESOLVED)
        if ends:
            assert times[0] > ends[-1]
        ends.append(times[-1])

    for record in records:
        index = int((record.updated_at - START) / TICK) - 1
        if record.status is Status.FIRING and record.fired_at == record.updated_at:
            # it was active at every tick of `for`
            window = values[index - int(FOR / TICK) : index + 1]
            assert min(window) > 100
        if record.status is Status.RESOLVED:
            # it was clear at every tick of `keep_firing_for`
            clear = values[max(0, index - int(KEEP / TICK) + 1) : index + 1]
            assert max(clear, default=0) <= 80


@settings(max_examples=40, deadline=None)
@given(pieces=runs, cuts=st.lists(st.integers(1, 600), max_size=4))
def test_restarts_change_nothing(pieces: list[tuple[float, int]], cuts: list[int]) -> None:
    values = series_of(pieces)
    end = START + (len(values) + 300) * TICK
    view = view_of(values)
    whole = Detector(limit_rules())
    whole.advance(view, START)
    expected = whole.advance(view, end).alerts

    detector, got = Detector(limit_rules()), []
    detector.advance(view, START)
    for cut in [*sorted(cuts), None]:
        stop = end if cut is None else min(end, START + cut * TICK)
        got += detector.advance(view, stop).alerts
        state = detector.dump()
        detector = Detector(limit_rules())
        detector.load(state)
    assert got == expected


@settings(max_examples=200, deadline=None)
@given(
    asked=st.lists(st.tuples(st.sampled_from(list(Mode)), st.integers(1, 60)), max_size=15),
    up_after=st.sampled_from([0.0, 30.0]),
)
@example(asked=[(Mode.ESCALATE, 1), (Mode.NORMAL, 1), (Mode.READ_ONLY, 30)], up_after=0.0)
def test_modes_go_up_when_asked_and_down_slowly(
    asked: list[tuple[Mode, int]], up_after: float
) -> None:
    times = ModeTimes(up_after=up_after, down_after=300.0, min_dwell=60.0)
    wanted = [mode for mode, ticks in asked for _ in range(ticks)] + [Mode.NORMAL] * 100
    state, now = ScopeState(), START
    for index, mode in enumerate(wanted):
        now += TICK
        former = state
        state = step(state, Demand(mode), times, now)
        assert step(state, Demand(Mode.ESCALATE), times, now) is state  # the fence
        if state.mode.rank > former.mode.rank:
            assert state.mode is mode
        elif state.mode.rank < former.mode.rank:
            assert former.mode.rank - state.mode.rank == 1
            assert now - former.since >= times.min_dwell
            since = index - int(times.down_after / TICK)
            assert all(m.rank < former.mode.rank for m in wanted[max(0, since) : index + 1])
        elif mode.rank > state.mode.rank:
            # what is asked for is kept waiting for no longer than `up_after`
            assert state.up_since is not None
            assert now - state.up_since < up_after
    assert state.mode is Mode.NORMAL

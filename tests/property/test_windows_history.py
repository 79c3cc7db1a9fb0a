"""Partials of several partitions, merged and rolled up: exact, once, in any order."""

from __future__ import annotations

import random
from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Pane, Resolution
from pipeline.windows.partial import Partial, PartialPane
from pipeline.windows.stats import Window
from tests.unit.windows.latencies import pane_of

TOOL = Dimension(DimensionKind.TOOL, ("search",))
DAY_MS = int(Resolution.DAY)
HOUR_MS = int(Resolution.HOUR)
TEN_MS = int(Resolution.TEN_SECONDS)
START_MS = 20_000 * DAY_MS
Values = dict[tuple[int, int], list[int]]
"""Latencies in µs by partition and start of the ten seconds."""


def partial(partition: int, part: Pane, watermark_ms: int, version: int = 1) -> Partial:
    return Partial(TOOL, partition, watermark_ms, (PartialPane(part, (version, 0)),))


def finals(values: Values) -> list[Partial]:
    """One final partial for each pane, each partition's in the order of time."""
    return [
        partial(partition, pane_of(start_ms, found), start_ms + TEN_MS)
        for (partition, start_ms), found in sorted(values.items())
    ]


def interleaved(partials: Iterable[Partial], chance: random.Random) -> list[Partial]:
    """Any order between partitions, the given one within each."""
    queues: dict[int, list[Partial]] = {}
    for each in partials:
        queues.setdefault(each.partition, []).append(each)
    order = []
    while queues:
        partition = chance.choice(sorted(queues))
        order.append(queues[partition].pop(0))
        if not queues[partition]:
            del queues[partition]
    return order


@st.composite
def spread(draw: st.DrawFn, span_ms: int) -> Values:
    chance = random.Random(draw(st.integers(0, 10_000)))
    return {
        (chance.randrange(4), START_MS + chance.randrange(span_ms // TEN_MS) * TEN_MS): [
            round(chance.lognormvariate(12, 1)) for _ in range(chance.randint(1, 30))
        ]
        for _ in range(draw(st.integers(1, 60)))
    }


def within(values: Values, start_ms: int, end_ms: int) -> list[int]:
    return [v for (_, at), found in values.items() if start_ms <= at < end_ms for v in found]


def check(histories: Histories, values: Values, start_ms: int, end_ms: int) -> None:
    expected = sorted(within(values, start_ms, end_ms))
    stats = histories.span(TOOL, start_ms, end_ms)
    assert stats.count == len(expected)
    found = stats.measures.get(Measure.LATENCY_MS)
    assert (found.count if found else 0) == len(expected)
    if found:
        assert found.total == sum(expected) / 1000
        assert found.maximum == expected[-1] / 1000
        for q, value in ((0.5, found.p50), (0.95, found.p95), (0.99, found.p99)):
            assert rank_error(expected, value * 1000, q) <= 0.005 + 0.5 / len(expected)


def rank_error(ascending: list[int], value: float, q: float) -> float:
    below = sum(each < value - 1e-6 for each in ascending) / len(ascending)
    up_to = sum(each <= value + 1e-6 for each in ascending) / len(ascending)
    return max(below - q, q - up_to, 0.0)


@settings(max_examples=40, deadline=None)
@given(spread(2 * DAY_MS), st.integers(0, 10_000))
def test_every_named_window_holds_exactly_its_events(values: Values, seed: int) -> None:
    histories = Histories()
    for each in interleaved(finals(values), random.Random(seed)):
        histories.apply(each)
    end_ms = histories.now_ms
    for window in Window:
        check(histories, values, window.start_ms(end_ms), end_ms)


@settings(max_examples=30, deadline=None)
@given(spread(HOUR_MS), st.integers(0, 10_000))
def test_partials_that_come_again_change_nothing(values: Values, seed: int) -> None:
    chance = random.Random(seed)
    told = interleaved(finals(values), chance)
    histories = Histories()
    for number, each in enumerate(told):
        assert histories.apply(each).applied == 1
        again = chance.choice(told[: number + 1])
        assert histories.apply(again).repeated == 1
    check(histories, values, START_MS, histories.now_ms)


@settings(max_examples=30, deadline=None)
@given(spread(HOUR_MS), st.integers(0, 10_000))
def test_open_panes_are_replaced_until_they_are_final(values: Values, seed: int) -> None:
    """Growing states of a pane, some out of date, then the final one: the final one counts."""
    chance = random.Random(seed)
    histories = Histories()
    seen: Values = {}
    for (partition, start_ms), found in sorted(values.items(), key=lambda item: item[0][1]):
        for version in (1, 3, 2):
            part = pane_of(start_ms, found[: max(len(found) * version // 3, 1)])
            histories.apply(partial(partition, part, start_ms, version))
        seen[partition, start_ms] = found
        check(histories, seen, START_MS, start_ms + TEN_MS)
        if chance.random() < 0.8:
            final = partial(partition, pane_of(start_ms, found), start_ms + TEN_MS, 4)
            assert histories.apply(final).applied == 1
            check(histories, seen, START_MS, start_ms + TEN_MS)


@settings(max_examples=30, deadline=None)
@given(spread(3 * HOUR_MS), st.integers(0, 10_000), st.data())
def test_a_crash_anywhere_in_the_writes_changes_nothing(
    values: Values, seed: int, data: st.DataObject
) -> None:
    told = interleaved(finals(values), random.Random(seed))
    crash_at = data.draw(st.integers(0, len(told)))
    table: dict[str, bytes] = {}

    def write(writes: list[tuple[str, bytes | None]]) -> None:
        for key, value in writes:
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value

    histories = Histories()
    for each in told[:crash_at]:
        histories.apply(each)
        if data.draw(st.booleans()):
            write(list(histories.take_writes()))
    writes = list(histories.take_writes())
    write(writes[: data.draw(st.integers(0, len(writes)))])

    recovered = Histories.load(table.items())
    for each in told:  # from the beginning: the commit may be as old as that
        recovered.apply(each)
        write(list(recovered.take_writes()))
    check(recovered, values, START_MS, recovered.now_ms)
    check(Histories.load(table.items()), values, START_MS, recovered.now_ms)


def test_a_late_partition_still_counts_everywhere() -> None:
    """One partition's worker was down for hours; its panes come when the others are far on."""
    histories = Histories()
    values: Values = {}
    for minute in range(0, 600, 10):
        start_ms = START_MS + minute * 60_000
        values[0, start_ms] = [minute + 1]
        histories.apply(partial(0, pane_of(start_ms, [minute + 1]), start_ms + TEN_MS))
    list(histories.take_writes())
    late_ms = START_MS + 70 * 60_000
    values[1, late_ms] = [5]
    assert histories.apply(partial(1, pane_of(late_ms, [5]), late_ms + TEN_MS)).applied == 1
    check(histories, values, START_MS, START_MS + 10 * HOUR_MS)
    check(histories, values, START_MS + HOUR_MS, START_MS + 2 * HOUR_MS)


def test_what_is_too_old_to_keep_is_told_and_removed() -> None:
    histories = Histories()
    histories.apply(partial(0, pane_of(START_MS, [1]), START_MS + TEN_MS))
    keys = {key for key, value in histories.take_writes() if value is not None}
    far_ms = START_MS + 20 * DAY_MS
    histories.apply(partial(0, pane_of(far_ms, [1]), far_ms + TEN_MS))
    removed = {key for key, value in histories.take_writes() if value is None}
    assert removed == keys
    assert histories.apply(partial(1, pane_of(START_MS, [1]), START_MS + TEN_MS)).expired == 1

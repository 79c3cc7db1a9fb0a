"""What rules read from panes is what the panes hold."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from statistics import mean, variance

import pytest

from pipeline.detection.measures import mistake_in
from pipeline.detection.signals import Signal, SignalBuffer
from pipeline.detection.window_view import DetectionView
from pipeline.windows.digest import digest_of
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Counter, Pane, Resolution

TOOL = Dimension(DimensionKind.TOOL, ("search",))
_DRAW = random.Random(1)
LATENCIES = [[_DRAW.randint(1, 10**6) for _ in range(40)] for _ in range(6)]  # µs


class Panes:
    """Six panes of ten seconds of one tool."""

    def dimensions(self, kind: DimensionKind, since_ms: int) -> Iterable[Dimension]:
        known = [
            TOOL,
            Dimension(DimensionKind.WORKFLOW_RELEASE, ("refund", "1.0")),
            Dimension(DimensionKind.WORKFLOW_RELEASE, ("faq", "1.0")),
        ]
        return [dimension for dimension in known if dimension.kind is kind]

    def panes(self, dimension: Dimension, start_ms: int, end_ms: int) -> Sequence[Pane]:
        return [
            pane(number)
            for number in range(6)
            if dimension == TOOL and start_ms <= number * 10_000 < end_ms
        ]


def pane(number: int) -> Pane:
    values = LATENCIES[number]
    return Pane(
        start_ms=number * 10_000,
        resolution=Resolution.TEN_SECONDS,
        counters={
            Counter.EVENTS: 40,
            Counter.SUCCESS: 38,
            # a retry in a later pane took the last failure back
            Counter.FAILURE: -1 if number == 5 else 2,
            "error:timeout": 2,
            "error:http_500": number,
        },
        cells={
            Measure.LATENCY_MS: Cell(
                count=40,
                total=sum(values),
                squares=sum(v * v for v in values),
                digest=digest_of(values),
            )
        },
        examples={
            "latency_ms": [(max(values), f"slow-{number}")],
            "failure": [(number, f"bad-{number}")],
        },
    )


@pytest.fixture
def view() -> DetectionView:
    return DetectionView(Panes(), SignalBuffer())


def test_a_measure_is_that_of_its_values(view: DetectionView) -> None:
    stats = view.stats(TOOL, "latency_ms", 10, 50)
    values = [v / 1000 for number in (1, 2, 3, 4) for v in LATENCIES[number]]
    assert stats.count == 160
    assert stats.mean == pytest.approx(mean(values))
    assert stats.variance == pytest.approx(variance(values))
    assert stats.maximum == max(values)
    assert stats.failures == 8
    exact = sorted(values)[152]
    assert stats.quantile(0.95) == pytest.approx(exact, rel=0.03)
    assert stats.share_above(exact) == pytest.approx(7 / 160)


def test_a_share_is_two_counters(view: DetectionView) -> None:
    stats = view.stats(TOOL, "calls", 0, 60)
    assert (stats.count, stats.failures) == (6 * 38 + 9, 9)
    assert stats.mean == pytest.approx(9 / 237)
    assert view.stats(TOOL, "events", 0, 20).count == 80


def test_causes_and_examples_are_the_worst_first(view: DetectionView) -> None:
    assert view.reasons(TOOL, "calls", 0, 60, 5) == [("http_500", 15), ("timeout", 12)]
    assert view.examples(TOOL, "calls", 0, 60, 2) == ["bad-5", "bad-4"]
    slowest = max(range(6), key=lambda number: max(LATENCIES[number]))
    assert view.examples(TOOL, "latency_ms", 0, 60, 1) == [f"slow-{slowest}"]


def test_causes_and_examples_of_tasks_are_those_of_bad_tasks() -> None:
    class OfTasks(Panes):
        def panes(self, dimension: Dimension, start_ms: int, end_ms: int) -> list[Pane]:
            del dimension, end_ms
            counters = {"tasks": 9, "task_failure": 3, "error:http_500": 7, "task_error:timeout": 3}
            examples = {"failure": [(9, "a step")], "task_failure": [(5, "a task")]}
            return [Pane(start_ms, Resolution.MINUTE, counters, {}, examples)]

    view = DetectionView(OfTasks(), SignalBuffer())
    for measure in ("task_failures", "escalations"):
        assert view.reasons(TOOL, measure, 0, 60, 5) == [("timeout", 3)]
        assert view.examples(TOOL, measure, 0, 60, 5) == ["a task"]
    assert view.reasons(TOOL, "calls", 0, 60, 5) == [("http_500", 7)]


def test_nothing_is_no_statistics(view: DetectionView) -> None:
    empty = view.stats(TOOL, "latency_ms", 900, 960)
    assert (empty.count, empty.mean, empty.variance, empty.maximum) == (0, 0.0, 0.0, 0.0)
    assert (empty.quantile(0.95), empty.share_above(1)) == (0.0, 0.0)
    assert view.stats(TOOL, "latency_ms", 60, 10).count == 0


def test_labels_name_a_dimension_and_its_parts(view: DetectionView) -> None:
    assert view.dimension({"tool": "search"}) == TOOL
    part = view.dimension({"release": "1.0", "workflow": "refund"})
    assert part == Dimension(DimensionKind.WORKFLOW_RELEASE, ("refund", "1.0"))
    whole = view.dimension({"workflow": "refund"})
    assert list(view.within(whole, "release", 0)) == [part]
    assert list(view.within(TOOL, "release", 0)) == []


def test_signals_stand_beside_panes() -> None:
    signals = SignalBuffer()
    labels = (("agent", "support"), ("workflow", "refund"))
    signals.add(Signal(100.0, "t:0:1", "budget_exceeded", labels, trace_id="abc"))
    signals.add(Signal(101.0, "t:0:2", "dead_letters", (), 7.0))
    view = DetectionView(Panes(), signals)
    (dimension,) = view.dimensions(("workflow", "agent"), 0)
    assert dimension.labels == dict(labels)
    assert view.dimension(dimension.labels) == dimension
    assert view.stats(dimension, "budget_exceeded", 90, 110).count == 1
    assert view.examples(dimension, "budget_exceeded", 90, 110, 5) == ["abc"]
    (whole,) = view.dimensions((), 0)
    assert view.stats(whole, "dead_letters", 0, 200).total == 7.0


@pytest.mark.parametrize(
    ("measure", "labels", "right"),
    [
        ("latency_ms", {"tool"}, True),
        ("latency_ms", {"agent", "step"}, True),
        ("budget_exceeded", {"anything"}, True),
        ("latency_ms", {"tool", "tenant"}, False),
        ("speed", {"tool"}, False),
    ],
)
def test_a_rule_asks_only_for_what_is_kept(measure: str, labels: set[str], right: bool) -> None:
    assert (mistake_in(measure, frozenset(labels)) is None) == right

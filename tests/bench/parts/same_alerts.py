"""The same events live, reordered, through crashes and backfilled: windows and alerts compared.

Counts and sums are compared with a recomputation from the events alone, quantiles with the exact
ones.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from pipeline.windows.event_time import event_time_ms
from pipeline.windows.measure import Measure
from pipeline.windows.stats import WindowStats
from tests.bench.parts.merge_ranks import QUANTILES, rank_error
from tests.detection_harness import Event, Pipeline, batches, shuffled_within
from tests.unit.windows.fleet import START_MS, event, sessions

MINUTE_MS = 60_000
LIVE_BATCH = 100
Key = tuple[str, int]
"""Dimension as text, and end in ms."""


@dataclass
class Totals:
    """What one dimension did in one minute, event by event."""

    events: int = 0
    tokens: int = 0
    latencies: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class Findings:
    """What came of the comparison."""

    events: int
    windows: int
    wrong_windows: int
    rank_error: float
    differing: dict[str, int]
    """By way of delivery: windows and alerts that are not those of the live run."""
    alerts: int


def run(sessions_count: int, step: Callable[[int], None]) -> Findings:
    """Send the same events in four ways."""
    events = sorted([*sessions(7, sessions_count), *_failing_tool(sessions_count)], key=_time)
    live = Pipeline()
    for batch in batches(events, LIVE_BATCH):
        live.feed(batch)
    step(1)
    windows, wrong, rank_error = _compare(events, live.seen.windows)
    ways = {
        "in another order within the lateness": _reordered,
        "replayed after crashes": _crashing,
        "backfilled": _backfilled,
    }
    differing = {}
    for name, way in ways.items():
        differing[name] = _differences(live, way(events))
        step(1)
    return Findings(len(events), windows, wrong, rank_error, differing, len(live.seen.fired()))


def _time(item: Event) -> int:
    return event_time_ms(item["ts"])


def _failing_tool(seconds: int) -> list[Event]:
    """Calls of one more tool, one a second; in the second half they fail."""
    return [
        event(
            START_MS + number * 1000,
            "tool_call",
            event_id=f"failing-{number}",
            session_id=f"failing-{number % 16}",
            tool_name="fragile",
            call_id=f"failing-{number}",
            status="error" if number > seconds // 2 else "ok",
            error_type="Timeout",
            latency_ms=20.0,
        )
        for number in range(seconds)
    ]


def _reordered(events: Sequence[Event]) -> Pipeline:
    pipeline = Pipeline()
    for batch in batches(shuffled_within(events, 10_000, 5), LIVE_BATCH):
        pipeline.feed(batch)
    return pipeline


def _crashing(events: Sequence[Event]) -> Pipeline:
    pipeline = Pipeline()
    chance = random.Random(3)
    former: Sequence[Event] = ()
    for batch in batches(events, LIVE_BATCH):
        crashed = chance.random() < 0.2
        if crashed:
            pipeline.crash_detector()
            for number in range(4):
                pipeline.crash_aggregator(number)
        pipeline.feed(batch, replayed=former if crashed else ())
        former = batch
    return pipeline


def _backfilled(events: Sequence[Event]) -> Pipeline:
    pipeline = Pipeline()
    for batch in batches(events, 5_000):
        pipeline.feed(batch)
    return pipeline


def _dimensions(item: Event) -> list[str]:
    found = ["all", f"agent={item['agent_name']}"]
    if item.get("workflow"):
        found.append(f"workflow={item['workflow']}")
    if item.get("tool_name"):
        found.append(f"tool={item['tool_name']}")
    if item.get("model_version"):
        found.append(f"model={item['model_version']}")
    return found


def _recomputed(events: Sequence[Event]) -> dict[tuple[str, int], Totals]:
    """Add up minutes from nothing but the events; the key is dimension and start."""
    minutes: dict[tuple[str, int], Totals] = defaultdict(Totals)
    for item in events:
        time_ms = _time(item)
        for name in _dimensions(item):
            totals = minutes[name, time_ms - time_ms % MINUTE_MS]
            totals.events += 1
            totals.tokens += (item.get("tokens_in") or 0) + (item.get("tokens_out") or 0)
            if item.get("latency_ms") is not None:
                totals.latencies.append(round(item["latency_ms"] * 1000))
    return minutes


def _compare(events: Sequence[Event], windows: Sequence[WindowStats]) -> tuple[int, int, float]:
    minutes = _recomputed(events)
    known = {name for name, _ in minutes}
    checked = wrong = 0
    worst = 0.0
    for stats in windows:
        name = str(stats.dimension)
        if name not in known or stats.start_ms % MINUTE_MS or stats.end_ms % MINUTE_MS:
            continue
        parts = [
            minutes.get((name, start), Totals())
            for start in range(stats.start_ms, stats.end_ms, MINUTE_MS)
        ]
        latencies = sorted(value for part in parts for value in part.latencies)
        tokens = stats.measures.get(Measure.TOKENS)
        latency = stats.measures.get(Measure.LATENCY_MS)
        checked += 1
        wrong += (
            stats.count != sum(part.events for part in parts)
            or (tokens is not None and tokens.total != sum(part.tokens for part in parts))
            or (latency is not None and latency.count != len(latencies))
            or (latency is not None and round(latency.total * 1000) != sum(latencies))
        )
        # where unlike steps would be mixed, no digest is kept
        if latency is not None and latency.digest.means and len(latencies) >= 100:
            found = [(q, latency.quantile(q) * 1000) for q in QUANTILES]
            worst = max(worst, *(rank_error(latencies, value, q) for q, value in found))
    return checked, wrong, worst


def _facts(pipeline: Pipeline, until_ms: int) -> dict[object, object]:
    facts: dict[object, object] = {
        (str(stats.dimension), stats.start_ms, stats.end_ms): (
            # a failure that a retry took back leaves a nought, or nothing
            sorted((name, count) for name, count in stats.counters.items() if count),
            sorted((name, found.count, found.total) for name, found in stats.measures.items()),
        )
        for stats in pipeline.seen.windows
        if stats.end_ms <= until_ms
    }
    facts |= {fired: True for fired in pipeline.seen.fired() if (fired[2] or 0) * 1000 <= until_ms}
    return facts


def _differences(live: Pipeline, other: Pipeline) -> int:
    """Count windows and firings that one run has and the other has not, or has otherwise."""
    ticks = (live.detector.last_tick or 0.0, other.detector.last_tick or 0.0)
    until_ms = int(min(ticks) * 1000)
    expected, found = _facts(live, until_ms), _facts(other, until_ms)
    return sum(expected.get(key) != found.get(key) for key in {*expected, *found})

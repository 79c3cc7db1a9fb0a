"""A fleet's windows with daily and weekly rhythm and noise, drawn straight as samples.

No events and no panes: samples of each series lie sorted by time in arrays, and a window is a
slice of them. That makes three weeks quick, and keeps these tests apart from `pipeline.windows`.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from pipeline.detection.measures import kind_of
from pipeline.windows.pane import Resolution
from pipeline.windows.retention import Retention

RETENTION = Retention()
DAY = 86_400.0
HOUR = 3_600.0
MONDAY = 1_767_571_200.0  # 2026-01-05 00:00 UTC
Array = np.ndarray


@dataclass(frozen=True)
class Dim:
    items: tuple[tuple[str, str], ...]

    @property
    def labels(self) -> Mapping[str, str]:
        return dict(self.items)


def dim(**labels: str) -> Dim:
    return Dim(tuple(sorted(labels.items())))


@dataclass
class Samples:
    """One measure of one dimension: times (sorted), values, and which were bad."""

    times: Array
    values: Array
    bad: Array

    @cached_property
    def ticks(self) -> list[float]:
        """The times again: bisecting a list is faster than bisecting an array."""
        return self.times.tolist()

    @cached_property
    def sums(self) -> tuple[Array, Array, Array]:
        def running(array: Array) -> Array:
            return np.concatenate(([0.0], np.cumsum(array)))

        return running(self.values), running(self.values**2), running(self.bad)


@dataclass
class Slice:
    """Statistics of samples[i:j]; a digest's work is done only when a quantile is asked for."""

    samples: Samples
    i: int
    j: int

    @property
    def count(self) -> int:
        return self.j - self.i

    @property
    def failures(self) -> int:
        bad = self.samples.sums[2]
        return int(bad[self.j] - bad[self.i])

    @property
    def total(self) -> float:
        sums = self.samples.sums[0]
        return float(sums[self.j] - sums[self.i])

    @property
    def mean(self) -> float:
        return self.total / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        if self.count < 2:
            return 0.0
        squares = self.samples.sums[1]
        spread = float(squares[self.j] - squares[self.i]) - self.count * self.mean**2
        return max(0.0, spread / (self.count - 1))

    @property
    def maximum(self) -> float:
        return float(self.samples.values[self.i : self.j].max()) if self.count else 0.0

    def share_above(self, value: float) -> float:
        values = self.samples.values[self.i : self.j]
        return np.count_nonzero(values > value) / self.count if self.count else 0.0

    def quantile(self, q: float) -> float:
        if not self.count:
            return 0.0
        rank = min(self.count - 1, int(q * self.count))
        return float(np.partition(self.samples.values[self.i : self.j], rank)[rank])


NOTHING = Samples(np.empty(0), np.empty(0), np.empty(0))


@dataclass
class SyntheticView:
    """Answers `WindowView` from samples; nothing at or after `horizon` can be seen."""

    series: dict[tuple[Dim, str], Samples] = field(default_factory=dict)
    reads: int = 0
    now: float = 0.0

    def add(
        self, dimension: Dim, measure: str, times: Array, values: Array, bad: Array | None = None
    ) -> None:
        order = np.argsort(times, kind="stable")
        bad = np.zeros(len(times)) if bad is None else bad
        self.series[dimension, measure] = Samples(times[order], values[order], bad[order])
        self.__dict__.pop("_by_keys", None)

    @cached_property
    def _by_keys(self) -> dict[tuple[str, ...], list[Dim]]:
        found: dict[tuple[str, ...], dict[Dim, None]] = {}
        for dimension, _ in self.series:
            found.setdefault(tuple(sorted(dimension.labels)), {})[dimension] = None
        return {keys: list(dims) for keys, dims in found.items()}

    def dimension(self, labels: Mapping[str, str]) -> Dim:
        return dim(**labels)

    def dimensions(self, keys: Sequence[str], since: float) -> Iterable[Dim]:
        del since
        return self._by_keys.get(tuple(sorted(keys)), [])

    def within(self, dimension: Dim, key: str, since: float) -> Iterable[Dim]:
        wanted = tuple(sorted((*dimension.labels, key)))
        return [d for d in self._by_keys.get(wanted, []) if set(dimension.items) < set(d.items)]

    def stats(self, dimension: Dim, measure: str, start: float, end: float) -> Slice:
        self.reads += 1
        self.now = max(self.now, end)
        self._assert_kept(dimension, start, end)
        return self.exact(dimension, measure, start, end)

    def exact(self, dimension: Dim, measure: str, start: float, end: float) -> Slice:
        """Return the samples of any span, to the second; not what windows could tell."""
        samples = self.series.get((dimension, measure), NOTHING)
        i = bisect_left(samples.ticks, start)
        return Slice(samples, i, bisect_left(samples.ticks, end, lo=i))

    def _assert_kept(self, dimension: Dim, start: float, end: float) -> None:
        """Fail when a span has an edge where the panes of `pipeline.windows` are too coarse."""
        kind = kind_of(frozenset(dimension.labels))
        if kind is None:
            return
        for edge, is_start in ((start, True), (end, False)):
            age = (self.now - edge) * 1000
            for resolution in sorted(Resolution):
                # the pane that begins at the start ends one resolution later
                if age - is_start * resolution < RETENTION.kept_ms(kind, resolution):
                    assert edge * 1000 % resolution == 0, (dimension, self.now - start, edge)
                    break

    def reasons(
        self, dimension: Dim, measure: str, start: float, end: float, limit: int
    ) -> Sequence[tuple[str, int]]:
        failures = self.stats(dimension, measure, start, end).failures
        return [("timeout", failures)][:limit]

    def examples(
        self, dimension: Dim, measure: str, start: float, end: float, limit: int
    ) -> Sequence[str]:
        count = self.stats(dimension, measure, start, end).count
        return [f"trace-{n}" for n in range(min(count, limit))]


def rhythm(time: Array) -> Array:
    """Load over the week, 1 on a weekday noon: nights near a fifth, weekends a third of that."""
    hour = (time / HOUR) % 24
    weekend = ((time - MONDAY) // DAY) % 7 >= 5
    daily = 0.2 + 0.8 * np.exp(-(((hour - 13.5) / 4.5) ** 2))
    return daily * np.where(weekend, 0.35, 1.0)


def arrivals(rng: np.random.Generator, start: float, end: float, per_hour: float) -> Array:
    """Poisson arrivals with that rhythm and with noise of the level from hour to hour."""
    count = rng.poisson(per_hour * 1.6 * (end - start) / HOUR)
    times = np.sort(rng.uniform(start, end, count))
    hours = ((times - start) // HOUR).astype(int)
    noise = np.exp(rng.normal(0, 0.15, math.ceil((end - start) / HOUR) + 1))
    keep = rng.uniform(0, 1.6, count) < np.minimum(rhythm(times) * noise[hours], 1.6)
    return times[keep]


@dataclass(frozen=True)
class Incident:
    """What is changed, where, when: `apply(times, values, bad)` changes samples in its span."""

    kind: str
    rule: str
    scope: Mapping[str, str]
    start: float
    end: float
    size: float = 1.0

    def within(self, times: Array) -> Array:
        return (times >= self.start) & (times < self.end)


@dataclass
class Fleet:
    """Draws all series of a fleet; incidents change what is drawn."""

    seed: int
    days: int = 21
    start: float = MONDAY
    incidents: Sequence[Incident] = ()
    workflows: Sequence[tuple[str, float]] = (("refund", 240), ("booking", 90), ("faq", 30))
    tools: Sequence[tuple[str, float]] = (
        ("search", 600),
        ("refund_api", 240),
        ("calendar", 90),
        ("crm", 240),
        ("rare_report", 12),
    )
    models: Sequence[tuple[str, float]] = (("gpt", 900), ("claude", 300))
    agents: Sequence[tuple[str, float]] = (("support", 1200), ("planner", 300), ("night_shift", 40))

    @property
    def end(self) -> float:
        return self.start + self.days * DAY

    def view(self) -> SyntheticView:
        view = SyntheticView()
        for index, (draw, names) in enumerate(
            (
                (self._tool, self.tools),
                (self._model, self.models),
                (self._workflow, self.workflows),
                (self._agent, self.agents),
            )
        ):
            for number, (name, per_hour) in enumerate(names):
                rng = np.random.default_rng([self.seed, index, number])
                draw(view, rng, name, per_hour)
        self._budgets(view)
        return view

    def _of(self, kind: str, **scope: str) -> list[Incident]:
        return [i for i in self.incidents if i.kind == kind and dict(i.scope) == scope]

    def _latency(self, rng: np.random.Generator, times: Array, median: float) -> Array:
        """Log-normal, slower by a quarter at high load, with slow minutes now and then."""
        noise = np.exp(rng.normal(0, 0.06, math.ceil((self.end - self.start) / 60) + 1))
        minute = ((times - self.start) // 60).astype(int)
        shape = np.exp(rng.normal(0, 0.55, len(times)))
        return median * shape * (1 + 0.25 * rhythm(times)) * noise[minute]

    def _tool(
        self, view: SyntheticView, rng: np.random.Generator, name: str, per_hour: float
    ) -> None:
        times = arrivals(rng, self.start, self.end, per_hour)
        for incident in self._of("silence", tool=name):
            times = times[~incident.within(times)]
        latency = self._latency(rng, times, 400.0)
        bad = (rng.uniform(size=len(times)) < 0.001).astype(float)
        for incident in self._of("latency", tool=name):
            latency = np.where(incident.within(times), latency * incident.size, latency)
        for incident in self._of("failures", tool=name):
            hit = incident.within(times) & (rng.uniform(size=len(times)) < incident.size)
            bad = np.where(hit, 1.0, bad)
            # a failing tool is slow too: its callers wait for a timeout
            latency = np.where(hit, 10_000.0, latency)
        where = dim(tool=name)
        view.add(where, "latency_ms", times, latency, bad)
        view.add(where, "calls", times, latency, bad)
        view.add(where, "events", times, latency, bad)

    def _model(
        self, view: SyntheticView, rng: np.random.Generator, name: str, per_hour: float
    ) -> None:
        times = arrivals(rng, self.start, self.end, per_hour)
        view.add(dim(model=name), "latency_ms", times, self._latency(rng, times, 1500.0))

    def _agent(
        self, view: SyntheticView, rng: np.random.Generator, name: str, per_hour: float
    ) -> None:
        times = arrivals(rng, self.start, self.end, per_hour)
        for incident in self._of("silence", agent=name):
            times = times[~incident.within(times)]
        ones = np.ones(len(times))
        untraced = (rng.uniform(size=len(times)) < 0.002).astype(float)
        where = dim(agent=name)
        view.add(where, "events", times, ones)
        for measure in ("trace_ids", "trace_coverage", "model_versions", "document_times"):
            view.add(where, measure, times, ones, untraced)

    def _workflow(
        self, view: SyntheticView, rng: np.random.Generator, name: str, per_hour: float
    ) -> None:
        times = arrivals(rng, self.start, self.end, per_hour)
        count = len(times)
        tokens = 3000 * np.exp(rng.normal(0, 0.5, count)) * (1 + 0.1 * rhythm(times))
        failed = (rng.uniform(size=count) < 0.05).astype(float)
        handed_over = (rng.uniform(size=count) < 0.08).astype(float)
        release = np.where(rng.uniform(size=count) < 0.9, "1.0", "1.1")
        prompt = np.full(count, "p1", dtype=object)
        for incident in self._of("tokens", workflow=name):
            release = np.where(incident.within(times), "2.0", release)
            tokens = np.where(incident.within(times), tokens * incident.size, tokens)
        for incident in self._of("prompt", workflow=name):
            prompt = np.where(incident.within(times), "p2", prompt)
            hit = incident.within(times) & (rng.uniform(size=count) < incident.size)
            failed = np.where(hit, 1.0, failed)
        duration = 30_000 * np.exp(rng.normal(0, 0.5, count))
        parts: list[tuple[Dim, Array]] = [(dim(workflow=name), np.full(count, True))]
        parts += [
            (dim(workflow=name, release=r), release == r) for r in sorted(set(release.tolist()))
        ]
        parts += [(dim(workflow=name, prompt_version=p), prompt == p) for p in set(prompt)]
        parts += [(dim(workflow=name, model="gpt"), np.full(count, True))]
        for where, mask in parts:
            at = times[mask]
            view.add(where, "task_tokens", at, tokens[mask])
            view.add(where, "task_cost_usd", at, tokens[mask] * 2e-6)
            view.add(where, "task_failures", at, np.ones(len(at)), failed[mask])
            view.add(where, "escalations", at, np.ones(len(at)), handed_over[mask])
            view.add(where, "task_duration_ms", at, duration[mask])

    def _budgets(self, view: SyntheticView) -> None:
        crossings: dict[Dim, list[Array]] = {}
        for incident in self.incidents:
            if incident.kind == "budget":
                times = np.arange(incident.start, incident.end, 20.0)
                crossings.setdefault(dim(**incident.scope), []).append(times)
        for where, spans in crossings.items():
            times = np.concatenate(spans)
            view.add(where, "budget_exceeded", times, np.ones(len(times)))


def incidents_of(start: float) -> list[Incident]:
    """Return 24 incidents of 6 kinds, four of each, spread over the second and third week."""

    def at(day: int, hour: float) -> float:
        return start + day * DAY + hour * HOUR

    found: list[Incident] = []

    def add(kind: str, rule: str, day: int, hour: float, hours: float, size: float, **scope: str):
        begin = at(day, hour)
        found.append(Incident(kind, rule, scope, begin, begin + hours * HOUR, size))

    # days 7 to 20; day 12, 13, 19 and 20 are weekends
    add("latency", "tool-latency", 7, 10.0, 0.7, 6.0, tool="search")
    add("latency", "tool-latency", 9, 15.0, 1.0, 3.0, tool="crm")
    add("latency", "tool-latency", 12, 13.0, 1.0, 4.0, tool="search")
    add("latency", "tool-latency", 16, 3.0, 1.5, 8.0, tool="refund_api")
    add("failures", "tool-success", 8, 11.0, 0.7, 1.0, tool="refund_api")
    add("failures", "tool-success", 10, 9.0, 1.0, 0.4, tool="search")
    add("failures", "tool-success", 13, 14.0, 2.0, 0.6, tool="crm")
    add("failures", "tool-success", 17, 20.0, 2.0, 0.5, tool="calendar")
    add("silence", "agent-silence", 9, 9.0, 1.0, 1.0, agent="support")
    add("silence", "agent-silence", 11, 14.0, 2.0, 1.0, agent="planner")
    add("silence", "agent-silence", 15, 10.0, 6.0, 1.0, agent="night_shift")
    add("silence", "agent-silence", 19, 12.0, 2.0, 1.0, agent="support")
    add("tokens", "token-growth", 8, 8.0, 9.0, 1.8, workflow="refund")
    add("tokens", "token-growth", 11, 9.0, 9.0, 2.5, workflow="booking")
    add("tokens", "token-growth", 14, 8.0, 12.0, 2.2, workflow="faq")
    add("tokens", "token-growth", 17, 9.0, 8.0, 1.6, workflow="refund")
    add("budget", "budget-exceeded", 10, 16.0, 0.3, 1.0, workflow="refund", agent="support")
    add("budget", "budget-exceeded", 13, 10.0, 0.5, 1.0, workflow="faq", agent="planner")
    add("budget", "budget-exceeded", 16, 15.0, 0.2, 1.0, workflow="booking", agent="planner")
    add("budget", "budget-exceeded", 20, 11.0, 0.4, 1.0, workflow="refund", agent="support")
    add("prompt", "task-failure", 7, 14.0, 1.5, 0.5, workflow="refund")
    add("prompt", "task-failure", 12, 11.0, 2.0, 0.7, workflow="refund")
    add("prompt", "task-failure", 15, 14.0, 2.0, 0.6, workflow="booking")
    add("prompt", "task-failure", 18, 13.0, 2.0, 0.8, workflow="refund")
    return found

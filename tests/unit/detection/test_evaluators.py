"""What each kind of rule takes for a finding, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.detection.evaluators.burn import BurnEvaluator
from pipeline.detection.evaluators.growth import GrowthEvaluator
from pipeline.detection.evaluators.latency import LatencyEvaluator
from pipeline.detection.evaluators.share import ShareEvaluator
from pipeline.detection.evaluators.silence import SilenceEvaluator
from pipeline.detection.finding import Evaluator, Finding, Look, Remembered
from pipeline.detection.rules import default_rules
from pipeline.detection.rules.model import Rule
from tests.unit.detection.synthetic import (
    DAY,
    HOUR,
    MONDAY,
    Array,
    Dim,
    SyntheticView,
    arrivals,
    dim,
)

NOW = MONDAY + 15 * DAY + 12 * HOUR  # a Tuesday noon, two weeks in
TOOL = dim(tool="search")
FLOW = dim(workflow="refund")


def rule(name: str) -> Rule:
    return next(rule for rule in default_rules().rules if rule.name == name)


def every(seconds: float, start: float, end: float = NOW) -> Array:
    return np.arange(start, end, seconds)


def judge(
    evaluator: Evaluator, view: SyntheticView, where: Dim, now: float = NOW
) -> Finding | None:
    return evaluator.judge(Look(view, where, now))


class TestBurn:
    def view(self, bad: dict[tuple[float, float], float]) -> SyntheticView:
        """A call every 10 s for four days; spans before NOW (in hours) with their failure share."""
        view, times = SyntheticView(), every(10, NOW - 4 * DAY)
        rng = np.random.default_rng(1)
        failed = np.zeros(len(times))
        for (begin, end), share in bad.items():
            span = (times >= NOW - begin * HOUR) & (times < NOW - end * HOUR)
            failed[span] = rng.uniform(size=int(span.sum())) < share
        view.add(TOOL, "calls", times, np.ones(len(times)), failed)
        return view

    def find(self, bad: dict[tuple[float, float], float]) -> Finding | None:
        return judge(BurnEvaluator(rule("tool-success")), self.view(bad), TOOL)

    def test_a_hard_failure_is_critical_within_the_hour(self) -> None:
        finding = self.find({(0.2, 0): 1.0})
        assert finding is not None
        assert finding.active
        assert (finding.severity, finding.details["burn_rate_limit"]) == ("critical", 14.4)
        assert finding.ratio == pytest.approx(1 / 0.072)

    def test_a_slow_burn_is_a_warning(self) -> None:
        finding = self.find({(72, 0): 0.012})
        assert finding is not None
        assert (finding.active, finding.severity) == (True, "warning")

    def test_within_the_objective_there_is_nothing(self) -> None:
        assert self.find({(72, 0): 0.002}) is None

    def test_an_outage_that_is_over_asks_for_no_mode(self) -> None:
        finding = self.find({(2, 1): 1.0})
        assert finding is not None  # six hours still hold it
        assert finding.ratio == 0

    def test_a_stray_failure_after_an_outage_does_not_bring_it_back(self) -> None:
        view = self.view({(30, 28): 1.0})
        calls = view.series[TOOL, "calls"]
        calls.bad[-100] = 1.0
        finding = judge(BurnEvaluator(rule("tool-success")), view, TOOL)
        assert finding is None or not finding.active


class TestLatency:
    def view(self, now_ms: float, failing: float = 0.0) -> SyntheticView:
        view, times = SyntheticView(), every(5, MONDAY)
        rng = np.random.default_rng(2)
        values = 400 * np.exp(rng.normal(0, 0.5, len(times)))
        recent = times >= NOW - 120
        values = np.where(recent, np.maximum(values, now_ms), values)
        bad = np.where(recent & (rng.uniform(size=len(times)) < failing), 1.0, 0.0)
        view.add(TOOL, "latency_ms", times, values, bad)
        return view

    def find(self, now_ms: float, failing: float = 0.0) -> Finding | None:
        return judge(LatencyEvaluator(rule("tool-latency")), self.view(now_ms, failing), TOOL)

    def test_a_spike_is_found_with_its_baseline(self) -> None:
        finding = self.find(5000)
        assert finding is not None
        assert finding.active
        assert finding.value >= 5000
        # p95 of a log-normal with median 400 and shape 0.5
        assert finding.references["p95"] == pytest.approx(400 * np.exp(1.645 * 0.5), rel=0.1)

    def test_the_usual_is_no_finding(self) -> None:
        assert self.find(0) is None

    def test_a_tool_that_times_out_is_a_matter_of_success(self) -> None:
        finding = self.find(10_000, failing=1.0)
        assert finding is None or not finding.active

    def test_a_frozen_baseline_is_used_as_it_is(self) -> None:
        evaluator = LatencyEvaluator(rule("tool-latency"))
        frozen = {"p95": 10_000.0, "p99": 20_000.0}
        assert evaluator.judge(Look(self.view(5000), TOOL, NOW, frozen=frozen)) is None

    def test_without_a_baseline_there_is_no_alert(self) -> None:
        view = SyntheticView()
        times = every(5, NOW - 300)
        view.add(TOOL, "latency_ms", times, np.full(len(times), 9000.0))
        assert judge(LatencyEvaluator(rule("tool-latency")), view, TOOL) is None


class TestGrowth:
    def view(self, grown: float, since: float, start: float = MONDAY) -> SyntheticView:
        view, times = SyntheticView(), every(30, start)
        rng = np.random.default_rng(3)
        tokens = 3000 * np.exp(rng.normal(0, 0.5, len(times)))
        tokens = np.where(times >= since, tokens * grown, tokens)
        new = times >= since
        view.add(FLOW, "task_tokens", times, tokens)
        for release, mask in (("1.0", ~new), ("2.0", new)):
            part = dim(workflow="refund", release=release)
            view.add(part, "task_tokens", times[mask], tokens[mask])
        view.add(dim(workflow="refund", model="gpt"), "task_tokens", times, tokens)
        return view

    def find(self, view: SyntheticView) -> Finding | None:
        return judge(GrowthEvaluator(rule("token-growth")), view, FLOW)

    def test_a_week_above_a_fifth_is_found(self) -> None:
        finding = self.find(self.view(1.3, NOW - 7 * DAY))
        assert finding is not None
        assert (finding.active, finding.details["horizon"]) == (True, "week")
        assert 1.2 < finding.value / (finding.baseline or 1) < 1.4

    def test_today_projects_it_early(self) -> None:
        finding = self.find(self.view(1.6, NOW - 5 * HOUR))
        assert finding is not None
        assert (finding.active, finding.details["horizon"]) == (True, "today")

    def test_the_last_hour_projects_it_still_earlier(self) -> None:
        finding = self.find(self.view(2.0, NOW - 0.9 * HOUR))
        assert finding is not None
        assert (finding.active, finding.details["horizon"]) == (True, "hour")

    def early_in_the_day(self, grown: float, over_at: float) -> list[Finding | None]:
        """Judge, without and with an open alert, at two at night after a day of growth.

        A task every five minutes: neither two hours nor one of them have enough to tell.
        """
        view, times = SyntheticView(), every(300, MONDAY, NOW + DAY)
        rng = np.random.default_rng(5)
        night = NOW + 14 * HOUR
        tokens = 3000 * np.exp(rng.normal(0, 0.3, len(times)))
        since = (times >= NOW - 12 * HOUR) & (times < night - over_at)
        view.add(FLOW, "task_tokens", times, np.where(since, tokens * grown, tokens))
        evaluator = GrowthEvaluator(rule("token-growth"))
        return [
            evaluator.judge(Look(view, FLOW, night, frozen=frozen))
            for frozen in ({}, {"mean": 3000.0})
        ]

    def test_a_day_that_has_just_begun_ends_no_alert_and_begins_none(self) -> None:
        without, with_alert = self.early_in_the_day(1.3, 0)
        assert without is None
        assert with_alert is not None
        assert (with_alert.active, with_alert.details["horizon"]) == (False, "day")

    def test_growth_that_is_long_over_is_not_held(self) -> None:
        assert self.early_in_the_day(1.3, 22 * HOUR) == [None, None]

    def test_a_tenth_is_no_alert(self) -> None:
        finding = self.find(self.view(1.12, NOW - 7 * DAY))
        assert finding is None or not finding.active

    def test_the_first_week_is_compared_with_nothing(self) -> None:
        assert self.find(self.view(2.0, NOW - 3 * DAY, start=NOW - 6 * DAY)) is None

    def test_the_release_that_carries_it_is_named_and_the_model_is_not(self) -> None:
        view = self.view(1.6, NOW - 5 * HOUR)
        evaluator = GrowthEvaluator(rule("token-growth"))
        look = Look(view, FLOW, NOW)
        finding = evaluator.judge(look)
        assert finding is not None
        carriers = evaluator.explain(look, finding)["carriers"]
        assert isinstance(carriers, list)
        assert [(c["kind"], c["value"]) for c in carriers] == [("release", "2.0")]


class TestShare:
    def find(self, before: float, now: float) -> Finding | None:
        view, times = SyntheticView(), every(20, MONDAY)
        rng = np.random.default_rng(4)
        share = np.where(times >= NOW - 1800, now, before)
        failed = (rng.uniform(size=len(times)) < share).astype(float)
        view.add(FLOW, "task_failures", times, np.ones(len(times)), failed)
        return judge(ShareEvaluator(rule("task-failure")), view, FLOW)

    def test_more_failures_than_before_are_found(self) -> None:
        finding = self.find(0.05, 0.6)
        assert finding is not None
        assert finding.active
        assert finding.baseline == pytest.approx(0.05, abs=0.01)

    def quiet(self, begin: float, end: float, last: float = NOW) -> Finding | None:
        """Judge twelve tasks an hour until `last`; those of a span (hours before NOW) failed."""
        view, times = SyntheticView(), every(300, MONDAY, last)
        failed = (times >= NOW - begin * HOUR) & (times < NOW - end * HOUR)
        view.add(FLOW, "task_failures", times, np.ones(len(times)), failed.astype(float))
        return judge(ShareEvaluator(rule("task-failure")), view, FLOW)

    def test_a_quiet_workflow_is_judged_by_longer_windows(self) -> None:
        finding = self.quiet(2, 0)
        assert finding is not None
        assert finding.active
        assert (finding.end - finding.start, finding.sample_size) == (6 * HOUR, 72)

    def test_a_long_window_does_not_tell_again_what_is_over(self) -> None:
        assert self.quiet(5, 2) is None

    def test_some_good_ones_among_few_do_not_end_it(self) -> None:
        """A quarter of the last two hours are bad: no reason to begin, and none to end."""
        view, times = SyntheticView(), every(300, MONDAY)
        failed = (times >= NOW - 5 * HOUR).astype(float)
        failed[-24:] = np.tile([1.0, 0.0, 0.0, 0.0], 6)
        view.add(FLOW, "task_failures", times, np.ones(len(times)), failed)
        finding = judge(ShareEvaluator(rule("task-failure")), view, FLOW)
        assert finding is not None
        assert not finding.active

    def test_with_nothing_since_an_alert_neither_begins_nor_ends(self) -> None:
        finding = self.quiet(5, 2, last=NOW - 2.5 * HOUR)
        assert finding is not None
        assert not finding.active

    def test_what_always_fails_often_is_no_news(self) -> None:
        finding = self.find(0.3, 0.3)
        assert finding is None or not finding.active


class TestSilence:
    def run(
        self, times: Array, start: float, end: float, tasks: Array | None = None
    ) -> list[tuple[float, Finding]]:
        view, where = SyntheticView(), dim(agent="support")
        view.add(where, "events", times, np.ones(len(times)))
        if tasks is not None:
            view.add(where, "task_failures", tasks, np.ones(len(tasks)))
        evaluator = SilenceEvaluator(rule("agent-silence"))  # type: ignore[arg-type]
        memory = Remembered()
        found = []
        for now in np.arange(start, end, 30.0):
            finding = evaluator.judge(Look(view, where, float(now), memory=memory))
            if finding is not None:
                found.append((float(now), finding))
        return found

    def test_a_busy_agent_is_missed_within_minutes(self) -> None:
        times = every(5, MONDAY, NOW)
        found = self.run(times, NOW - DAY - HOUR, NOW + HOUR)
        assert found[0][0] - NOW <= 300

    def test_office_hours_are_a_rhythm(self) -> None:
        times = every(20, MONDAY, MONDAY + 14 * DAY)
        hour = times / HOUR % 24
        workday = (times - MONDAY) // DAY % 7 < 5
        office = times[(hour >= 9) & (hour < 17) & workday]
        assert self.run(office, MONDAY + 8 * DAY, MONDAY + 14 * DAY) == []

    def test_an_hourly_batch_is_a_rhythm_and_its_absence_is_not(self) -> None:
        times = every(2, MONDAY, NOW)
        batch = times[times % HOUR < 200]
        found = self.run(batch, NOW - 4 * DAY, NOW + 6 * HOUR)
        assert found
        assert min(now for now, _ in found) >= NOW

    def sessions(self) -> tuple[Array, Array]:
        """Return the ends of sparse sessions of twenty events each, by rhythm, and the events."""
        ends = arrivals(np.random.default_rng(11), MONDAY, MONDAY + 15 * DAY, 20.0)
        return ends, (ends[:, None] - np.arange(20)).ravel()

    def test_events_that_come_by_sessions_are_missed_by_sessions(self) -> None:
        ends, times = self.sessions()
        start = MONDAY + HOUR
        assert self.run(times, start, MONDAY + 6 * DAY, ends) == []
        # without knowing that they come together, three sessions count as sixty events
        assert self.run(times, start, MONDAY + 6 * DAY) != []

    def test_a_burst_of_few_sessions_is_no_level(self) -> None:
        hourly = every(HOUR, MONDAY, NOW)
        burst = every(HOUR / 4, NOW, NOW + 2.9 * HOUR)
        ends = np.concatenate([hourly, burst])
        times = np.sort((ends[:, None] + np.arange(20)).ravel())
        last = times[-1]
        found = self.run(times, NOW - 9 * DAY, NOW + DAY, ends)
        # by the level of the burst, four hours would be sixteen sessions
        assert found
        assert found[0][0] - last >= 10 * HOUR

    def test_sessions_that_end_for_good_are_missed(self) -> None:
        ends, times = self.sessions()
        found = self.run(times[times < NOW - DAY], NOW - 4 * DAY, NOW, ends[ends < NOW - DAY])
        assert found
        assert min(now for now, _ in found) >= NOW - DAY
        assert found[0][1].value >= 0.95 * 15 * 20

    def test_a_retired_source_is_forgotten(self) -> None:
        times = every(5, MONDAY, NOW)
        found = self.run(times, NOW - DAY - HOUR, NOW + 4 * DAY)
        assert max(now for now, _ in found) - NOW <= 3 * DAY

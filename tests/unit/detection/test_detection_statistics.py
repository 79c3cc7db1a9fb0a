"""Intervals against published values and against their own meaning."""

from __future__ import annotations

import math

import pytest

from pipeline.detection.statistics import (
    mean_ratio_interval,
    quantile_ranks,
    second_highest,
    wilson_interval,
)


def test_wilson_interval_has_the_values_of_the_literature() -> None:
    # Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263 and 0 of 20, 95 %
    many = wilson_interval(81, 263, 1.959964)
    assert (round(many.low, 4), round(many.high, 4)) == (0.2553, 0.3662)
    none = wilson_interval(0, 20, 1.959964)
    assert (round(none.low, 4), round(none.high, 4)) == (0.0, 0.1611)


def test_nothing_counted_says_nothing() -> None:
    interval = wilson_interval(0, 0, 3)
    assert (interval.low, interval.high) == (0.0, 1.0)


def test_one_failure_in_ten_is_no_proof_against_an_objective() -> None:
    assert wilson_interval(1, 200, 3).low < 0.005
    assert wilson_interval(20, 200, 3).low > 0.005


def test_mean_ratio_interval_holds_the_ratio_and_narrows_with_the_sample() -> None:
    few = mean_ratio_interval(130, 900, 40, 100, 900, 40, z=3)
    many = mean_ratio_interval(130, 900, 4000, 100, 900, 4000, z=3)
    assert few.low < many.low < 1.3 < many.high < few.high
    assert many.estimate == pytest.approx(1.3)


@pytest.mark.parametrize(("mean", "count"), [(0.0, 50), (100.0, 1)])
def test_mean_ratio_of_too_little_is_unbounded(mean: float, count: int) -> None:
    interval = mean_ratio_interval(mean, 1, count, 100, 1, 50, z=3)
    assert (interval.low, interval.high) == (0.0, math.inf)


def test_quantile_ranks_widen_for_small_samples_and_stay_ranks() -> None:
    low, high = quantile_ranks(0.95, 25, 3)
    assert low == pytest.approx(0.95 - 3 * math.sqrt(0.95 * 0.05 / 25))
    assert high == 1.0
    assert quantile_ranks(0.95, 0, 3) == (0.0, 1.0)


def test_one_odd_day_does_not_set_the_reference() -> None:
    assert second_highest([90, 100, 110, 9000]) == 110
    assert second_highest([5, 7]) == 7

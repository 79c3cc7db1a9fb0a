"""The bound of amounts: sums are the same however they are divided, and digests stay inside."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest

from pipeline.amounts import MOST_AMOUNT, MOST_SQUARES, bounded, bounded_squares
from pipeline.detection.statistics import mean_ratio_interval
from pipeline.detection.window_view import PaneStats
from pipeline.windows.digest import coarsened, digest_of, merge_digests
from pipeline.windows.history_pane import HistoryPane
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Pane, Resolution, merge_cells
from pipeline.windows.segment import pack_segment, unpack_segment


def test_a_sum_ends_at_the_bound() -> None:
    assert bounded(MOST_AMOUNT) == bounded(MOST_AMOUNT + 1) == MOST_AMOUNT
    assert bounded(MOST_AMOUNT - 1) == MOST_AMOUNT - 1
    assert bounded_squares(MOST_SQUARES) == bounded_squares(MOST_SQUARES + 1) == MOST_SQUARES
    # else compiled code would compare objects, several times for each event
    assert MOST_AMOUNT < 2**62


def test_sums_are_the_same_however_they_are_divided() -> None:
    values = (MOST_AMOUNT // 3, 5, MOST_AMOUNT, 0, MOST_AMOUNT // 2, 7)
    cells = [Cell(1, value, value * value, digest_of([value])) for value in values]
    whole = merge_cells(cells)
    assert (whole.count, whole.total, whole.squares) == (6, MOST_AMOUNT, MOST_SQUARES)
    for middle in range(len(cells) + 1):
        assert merge_cells((merge_cells(cells[middle:]), merge_cells(cells[:middle]))) == whole


def test_a_deviation_beyond_the_bound_is_still_finite() -> None:
    # were squares not bounded as well, it would be many times the mean, and too much for `exp`
    cell = merge_cells([Cell(1, MOST_AMOUNT, MOST_SQUARES)] * 100_000)
    pane = Pane(0, Resolution.DAY, {}, {Measure.COST_USD: cell})
    stats = PaneStats(Measure.COST_USD, [pane, pane])
    interval = mean_ratio_interval(stats.mean, stats.variance, stats.count, 1, 1, 100_000, 5)
    assert math.isfinite(interval.high)


@pytest.mark.parametrize("least", [0, 3, 10**9, 10**15])
def test_digests_with_huge_values_keep_their_ends(least: int) -> None:
    values = [*range(least, least + 3_000), MOST_AMOUNT // 2, MOST_AMOUNT - 1, MOST_AMOUNT]
    digest = digest_of(values)
    for _ in range(50):
        digest = coarsened(merge_digests((digest, digest_of(values[::7]), digest_of(values))))
        assert (digest.means[0], digest.maximum) == (least, MOST_AMOUNT)
        assert all(mean < following for mean, following in pairwise(digest.means))


def test_a_stored_pane_with_huge_values_comes_back() -> None:
    values = [*range(500), MOST_AMOUNT]
    cell = Cell(501, MOST_AMOUNT, MOST_SQUARES, digest_of(values))
    segment = {0: HistoryPane(Pane(0, Resolution.MINUTE, {}, {Measure.COST_USD: cell}))}
    assert unpack_segment(pack_segment(segment), Resolution.MINUTE) == segment

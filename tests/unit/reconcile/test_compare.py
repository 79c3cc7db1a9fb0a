"""Every offset is accounted for, or named."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.reconcile.compare import Kind, PartitionReport
from pipeline.reconcile.ranges import as_ranges, merged, size, uncovered

OFFSETS = st.sets(st.integers(0, 40))


@given(OFFSETS)
def test_ranges_hold_exactly_their_offsets(offsets: set[int]) -> None:
    ranges = as_ranges(offsets)
    assert {at for first, last in ranges for at in range(first, last + 1)} == offsets
    assert size(ranges) == len(offsets)
    assert all(one[1] + 1 < two[0] for one, two in pairwise(ranges))
    assert merged([*ranges, *ranges]) == ranges


@given(OFFSETS, st.integers(0, 40), st.integers(0, 10))
def test_what_is_uncovered_is_the_rest(covered: set[int], first: int, length: int) -> None:
    within = first, first + length - 1
    rest = {
        at for low, high in uncovered(within, as_ranges(covered)) for at in range(low, high + 1)
    }
    assert rest == set(range(first, first + length)) - covered


@given(OFFSETS, OFFSETS, OFFSETS, OFFSETS)
def test_every_offset_counts_once(
    stored: set[int], refused: set[int], elsewhere: set[int], missing: set[int]
) -> None:
    """Played against the plain definition, with sets."""
    within = 0, 40
    report = PartitionReport("topic", 0, 0, 41)
    left = report.add_covered(within, as_ranges(stored), as_ranges(refused))
    held = stored | refused | elsewhere | missing
    for first, last in left:
        span = set(range(first, last + 1))
        report.add_explained((first, last), held & span, elsewhere & span)
    gaps = {
        at
        for found in report.findings
        if found.kind is Kind.GAP
        for at in range(found.first, found.last + 1)
    }
    assert gaps == missing - stored - refused - elsewhere
    assert report.stored == len(stored)
    assert report.refused == len(refused - stored)
    assert report.elsewhere == len(elsewhere - stored - refused)
    assert report.stored + report.refused + report.elsewhere + report.holes + len(gaps) == 41


def test_surplus_is_named() -> None:
    report = PartitionReport("topic", 3, 0, 10)
    report.add_repeated([(4, 2)])
    report.add_beyond(12, 15, 4)
    report.add_beyond(0, 0, 0)
    assert [(f.kind, f.partition, f.first, f.last, f.detail) for f in report.findings] == [
        (Kind.SURPLUS, 3, 4, 4, "stored 2 times"),
        (Kind.SURPLUS, 3, 12, 15, "4 rows behind the end of the partition"),
    ]

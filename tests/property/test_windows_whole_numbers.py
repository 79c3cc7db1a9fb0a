"""Numbers of digests: as narrow as they can be, and the same when they come back."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.windows.whole_numbers import from_planes, narrow, planes, steps, sums

numbers_lists = st.integers(1, 64).flatmap(lambda bits: st.lists(st.integers(0, 2**bits - 1)))
steps_lists = st.integers(1, 58).flatmap(
    lambda bits: st.lists(st.integers(0, 2**bits - 1), max_size=60)
)


def is_narrowest(found: array[int]) -> bool:
    largest = max(found, default=0)
    return found.itemsize == next(size for size in (1, 2, 4, 8) if largest < 1 << 8 * size)


@given(numbers_lists)
def test_numbers_are_in_the_narrowest_array(numbers: list[int]) -> None:
    for given_as in (numbers, tuple(numbers), array("Q", numbers)):
        found = narrow(given_as)
        assert found.tolist() == numbers
        assert is_narrowest(found)


@pytest.mark.parametrize("most", [255, 256, 2**16 - 1, 2**16, 2**32 - 1, 2**32, 2**64 - 1])
def test_a_number_at_the_edge_of_a_width(most: int) -> None:
    found = narrow([most, 0])
    assert found.tolist() == [most, 0]
    assert is_narrowest(found)


@given(steps_lists)
def test_sums_and_steps_undo_each_other(numbers: list[int]) -> None:
    found = sums(numbers)
    assert found.tolist() == list(accumulate(numbers))
    assert steps(found) == narrow(numbers)
    assert is_narrowest(found)
    assert is_narrowest(steps(found))


@given(numbers_lists)
def test_bytes_of_one_significance_stand_together(numbers: list[int]) -> None:
    width = (max(numbers, default=0).bit_length() + 7) // 8
    whole = [number.to_bytes(8, "little") for number in numbers]
    expected = bytes(each[place] for place in range(width) for each in whole)
    assert planes(narrow(numbers)) == planes(array("Q", numbers)) == expected
    assert from_planes(memoryview(expected), len(numbers)) == narrow(numbers)


@pytest.mark.parametrize("function", [narrow, sums, steps])
@pytest.mark.parametrize(
    ("numbers", "error"),
    [
        ([-1], OverflowError),
        ([1, 2**64], OverflowError),
        ([1.5], TypeError),
        ([None], TypeError),
        (array("b", [1]), TypeError),
        (array("d", [1]), TypeError),
        ({1}, TypeError),
        (1, TypeError),
    ],
)
def test_what_is_no_whole_number_is_refused(
    function: Callable[[Sequence[int]], array[int]], numbers: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        function(numbers)


def test_what_does_not_add_up_is_refused() -> None:
    with pytest.raises(OverflowError):
        sums([2**63, 2**63])
    with pytest.raises(ValueError, match="ascend"):
        steps([2, 1])
    for count in (-1, 0, 2):
        with pytest.raises(ValueError, match="bytes"):
            from_planes(b"123", count)
    with pytest.raises(ValueError, match="bytes"):
        from_planes(b"123456789", 1)

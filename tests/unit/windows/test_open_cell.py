"""The values of an open pane: the same however they came, and in little memory."""

from __future__ import annotations

import random
import tracemalloc

import orjson
import pytest

from pipeline.amounts import MOST_AMOUNT
from pipeline.errors import InputError
from pipeline.windows.contributions import Amounts
from pipeline.windows.digest import ROOM_WHILE_OPEN
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.open_cell import OpenCell
from pipeline.windows.open_panes import OpenPane

TOOL = Dimension(DimensionKind.TOOL, ("search",))


def amounts_of(values: list[int]) -> Amounts:
    amounts = Amounts()
    for value in values:
        amounts.add(value)
    return amounts


def cell_of(values: list[int], size: int) -> OpenCell:
    cell = OpenCell(digested=True)
    for at in range(0, len(values), size):
        cell.add(amounts_of(values[at : at + size]))
        cell.settle()
    return cell


@pytest.mark.parametrize("count", [1, 63, 64, 700, ROOM_WHILE_OPEN])
@pytest.mark.parametrize("most", [50, MOST_AMOUNT])
def test_values_are_told_alike_whatever_batches_they_came_in(count: int, most: int) -> None:
    chance = random.Random(count)
    values = [chance.randint(0, most) for _ in range(count)]
    at_once = cell_of(values, count)
    for size in (1, 10, 100):
        cell = cell_of(values, size)
        assert cell.to_json() == at_once.to_json()
        assert cell.to_draft() == at_once.to_draft()
        restored = OpenCell.from_draft(True, orjson.loads(orjson.dumps(cell.to_draft())))
        assert restored.to_json() == at_once.to_json()


def test_more_values_than_there_is_room_for_are_counted_then_clustered() -> None:
    few = cell_of([7, 8, 9] * ROOM_WHILE_OPEN, 100)
    assert list(few.to_json()["weights"]) == [ROOM_WHILE_OPEN] * 3
    chance = random.Random(1)
    many = cell_of([chance.randint(0, MOST_AMOUNT) for _ in range(5 * ROOM_WHILE_OPEN)], 100)
    told = many.to_json()
    assert len(told["deltas"]) <= ROOM_WHILE_OPEN
    assert sum(told["weights"]) == 5 * ROOM_WHILE_OPEN
    restored = OpenCell.from_draft(True, orjson.loads(orjson.dumps(many.to_draft())))
    assert restored.to_json() == told


def test_a_value_takes_little_more_than_its_eight_bytes() -> None:
    chance = random.Random(1)
    values = [chance.randint(0, MOST_AMOUNT) for _ in range(900)]
    tracemalloc.start()
    try:
        cells = [cell_of([each + n for each in values], 50) for n in range(20)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 16 * len(values) * len(cells)


@pytest.mark.parametrize("means", [[-1], ["1"], [1.5]])
def test_a_stored_pane_of_other_values_is_refused(means: list[object]) -> None:
    draft = [0, [1, 0], {}, {"latency_ms": [1, 1, "1", means, [1], []]}, {}]
    with pytest.raises(InputError):
        OpenPane.from_bytes(TOOL, orjson.dumps(draft))

"""Values of one kind in a third of their memory, and any value as it was."""

from __future__ import annotations

import random

import orjson
import pytest

from agents.packing import LEARNS_FROM, Packing, is_packed

CHANCE = random.Random(1)


def a_task() -> bytes:
    session = f"s-{CHANCE.randbytes(4).hex()}"
    seen = [f"{session}.{CHANCE.randbytes(8).hex()}" for _ in range(6)]
    steps = {"llm_call": [3, CHANCE.randrange(10_000_000), 1], "tool:search": [1, 1, 1]}
    return orjson.dumps([session, "claude", "tier-2", "production", "refund", steps, seen])


@pytest.mark.parametrize("value", [b"[]", a_task(), a_task() * 100])
@pytest.mark.parametrize("learned", [False, True])
def test_any_value_reads_as_it_was_packed(value: bytes, *, learned: bool) -> None:
    packing = Packing()
    early = packing.pack(value)
    if learned:
        for _ in range(LEARNS_FROM):
            packing.pack(a_task())
    late = packing.pack(value)
    assert packing.unpack(early) == packing.unpack(late) == packing.unpack(value) == value
    assert is_packed(early)
    assert is_packed(late)
    assert not is_packed(value)


def test_what_values_share_takes_no_room_in_them() -> None:
    packing = Packing()
    first, *_, last = (packing.pack(a_task()) for _ in range(LEARNS_FROM + 1))
    # half of a task of this test are digits that nothing foretells
    assert len(last) < 0.75 * len(first)


def test_values_that_nothing_can_be_learned_from_are_packed_alone() -> None:
    packing = Packing()
    packed = [packing.pack(b"[]") for _ in range(LEARNS_FROM * 2)]
    assert {packing.unpack(value) for value in packed} == {b"[]"}

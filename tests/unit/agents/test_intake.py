"""How much a worker may hold of what it has fetched and not finished."""

from __future__ import annotations

from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from agents.delivery import Run
from agents.intake import Intake
from pipeline.adapters.kafka.fetched import RECORD_BYTES

KIB = 1024
LIMIT = 64 * KIB


def run(topic: str, size: int, records: int = 1) -> Run:
    record = SimpleNamespace(offset=0, key=None, value=b"x" * (size - RECORD_BYTES))
    return Run(topic, 0, [record] * records, 1, None)


def test_a_topic_of_which_nothing_is_held_is_fetched_whatever_others_hold() -> None:
    intake = Intake(LIMIT)
    intake.take(large := run("a", LIMIT))
    assert not intake.may_fetch("a")
    assert intake.may_fetch("b")
    intake.take(run("b", KIB))
    assert not intake.may_fetch("b")
    intake.give_back(large)
    assert intake.may_fetch("a")
    assert intake.may_fetch("b")


def test_a_batch_is_full_at_half_so_that_the_other_half_can_be_fetched() -> None:
    intake = Intake(LIMIT)
    quarter = run("a", KIB, records=16)
    intake.take(quarter)
    intake.take(run("a", KIB, records=16))
    size = intake.size_in(quarter)
    assert not intake.is_enough(size)
    assert intake.is_enough(2 * size)
    assert intake.may_fetch("a")


def test_what_is_given_back_twice_or_after_its_assignment_counts_once() -> None:
    intake = Intake(LIMIT)
    intake.take(first := run("a", KIB))
    intake.take(run("a", KIB))
    intake.give_back(first)
    intake.give_back(first)
    assert intake.held == KIB
    intake.clear()
    intake.give_back(first)
    assert intake.held == 0


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.integers(1, 32), st.booleans())))
def test_the_bound_is_passed_by_one_fetch_of_each_topic_at_most(
    steps: list[tuple[str, int, bool]],
) -> None:
    intake, held = Intake(LIMIT), list[Run]()
    for topic, kib, finish in steps:
        if finish and held:
            intake.give_back(held.pop(0))
        elif intake.may_fetch(topic):
            held.append(fetched := run(topic, kib * KIB))
            intake.take(fetched)
        assert intake.held == sum(RECORD_BYTES + len(each.records[0].value or b"") for each in held)
        assert intake.held < LIMIT + 5 * 32 * KIB

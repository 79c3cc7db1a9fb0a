"""Logical tool calls: what is told in all depends on the attempts, not on their order."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from pipeline.tasks.event import event_of
from pipeline.tasks.logical_calls import KEPT_CALLS, Call, call_key, record_attempt
from tests.unit.windows.fleet import event

attempts = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=8)


def told(tried: list[tuple[int, bool]]) -> Counter[tuple[str, int]]:
    """Successes and failures by time, after all attempts."""
    calls: dict[str, Call] = {}
    totals: Counter[tuple[str, int]] = Counter()
    for time_ms, ok in tried:
        for at, successes, failures in record_attempt(calls, "call", time_ms, ok=ok):
            totals["success", at] += successes
            totals["failure", at] += failures
    return Counter({key: count for key, count in totals.items() if count})


@given(attempts, st.randoms(use_true_random=False))
def test_any_order_tells_the_same(tried: list[tuple[int, bool]], chance: object) -> None:
    shuffled = list(tried)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]
    assert told(shuffled) == told(tried)


@given(attempts)
def test_a_call_counts_once_and_succeeds_if_any_attempt_did(tried: list[tuple[int, bool]]) -> None:
    totals = told(tried)
    succeeded = any(ok for _, ok in tried)
    assert sum(n for (name, _), n in totals.items() if name == "success") == int(succeeded)
    assert sum(n for (name, _), n in totals.items() if name == "failure") == int(not succeeded)


@given(attempts)
def test_a_first_failure_is_told_at_once(tried: list[tuple[int, bool]]) -> None:
    in_order = sorted(tried, key=lambda attempt: attempt[0])
    calls: dict[str, Call] = {}
    time_ms, ok = in_order[0]
    expected = (time_ms, 1, 0) if ok else (time_ms, 0, 1)
    assert record_attempt(calls, "call", time_ms, ok=ok) == [expected]


def test_without_a_call_id_tool_and_arguments_tell_calls_apart() -> None:
    def key(arguments: dict[str, Any], call_id: str | None = None) -> str:
        return call_key(event_of(event(0, "tool_call", arguments=arguments, call_id=call_id)))

    one, same, other = {"q": "secret", "n": 1}, {"n": 1, "q": "secret"}, {"q": "secret", "n": 2}
    assert key(one) == key(same) != key(other)
    assert "secret" not in key(one)
    assert key(one, "c1") == key(other, "c1")


def test_a_long_task_remembers_a_bounded_number_of_calls() -> None:
    calls: dict[str, Call] = {}
    for number in range(KEPT_CALLS * 3):
        record_attempt(calls, str(number), number, ok=True)
    assert len(calls) == KEPT_CALLS
    assert str(KEPT_CALLS * 3 - 1) in calls

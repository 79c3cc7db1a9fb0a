"""Ended tasks come out in the order of a plain sorted list."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.windows.ended_tasks import EndedTasks

TIMES = st.integers(min_value=0, max_value=2_000)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), TIMES),
        st.tuples(st.just("take"), TIMES),
        st.tuples(st.just("first"), st.integers(min_value=1, max_value=20)),
    ),
    max_size=80,
)


@given(STEPS)
def test_it_gives_what_a_sorted_list_gives(steps: list[tuple[str, int]]) -> None:
    ended = EndedTasks()
    model: list[tuple[int, int, str]] = []
    for number, (step, value) in enumerate(steps):
        if step == "add":
            ended.add(value, f"k{number}")
            model = sorted([*model, (value, number, f"k{number}")])
        elif step == "take":
            due = [(time, key) for time, _, key in model if time <= value]
            model = model[len(due) :]
            assert list(ended.take(value)) == due
        else:
            expected = model[value - 1][0] if len(model) > value else None
            assert ended.due_of_first(value) == expected
        assert len(ended) == len(model)


def test_what_is_added_before_the_last_time_comes_with_the_next() -> None:
    ended = EndedTasks()
    ended.add(5_000, "later")
    assert list(ended.take(4_999)) == []
    ended.add(10, "earlier")
    ended.add(5_000, "last")
    assert list(ended.take(5_000)) == [(10, "earlier"), (5_000, "later"), (5_000, "last")]
    assert list(ended.take(1 << 60)) == []

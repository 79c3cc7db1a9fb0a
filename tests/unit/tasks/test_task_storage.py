"""A stored task comes back as it was, also as it was stored before fields were left unnamed."""

from __future__ import annotations

import tracemalloc

import orjson
import pytest

from pipeline.errors import InputError
from pipeline.tasks.event import event_of
from pipeline.tasks.reading import read
from pipeline.tasks.state import TaskState, task_key
from pipeline.tasks.storage import FIELDS, from_bytes, to_bytes
from tests.unit.windows.fleet import sessions, time_of


def _task() -> TaskState:
    events = sessions(3, 1)
    first = event_of(events[0])
    task = TaskState.open(task_key(first), first, time_of(events[0]))
    for event in events:
        assert not task.is_repeated(event["event_id"])
        task.apply(event_of(event), read(event_of(event), time_of(event)))
    return task


def _values(task: TaskState) -> list[object]:
    return [getattr(task, name) for name in FIELDS]


def test_it_comes_back_and_knows_its_events() -> None:
    task = _task()
    loaded = from_bytes(to_bytes(task))
    assert _values(loaded) == _values(task)
    assert loaded.is_repeated(sessions(3, 1)[0]["event_id"])


def test_it_takes_no_more_memory_than_it_holds() -> None:
    task = _task()
    tracemalloc.start()
    try:
        written = [to_bytes(task) for _ in range(100)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert taken < 1.2 * sum(map(len, written))


def test_the_older_form_is_read() -> None:
    task = _task()
    older = dict(zip(FIELDS, _values(task), strict=True))
    assert _values(from_bytes(orjson.dumps(older))) == _values(task)


@pytest.mark.parametrize("data", [b"", b"[]", b"[1]", b"{}", b"null", b"[1,[]]", b'"text"'])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        from_bytes(data)


def test_values_are_stored_in_the_order_of_the_fields() -> None:
    # they are read back by their place
    task = _task()
    for number, name in enumerate(FIELDS[:-1]):
        value = getattr(task, name)
        if name.endswith("_ms") or isinstance(value, int):
            setattr(task, name, number)
        else:
            setattr(task, name, {"of": number} if isinstance(value, dict) else f"value {number}")
    task.seen = {"id": 1}
    *values, seen = orjson.loads(to_bytes(task))
    assert values == _values(task)[:-1]
    assert seen == ["id"]


def test_every_attribute_is_stored() -> None:
    task = _task()
    known = {name for name in dir(task) if not name.startswith("_")}
    assert {n for n in known if not callable(getattr(task, n))} - set(FIELDS) == {
        *("summary_id", "is_task", "tokens", "model", "prompt", "noted_end_ms")
    }

"""Of a changelog, the last record of each key is enough, as long as the end is reached."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from faust.types import TP
from hypothesis import given
from hypothesis import strategies as st

from agents import changelog
from agents.changelog import ChangelogReader

TOPIC = TP("changelog", 0)


@dataclass(frozen=True)
class Written:
    offset: int
    key: bytes
    value: bytes | None


def table_of(records: list[Written]) -> dict[bytes, bytes]:
    table: dict[bytes, bytes] = {}
    for record in records:
        if record.value is None:
            table.pop(record.key, None)
        else:
            table[record.key] = record.value
    return table


CHANGES = st.lists(
    st.tuples(st.sampled_from([b"a", b"b", b"c"]), st.none() | st.binary(max_size=2)), min_size=1
)


@given(CHANGES, st.data())
def test_the_table_is_the_same_wherever_fetches_are_cut(
    changes: list[tuple[bytes, bytes | None]], data: st.DataObject
) -> None:
    written = [Written(offset, *change) for offset, change in enumerate(changes)]
    before = data.draw(st.dictionaries(st.sampled_from([b"a", b"b"]), st.just(b"old")))
    reader, passed, at = ChangelogReader(lambda _: not before), [], 0
    while at < len(written):
        until = data.draw(st.integers(at + 1, len(written)))
        # the broker may have told of an end that lies between: then it is passed on at that point
        end = data.draw(st.integers(until, len(written)))
        passed += reader.take(TOPIC, written[at:until], end)
        at = until
    stored = [Written(-1, key, value) for key, value in before.items()]
    assert table_of(stored + passed) == table_of(stored + written)
    assert [each.offset for each in passed] == sorted(each.offset for each in passed)
    assert passed[-1] == written[-1]  # recovery waits for the last offset


def test_keys_that_are_written_again_and_again_are_passed_on_once() -> None:
    reader = ChangelogReader(lambda _: True)
    written = [Written(offset, b"%d" % (offset % 10), b"v") for offset in range(1_000)]
    assert reader.take(TOPIC, written[:500], 1_000) == []
    assert reader.take(TOPIC, written[500:], 1_000) == written[-10:]


def test_removals_are_left_out_where_there_is_nothing_to_remove() -> None:
    written = [Written(n, b"%d" % (n % 100), b"v" if n < 100 else None) for n in range(200)]
    written.append(Written(200, b"last", None))
    assert ChangelogReader(lambda _: True).take(TOPIC, written, 201) == written[-1:]
    assert len(ChangelogReader(lambda _: False).take(TOPIC, written, 201)) == 101


def test_what_was_held_before_a_seek_does_not_come_after_it() -> None:
    reader = ChangelogReader(lambda _: True)
    assert reader.take(TOPIC, [Written(5, b"a", b"old")], 9) == []
    reader.forget(TOPIC)
    assert reader.take(TOPIC, [Written(8, b"b", b"new")], 9) == [Written(8, b"b", b"new")]


def test_a_removal_frees_what_is_held_of_its_key() -> None:
    reader = ChangelogReader(lambda _: True)
    written = [
        Written(2 * n + m, b"%d" % n, b"v" if not m else None) for n in (1, 2) for m in (0, 1)
    ]
    assert reader.take(TOPIC, written, 1_000) == []
    assert reader.held == 0


def test_no_more_than_a_bound_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changelog, "MOST_HELD", 4)
    reader = ChangelogReader(lambda _: True)
    written = [Written(offset, b"%d" % offset, b"v") for offset in range(3)]
    assert reader.take(TOPIC, written[:2], 1_000_000) == []
    # of all partitions together
    assert reader.take(TP("changelog", 1), written, 1_000_000) == written
    assert reader.take(TOPIC, written[2:], 1_000_000) == []
    # what was passed on may be there to be removed
    removed = [Written(3, b"1", None)]
    assert reader.take(TP("changelog", 1), removed, 4) == removed

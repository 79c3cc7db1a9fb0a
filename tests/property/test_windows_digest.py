"""Digests: rank error after every merge, both engines, any order; counts are exact."""

from __future__ import annotations

import random
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError
from pipeline.windows import centroids
from pipeline.windows import digest as digest_module
from pipeline.windows.codec import digest_from_json, digest_to_json, pane_to_json
from pipeline.windows.digest import (
    EMPTY,
    MAX_CENTROIDS,
    ROOM_WHILE_OPEN,
    Digest,
    digest_of,
    digest_of_weights,
    merge_digests,
)
from pipeline.windows.digest_engines import Engine, fastdigest_engine, tdigest_engine
from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.measure import Measure
from pipeline.windows.pane import Cell, Pane, Resolution
from pipeline.windows.partial import Partial, encode_partial
from pipeline.windows.whole_numbers import narrow

QUANTILES = (0.5, 0.95, 0.99)
LIMIT = 0.005

SHAPES: dict[str, Callable[[random.Random], float]] = {
    "lognormal": lambda chance: chance.lognormvariate(12, 1),
    "exponential": lambda chance: chance.expovariate(1 / 300_000),
    "heavy tail": lambda chance: chance.paretovariate(1.1) * 1_000,
    "few values": lambda chance: chance.choice((0, 0, 0, 128, 256, 512, 512, 4_096)),
    "tied values": lambda chance: chance.randint(1, 300),
    "half slow": lambda chance: mixture(chance, 0.497),
    "one in twenty slow": lambda chance: mixture(chance, 0.9505),
    "one in a hundred slow": lambda chance: mixture(chance, 0.9895),
    "constant or not": lambda chance: 3_000 if chance.random() < 0.3 else chance.gauss(3_000, 500),
}


def mixture(chance: random.Random, fast: float) -> float:
    if chance.random() < fast:
        return chance.gauss(100_000, 5_000)
    return chance.gauss(9_000_000, 300_000)


def rank_error(ascending: list[int], value: float, q: float) -> float:
    """How far q lies outside the ranks that `value` has among the values."""
    below = bisect_left(ascending, value) / len(ascending)
    up_to = bisect_right(ascending, value) / len(ascending)
    return max(below - q, q - up_to, 0.0)


def worst_error(digest: Digest, values: list[int]) -> float:
    ascending = sorted(values)
    assert digest.count == len(values)
    found = digest.quantiles(QUANTILES)
    return max(rank_error(ascending, v, q) for v, q in zip(found, QUANTILES, strict=True))


@pytest.fixture(params=["fastdigest", "tdigest"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Engine:
    chosen = fastdigest_engine() if request.param == "fastdigest" else tdigest_engine()
    monkeypatch.setattr(digest_module, "_cluster", chosen)
    return chosen


@pytest.mark.parametrize("shape", SHAPES)
def test_rank_error_after_every_merge_on_the_way(shape: str, engine: Engine) -> None:
    """Ten seconds by partition, merged, to minutes, to an hour, to the whole."""
    chance = random.Random(shape)
    draw = SHAPES[shape]
    hours: list[Digest] = []
    everything: list[int] = []
    for _ in range(2):
        minutes: list[Digest] = []
        hour: list[int] = []
        for _ in range(5):
            panes: list[Digest] = []
            minute: list[int] = []
            for _ in range(6):
                parts = [[round(draw(chance)) for _ in range(60)] for _ in range(4)]
                panes.append(merge_digests(map(digest_of, parts)))
                values = [value for part in parts for value in part]
                assert worst_error(panes[-1], values) <= LIMIT
                minute += values
            minutes.append(merge_digests(panes))
            assert worst_error(minutes[-1], minute) <= LIMIT
            hour += minute
        hours.append(merge_digests(minutes))
        assert worst_error(hours[-1], hour) <= LIMIT
        everything += hour
    assert worst_error(merge_digests(hours), everything) <= LIMIT


@pytest.mark.parametrize("shape", [*SHAPES, "drifting"])
def test_rank_error_when_little_is_added_again_and_again(shape: str) -> None:
    """As a pane of a day grows: one merge for every ten seconds of every partition."""
    chance = random.Random(shape)
    digest, values = EMPTY, list[int]()
    for step in range(600):
        draw = SHAPES.get(
            shape, lambda chance, step=step: chance.gauss(50_000 + step * 5_000, 5_000)
        )
        part = [round(draw(chance)) for _ in range(chance.randint(1, 20))]
        digest = merge_digests((digest, digest_of(part)), ROOM_WHILE_OPEN)
        values += part
        if step % 20 == 19:
            assert worst_error(digest, values) <= LIMIT
            assert worst_error(merge_digests((digest,)), values) <= LIMIT
    assert len(digest.means) <= ROOM_WHILE_OPEN


values_lists = st.lists(st.integers(0, 10**7), min_size=1, max_size=600)


@settings(max_examples=40, deadline=None)
@given(st.lists(values_lists, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_merge_order_does_not_matter(parts: list[list[int]], chance: random.Random) -> None:
    digests = [digest_of(part) for part in parts]
    values = [value for part in parts for value in part]
    together = merge_digests(digests)
    chance.shuffle(digests)
    one_by_one = digests[0]
    for each in digests[1:]:
        one_by_one = merge_digests((one_by_one, each))
    assert merge_digests(digests) == together
    assert one_by_one.count == together.count == len(values)
    assert one_by_one.maximum == together.maximum == max(values)
    assert one_by_one.means[0] == together.means[0] == min(values)
    tolerance = LIMIT + 0.5 / len(values)
    assert worst_error(together, values) <= tolerance
    assert worst_error(one_by_one, values) <= tolerance


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(300, 2_000))
def test_both_engines_read_each_others_centroids_and_agree(seed: int, count: int) -> None:
    chance = random.Random(seed)
    draw = SHAPES[chance.choice(sorted(SHAPES))]
    values = [round(draw(chance)) for _ in range(count)]
    more = [round(draw(chance)) for _ in range(count)]
    merged = []
    for first, second in (
        (fastdigest_engine(), tdigest_engine()),
        (tdigest_engine(), fastdigest_engine()),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(digest_module, "_cluster", first)
            stored = digest_to_json(digest_of(values))
            patch.setattr(digest_module, "_cluster", second)
            merged.append(merge_digests((digest_from_json(stored), digest_of(more))))
    for digest in merged:
        assert worst_error(digest, values + more) <= LIMIT


@settings(max_examples=50, deadline=None)
@given(values_lists)
def test_up_to_the_limit_every_distinct_value_is_exact(values: list[int]) -> None:
    digest = digest_of(values)
    if len(set(values)) <= MAX_CENTROIDS:
        ascending = sorted(values)
        found = digest.quantiles(QUANTILES)
        for q, value in zip(QUANTILES, found, strict=True):
            assert value in values
            assert rank_error(ascending, value, q) < 1e-9
    assert list(digest.means) == sorted(set(digest.means))
    assert all(weight > 0 for weight in digest.weights)
    assert len(digest.means) <= MAX_CENTROIDS


@settings(max_examples=50, deadline=None)
@given(values_lists)
def test_stored_digests_read_back_without_loss(values: list[int]) -> None:
    digest = digest_of(values)
    assert digest_from_json(digest_to_json(digest)) == digest


def test_clustering_is_deterministic(engine: Engine) -> None:
    weights = {value: value % 7 + 1 for value in range(0, 30_000, 11)}
    assert digest_of_weights(weights) == digest_of_weights(dict(reversed(weights.items())))


weights_of_values = st.dictionaries(
    st.integers(0, 60) | st.integers(0, 2**64 - 1),
    st.integers(1, 99) | st.integers(1, 2**16) | st.integers(1, 2**33),
)


@settings(max_examples=200, deadline=None)
@given(st.lists(weights_of_values, max_size=9), st.randoms(use_true_random=False))
def test_merged_centroids_are_those_of_all_parts(
    parts: list[dict[int, int]], chance: random.Random
) -> None:
    together: Counter[int] = Counter()
    lists = []
    for part in parts:
        together.update(part)
        order = sorted(part)
        if chance.random() < 0.2:
            # no digest of ours, but what anyone may have written
            chance.shuffle(order)
        lists.append((narrow(order), narrow(list(map(part.__getitem__, order)))))
    means = sorted(together)
    expected = narrow(means), narrow(list(map(together.__getitem__, means)))
    found = centroids.merged(lists)
    assert found == expected
    assert [each.typecode for each in found] == [each.typecode for each in expected]


@pytest.mark.parametrize(
    ("parts", "error"),
    [
        ([(array("B", [1]), array("Q", [2**63]))] * 2, OverflowError),
        ([(array("b", [1]), array("B", [1]))], TypeError),
        ([(array("B", [1]), array("d", [1]))], TypeError),
        ([(array("B", [1]), memoryview(b"1234").cast("B", (2, 2)))], TypeError),
        ([(array("B", [1, 2]), array("B", [1]))], ValueError),
        ([((1,), (1,))], TypeError),
        ([(array("B", [1]), None)], TypeError),
        ([(array("B", [1]),)], ValueError),
        ([array("B", [1])], ValueError),
        ((array("B", [1]), array("B", [1])), TypeError),
    ],
)
def test_what_is_no_digest_is_not_merged(parts: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        centroids.merged(parts)
    for each in (part for part in parts if isinstance(part, tuple)):
        for numbers in (number for number in each if isinstance(number, array)):
            # nothing holds it any more, or it would raise `BufferError`
            numbers.append(1)


@pytest.mark.parametrize(
    ("deltas", "weights"),
    [
        ([-1], [1]),
        ([2**63] * 2, [1, 1]),
        ([5, -6], [1, 1]),
        ([9, -1], None),
        ([1], [-1]),
        ([1.5], [1]),
    ],
)
def test_a_partial_with_no_digest_of_ours_is_refused(deltas: list[Any], weights: Any) -> None:
    pane = pane_to_json(Pane(0, Resolution.TEN_SECONDS, {}, {Measure.TOKENS: Cell(1, 1, 1)}))
    pane["measures"]["tokens"] |= {"deltas": deltas, **({"weights": weights} if weights else {})}
    data = encode_partial(Dimension(DimensionKind.ALL), 0, 0, [{**pane, "version": (0, 0)}])
    with pytest.raises(InputError):
        Partial.from_bytes(data)


def test_an_empty_digest_has_no_quantiles() -> None:
    assert merge_digests(()).quantiles((0.5,)) == [0.0]
    assert digest_of(()).maximum == 0

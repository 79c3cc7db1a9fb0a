"""t-digests as plain values: sorted centroids, clustered by one of two interchangeable engines.

A digest is a t-digest (Dunning and Ertl, *Computing Extremely Accurate Quantiles Using t-Digests*,
2019). `fastdigest` (Rust) does the clustering; where there is no wheel for a platform, `tdigest`
(pure Python) does. The engine is chosen once, at import; both read and write the same centroids.

Three things are ours, each for the rank error (at most 0.005 at p50, p95 and p99 after every
merge, also for values with ties and for mixtures of fast and slow calls):

- equal values are one centroid, so that up to `MAX_CENTROIDS` *distinct* values are exact;
- the values below p50, from there to p90, and above are clustered apart. A t-digest has its
  smallest clusters at the ends of what it is given, so p50 and p90 get the precision of a tail;
- the smallest and the largest value stay centroids of weight 1.

Values are whole numbers of a measure's kept unit (see `pipeline.windows.measure`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from typing import Final

from pipeline.extensions import check_interface
from pipeline.windows import centroids, whole_numbers
from pipeline.windows.digest_engines import choose_engine

check_interface(centroids, 2)
check_interface(whole_numbers, 1)

MAX_CENTROIDS: Final = 240
SECTIONS: Final = ((0.0, 0.5, 84), (0.5, 0.9, 84), (0.9, 1.0, 70))
"""From quantile, to quantile, and how many centroids lie between; two more are for the ends."""
ROOM_WHILE_OPEN: Final = 1_024
"""Distinct values that a digest may hold while values are still added to it."""
_COARSE_BITS: Final = 5
_EXACT_BELOW: Final = 200

_cluster = choose_engine()


@dataclass(frozen=True, slots=True)
class Digest:
    """Centroids in ascending order: `means[i]` stands for `weights[i]` values near it.

    No mean is there twice. Both are as `whole_numbers.narrow` makes them, and changed by nobody.
    """

    means: array[int]
    weights: array[int]

    @property
    def count(self) -> int:
        """How many values the digest stands for."""
        return sum(self.weights)

    @property
    def maximum(self) -> int:
        """The largest value, exact; 0 when there are none."""
        return self.means[-1] if self.means else 0

    def quantile(self, q: float) -> float:
        """Return the `q` quantile (0 ≤ q ≤ 1); 0 when there are no values."""
        return self.quantiles((q,))[0]

    def quantiles(self, qs: Sequence[float]) -> list[float]:
        """Return a value for each of `qs` (each 0 ≤ q ≤ 1); zeros when there are no values.

        Inside a centroid of weight 1, or one that is heavier than any cluster may be (equal
        values), the quantile is the centroid's value: interpolation there would give values that
        never occurred. Elsewhere it is interpolated between the middles of neighbouring centroids,
        and rounded to the whole unit.
        """
        if not self.means:
            return [0.0] * len(qs)
        ends = list(accumulate(self.weights))
        return [_quantile(self, ends, q) for q in qs]


EMPTY: Final = Digest(array("B"), array("B"))


def digest_of(values: Iterable[int]) -> Digest:
    """Return the digest of single values."""
    return digest_of_weights(Counter(values))


def merge_digests(digests: Iterable[Digest], room: int = MAX_CENTROIDS) -> Digest:
    """Return one digest of all; merged at once, since each merge on the way costs precision."""
    parts = [digest for digest in digests if digest.means]
    if len(parts) == 1 and len(parts[0].means) <= room:
        return parts[0]
    if not parts:
        return EMPTY
    means, weights = centroids.merged([(part.means, part.weights) for part in parts])
    return _cluster_sections(means, weights) if len(means) > room else Digest(means, weights)


def digest_of_weights(weights: Mapping[int, int], room: int = MAX_CENTROIDS) -> Digest:
    """Return the digest of values that occurred as often as `weights` says.

    Up to `room` distinct values stay as they are; more are clustered to `MAX_CENTROIDS`. Whoever
    adds a little again and again gives more room: each clustering costs time and precision.
    """
    if not weights:
        return EMPTY
    means = sorted(weights)
    found = list(map(weights.__getitem__, means))
    return _cluster_sections(means, found) if len(means) > room else _digest(means, found)


def coarsened(digest: Digest) -> Digest:
    """Return the digest with means moved by at most a 32nd of their distance; for cold storage.

    Differences of five significant bits take two thirds of the room. Inside clusters quantiles are
    interpolated anyway; ends, equal values of some weight and digests of few values stay exact.
    """
    if len(digest.means) <= _EXACT_BELOW:
        return digest
    count, rank = digest.count, 0.0
    kept: list[int] = [digest.means[0]]
    most = digest.means[-1] - len(digest.means) + 1
    for mean, weight in zip(digest.means[1:-1], digest.weights[1:-1], strict=True):
        rank += weight
        difference = mean - kept[-1]
        shift = max(difference.bit_length() - _COARSE_BITS, 0)
        if shift and weight <= _heaviest_cluster(rank, count):
            difference = (difference + (1 << shift >> 1)) >> shift << shift
        most += 1
        # what was rounded up before must not reach the next mean, and none the end
        kept.append(min(kept[-1] + max(difference, 1), most))
    kept.append(digest.means[-1])
    return Digest(whole_numbers.narrow(kept), digest.weights)


def _digest(means: list[int], weights: list[int]) -> Digest:
    return Digest(whole_numbers.narrow(means), whole_numbers.narrow(weights))


def _cluster_sections(means: Sequence[int], weights: Sequence[int]) -> Digest:
    """Cluster each section apart; keep both ends of weight 1 (see the module)."""
    ends = list(accumulate(weights))
    clustered_means: list[float] = []
    clustered_weights: list[float] = []
    start = 0
    for _, upper, size in SECTIONS:
        stop = len(means) if upper == 1 else bisect_left(ends, ends[-1] * upper) + 1
        section = _cluster(means[start:stop], weights[start:stop], size)
        clustered_means += section[0]
        clustered_weights += section[1]
        start = stop
    _split_off(clustered_means, clustered_weights, 0, means[0])
    _split_off(clustered_means, clustered_weights, -1, means[-1])
    # a mean is off by at most half a unit, and two that meet become one
    rounded: dict[int, int] = {}
    for clustered, weight in zip(clustered_means, map(round, clustered_weights), strict=True):
        # floats of huge values are off by more than that, but nothing is past an end
        mean = min(max(round(clustered), means[0]), means[-1])
        rounded[mean] = rounded.get(mean, 0) + weight
    ascending = sorted(rounded)
    return _digest(ascending, [rounded[mean] for mean in ascending])


def _split_off(means: list[float], weights: list[float], end: int, extreme: int) -> None:
    """Make the extreme value at one end (0 or -1) a centroid of its own."""
    mean, weight = means[end], weights[end]
    if weight > 1 and mean != extreme:
        means[end] = (mean * weight - extreme) / (weight - 1)
        weights[end] = weight - 1
        at = 0 if end == 0 else len(means)
        means.insert(at, extreme)
        weights.insert(at, 1)


def _quantile(digest: Digest, ends: list[int], q: float) -> float:
    means, weights = digest.means, digest.weights
    rank = q * ends[-1]
    at = bisect_left(ends, rank)
    mean, weight = means[at], weights[at]
    if weight == 1 or weight > _heaviest_cluster(ends[at] - weight / 2, ends[-1]):
        return float(mean)
    offset = rank - (ends[at] - weight / 2)
    other = at + 1 if offset > 0 else at - 1
    if not 0 <= other < len(means):
        return float(mean)
    distance = (weight + weights[other]) / 2
    return float(round(mean + (means[other] - mean) * abs(offset) / distance))


def _heaviest_cluster(rank: float, count: int) -> float:
    """Return how heavy a cluster around `rank` of `count` values can be at most.

    `fastdigest` has the scale function of Facebook's folly: k centroids out of d reach up to the
    quantile 2 (k/d)^2 below the median and symmetrically above, so that a cluster at q spans
    4 sqrt(q / 2) / d of the values. Here that holds in each section. A heavier centroid can only
    be made of equal values.
    """
    share = rank / count
    lower, upper, d = next(section for section in SECTIONS if share <= section[1])
    q = (share - lower) / (upper - lower)
    return count * (upper - lower) * (4 * sqrt(max(min(q, 1 - q), 0.0) / 2) / d + 4 / d**2)

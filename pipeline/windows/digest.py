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

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt

from pipeline.windows.digest_engines import Centroid, choose_engine

MAX_CENTROIDS = 192
SECTIONS = ((0.0, 0.5), (0.5, 0.9), (0.9, 1.0))

_cluster = choose_engine()


@dataclass(frozen=True, slots=True)
class Digest:
    """Centroids in ascending order: `means[i]` stands for `weights[i]` values near it."""

    means: tuple[int, ...]
    weights: tuple[int, ...]

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


EMPTY = Digest((), ())


def digest_of(values: Iterable[int]) -> Digest:
    """Return the digest of single values."""
    return digest_of_weights(Counter(values))


def merge_digests(digests: Iterable[Digest]) -> Digest:
    """Return one digest of all; merged at once, since each merge on the way costs precision."""
    parts = [digest for digest in digests if digest.means]
    if len(parts) == 1:
        return parts[0]
    weights: dict[int, int] = {}
    for part in parts:
        for mean, weight in zip(part.means, part.weights, strict=True):
            weights[mean] = weights.get(mean, 0) + weight
    return digest_of_weights(weights)


def digest_of_weights(weights: Mapping[int, int]) -> Digest:
    """Return the digest of values that occurred as often as `weights` says."""
    if not weights:
        return EMPTY
    centroids: Sequence[Centroid] = sorted(weights.items())
    if len(centroids) > MAX_CENTROIDS:
        centroids = _cluster_sections(centroids)
    means, counts = zip(*centroids, strict=True)
    return Digest(means, counts)


def _cluster_sections(distinct: Sequence[Centroid]) -> list[tuple[int, int]]:
    """Cluster each section apart; keep both ends of weight 1 (see the module)."""
    lowest, highest = distinct[0][0], distinct[-1][0]
    ends = list(accumulate(weight for _, weight in distinct))
    size = (MAX_CENTROIDS - 2) // len(SECTIONS)  # leaves room for the two ends
    clustered: list[Centroid] = []
    start = 0
    for _, upper in SECTIONS:
        stop = len(distinct) if upper == 1 else bisect_left(ends, ends[-1] * upper) + 1
        clustered += _cluster(distinct[start:stop], size)
        start = stop
    mean, weight = clustered[0]
    if weight > 1 and mean > lowest:
        clustered[0] = ((mean * weight - lowest) / (weight - 1), weight - 1)
        clustered.insert(0, (lowest, 1))
    mean, weight = clustered[-1]
    if weight > 1 and mean < highest:
        clustered[-1] = ((mean * weight - highest) / (weight - 1), weight - 1)
        clustered.append((highest, 1))
    # a mean is off by at most half a unit, and two that meet become one
    rounded: dict[int, int] = {}
    for mean, weight in clustered:
        rounded[round(mean)] = rounded.get(round(mean), 0) + round(weight)
    return list(rounded.items())


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
    lower, upper = next(section for section in SECTIONS if share <= section[1])
    q = (share - lower) / (upper - lower)
    d = MAX_CENTROIDS // len(SECTIONS)
    return count * (upper - lower) * (4 * sqrt(max(min(q, 1 - q), 0.0) / 2) / d + 4 / d**2)

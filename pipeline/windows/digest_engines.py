"""The two engines that cluster centroids: `fastdigest` (Rust) and `tdigest` (pure Python).

An engine takes ascending means, their weights and a bound, and returns at most that many means and
weights, ascending, with the same total weight. Both are deterministic: the same input gives the
same output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Centroids = tuple[Sequence[float], Sequence[float]]
"""Means and weights."""
Engine = Callable[[Sequence[float], Sequence[float], int], Centroids]


def fastdigest_engine() -> Engine:
    """Return the engine in Rust; raise `ImportError` where there is no wheel for the platform."""
    from fastdigest import TDigest

    def cluster(means: Sequence[float], weights: Sequence[float], bound: int) -> Centroids:
        if len(means) <= bound:
            return means, weights
        digest = TDigest.from_values(means, weights, max_centroids=bound)
        clustered_means, clustered_weights = zip(*digest.centroids, strict=True)
        return clustered_means, clustered_weights

    return cluster


def tdigest_engine() -> Engine:
    """Return the engine in pure Python."""
    from tdigest import TDigest

    class OrderlyTDigest(TDigest):  # type: ignore[misc]
        """Of two equally near centroids takes the upper one, where `TDigest` throws a coin."""

        def _find_closest_centroids(self, x: float) -> list[object]:
            found: list[object] = super()._find_closest_centroids(x)[:1]
            return found

    def cluster(means: Sequence[float], weights: Sequence[float], bound: int) -> Centroids:
        # a cluster is at most 4 n delta q (1 - q) heavy, which makes about 1 / delta of them
        delta = 1 / bound
        while len(means) > bound:
            digest = OrderlyTDigest(delta=delta, K=1_000)
            for position in _far_apart(len(means)):
                digest.update(means[position], weights[position])
            centroids = digest.centroids_to_list()
            means = [centroid["m"] for centroid in centroids]
            weights = [centroid["c"] for centroid in centroids]
            delta *= 1.5
        return means, weights

    return cluster


def _far_apart(length: int) -> list[int]:
    """Return positions in bit-reversed order: sorted input makes a t-digest degenerate."""
    width = (length - 1).bit_length()
    positions = (int(f"{i:0{width}b}"[::-1], 2) for i in range(1 << width))
    return [position for position in positions if position < length]


def choose_engine() -> Engine:
    """Return the fast engine where it is installed, else the portable one."""
    try:
        return fastdigest_engine()
    except ImportError:
        return tdigest_engine()

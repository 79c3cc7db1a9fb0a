"""The two engines that cluster centroids: `fastdigest` (Rust) and `tdigest` (pure Python).

An engine takes sorted centroids (mean, weight) and a bound, and returns at most about that many,
sorted, with the same total weight. Both are deterministic: the same input gives the same output.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

Centroid = tuple[float, float]
Engine = Callable[[Sequence[Centroid], int], Sequence[Centroid]]


def fastdigest_engine() -> Engine:
    """Return the engine in Rust; raise `ImportError` where there is no wheel for the platform."""
    from fastdigest import TDigest

    def cluster(centroids: Sequence[Centroid], max_centroids: int) -> Sequence[Centroid]:
        if len(centroids) <= max_centroids:
            return centroids
        means, weights = zip(*centroids, strict=True)
        digest = TDigest.from_values(means, weights, max_centroids=max_centroids)
        return list(digest.centroids)

    return cluster


def tdigest_engine() -> Engine:
    """Return the engine in pure Python."""
    from tdigest import TDigest

    class OrderlyTDigest(TDigest):  # type: ignore[misc]
        """Of two equally near centroids takes the upper one, where `TDigest` throws a coin."""

        def _find_closest_centroids(self, x: float) -> list[object]:
            found: list[object] = super()._find_closest_centroids(x)[:1]
            return found

    def cluster(centroids: Sequence[Centroid], max_centroids: int) -> Sequence[Centroid]:
        # a cluster is at most 4 n delta q (1 - q) heavy, which makes about 1 / delta of them
        delta = 1 / max_centroids
        while len(centroids) > max_centroids:
            digest = OrderlyTDigest(delta=delta, K=1_000)
            for mean, weight in _far_apart(centroids):
                digest.update(mean, weight)
            centroids = [(c["m"], c["c"]) for c in digest.centroids_to_list()]
            delta *= 1.5
        return centroids

    return cluster


def _far_apart(centroids: Sequence[Centroid]) -> list[Centroid]:
    """Order the centroids by bit-reversed position: sorted input makes a t-digest degenerate."""
    width = (len(centroids) - 1).bit_length()
    positions = (int(f"{i:0{width}b}"[::-1], 2) for i in range(1 << width))
    return [centroids[i] for i in positions if i < len(centroids)]


def choose_engine() -> Engine:
    """Return the fast engine where it is installed, else the portable one."""
    try:
        return fastdigest_engine()
    except ImportError:
        return tdigest_engine()

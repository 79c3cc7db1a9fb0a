INTERFACE: int

Centroids = tuple[tuple[int, ...], tuple[int, ...]]
"""Means and as many weights, none below 0 or beyond 64 bits: else an `OverflowError`."""

def merged(parts: list[Centroids], /) -> Centroids:
    """Return the centroids of all parts, ascending; equal means are one of their weights' sum."""

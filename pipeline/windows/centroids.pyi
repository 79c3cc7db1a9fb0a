from array import array

INTERFACE: int

Centroids = tuple[array[int], array[int]]
"""Means and as many weights, in arrays of unsigned numbers."""

def merged(parts: list[Centroids], /) -> Centroids:
    """Return the centroids of all parts, ascending; equal means are one of their weights' sum.

    The arrays are as `whole_numbers.narrow` makes them. Raises `OverflowError` for weights of more
    than 64 bits together.
    """

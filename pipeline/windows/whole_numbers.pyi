from array import array

INTERFACE: int

def narrow(numbers: list[int] | tuple[int, ...] | array[int], /) -> array[int]:
    """Return the numbers in the narrowest array that takes them, of 1, 2, 4 or 8 bytes each.

    Raises `OverflowError` for one below 0 or beyond 64 bits, `TypeError` for one that is not whole;
    so do the others.
    """

def sums(numbers: list[int] | tuple[int, ...] | array[int], /) -> array[int]:
    """Return the sum up to each number; `OverflowError` for one beyond 64 bits."""

def steps(numbers: list[int] | tuple[int, ...] | array[int], /) -> array[int]:
    """Return what `sums` makes these numbers of; `ValueError` where they do not ascend."""

def planes(numbers: array[int], /) -> bytes:
    """Return the bytes of the numbers: the lowest of each, then the next, up to the largest's."""

def from_planes(planes: bytes | memoryview, count: int, /) -> array[int]:
    """Return the `count` numbers that `planes` was given; `ValueError` for bytes of others."""

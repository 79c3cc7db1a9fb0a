from typing import Any

INTERFACE: int

def take(
    records: list[dict[str, Any]], names: tuple[str, ...], defaults: tuple[object, ...], /
) -> tuple[list[Any], ...]:
    """Return a list for each name.

    A default of None is for a field that may be absent; `...` for one that must be there; any other
    stands for a value that is absent, None, empty or nought as well.
    """

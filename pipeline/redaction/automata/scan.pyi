from collections.abc import Sequence

INTERFACE: int

class Automata:
    """Tables and rules, checked once, and the loop that runs them; see `scan.c`."""

    def __init__(
        self,
        tables: Sequence[tuple[bytes, int, bytes, int, bytes]],
        width: int,
        rules: Sequence[tuple[bytes, int]],
    ) -> None: ...
    def matching(self, text: str, /) -> bytes: ...
    def outcomes(self, text: str, /) -> bytes: ...

"""One scan of a text that says which detectors can find anything in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import re2

_MEMORY = 256 << 20


class Gate:
    """Compiled triggers of all detectors.

    A trigger that always matches stands first: where it is missing from an answer the automaton
    ran out of memory, and then every detector runs. The gate fails closed.
    """

    def __init__(self, triggers: Sequence[Iterable[str]]) -> None:
        """Compile `triggers[i]`, the RE2 patterns that call for detector `i`."""
        options = re2.Options()
        options.max_mem = _MEMORY
        self._set = re2.Set.SearchSet(options)
        self._set.Add("")
        self._owner: list[int] = [-1]
        for detector, patterns in enumerate(triggers):
            for pattern in patterns:
                self._set.Add(pattern)
                self._owner.append(detector)
        self._set.Compile()
        self._all = tuple(range(len(triggers)))
        self._memo: dict[tuple[int, ...], tuple[int, ...]] = {}

    def open_for(self, text: str) -> tuple[int, ...]:
        """Return the indexes of the detectors to run on `text`, in order."""
        matched = tuple(self._set.Match(text))
        found = self._memo.get(matched)
        if found is None:
            found = self._all
            if 0 in matched:
                found = tuple(sorted({self._owner[index] for index in matched if index}))
            if len(self._memo) < 10_000:
                self._memo[matched] = found
        return found

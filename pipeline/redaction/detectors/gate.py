"""One scan of a text that says which detectors can find anything in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import re2

from pipeline.redaction.detectors.base import Trigger

_MEMORY = 256 << 20
_MEMO_SIZE = 20_000


class Gate:
    """Compiled triggers of all detectors.

    A pattern that always matches stands first: where it is missing from an answer the automaton ran
    out of memory, and then every detector runs. The gate fails closed.

    Patterns should not wait for one another (`a.*b`): each such wait doubles the automaton's states
    and with them its misses in the processor's cache. A trigger of several patterns says the same.
    """

    def __init__(self, triggers: Sequence[Iterable[Trigger]]) -> None:
        """Compile `triggers[i]`, the triggers that call for detector `i`."""
        options = re2.Options()
        options.max_mem = _MEMORY
        self._set = re2.Set.SearchSet(options)
        self._set.Add("")
        patterns: dict[str, int] = {}
        self._rules: list[tuple[int, frozenset[int]]] = []
        for detector, listed in enumerate(triggers):
            for trigger in listed:
                parts = (trigger,) if isinstance(trigger, str) else trigger
                for part in parts:
                    if part not in patterns:
                        patterns[part] = self._set.Add(part)
                self._rules.append((detector, frozenset(patterns[part] for part in parts)))
        self._set.Compile()
        self._all = tuple(range(len(triggers)))
        self._memo: dict[tuple[int, ...], tuple[int, ...]] = {}

    def open_for(self, text: str) -> tuple[int, ...]:
        """Return the indexes of the detectors to run on `text`, in order."""
        matched = tuple(self._set.Match(text))
        found = self._memo.get(matched)
        return self._remember(matched) if found is None else found

    def _remember(self, matched: tuple[int, ...]) -> tuple[int, ...]:
        found = self._all
        if 0 in matched:
            seen = frozenset(matched)
            found = tuple(sorted({index for index, needed in self._rules if needed <= seen}))
        if len(self._memo) < _MEMO_SIZE:
            self._memo[matched] = found
        return found

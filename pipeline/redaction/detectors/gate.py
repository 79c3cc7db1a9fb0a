"""One scan of a text that says which detectors can find anything in it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import re2

from pipeline.redaction.detectors.base import Trigger

_MEMORY = 256 << 20
_MEMO_SIZE = 20_000


_WORD = re.compile(r"[a-zA-Z]{3}")
_NOTATION = re.compile(r"\\x\{?[0-9a-f]+\}?|\\[pP]\{\w+\}|\\.|\[[^\]]*\]|\(\?[imsU-]*[:)]")


class Gate:
    """Compiled triggers of all detectors.

    In each automaton a pattern that always matches stands first: where it is missing from an answer
    the automaton ran out of memory, and then every detector runs. The gate fails closed.

    Patterns should not wait for one another (`a.*b`): each such wait doubles the automaton's states
    and with them its misses in the processor's cache. A trigger of several patterns says the same.
    For the same reason words and shapes of numbers have an automaton each: together they would need
    a state for every pair of theirs.
    """

    def __init__(self, triggers: Sequence[Iterable[Trigger]]) -> None:
        """Compile `triggers[i]`, the triggers that call for detector `i`."""
        self._words, self._shapes = _automaton(), _automaton()
        patterns: dict[str, int] = {}
        self._rules: list[tuple[int, frozenset[int]]] = []
        for detector, listed in enumerate(triggers):
            for trigger in listed:
                parts = (trigger,) if isinstance(trigger, str) else trigger
                for part in parts:
                    if part not in patterns:
                        patterns[part] = self._add(part)
                self._rules.append((detector, frozenset(patterns[part] for part in parts)))
        self._words.Compile()
        self._shapes.Compile()
        # the compiled set behind the wrapper, which asks and converts more than the match costs
        self._match_words = self._words._set.Match
        self._match_shapes = self._shapes._set.Match
        self._all = tuple(range(len(triggers)))
        self._memo: dict[tuple[tuple[int, ...], tuple[int, ...]], tuple[int, ...]] = {}

    def _add(self, pattern: str) -> int:
        """Add a pattern to the automaton of its kind; shapes count downwards from -1."""
        if _WORD.search(_NOTATION.sub("", pattern)):
            return int(self._words.Add(pattern))
        return -int(self._shapes.Add(pattern))

    def open_for(self, text: str) -> tuple[int, ...]:
        """Return the indexes of the detectors to run on `text`, in order."""
        # half of a surrogate pair has no UTF-8; no pattern asks for one
        raw = text.encode("utf-8", "replace")
        matched = (tuple(self._match_words(raw)), tuple(self._match_shapes(raw)))
        found = self._memo.get(matched)
        return self._remember(*matched) if found is None else found

    def _remember(self, words: tuple[int, ...], shapes: tuple[int, ...]) -> tuple[int, ...]:
        found = self._all
        if 0 in words and 0 in shapes:
            seen = {*words, *(-shape for shape in shapes)}
            found = tuple(sorted({index for index, needed in self._rules if needed <= seen}))
        if len(self._memo) < _MEMO_SIZE:
            self._memo[words, shapes] = found
        return found


def _automaton() -> re2.Set:
    options = re2.Options()
    options.max_mem = _MEMORY
    automaton = re2.Set.SearchSet(options)
    automaton.Add("")
    return automaton

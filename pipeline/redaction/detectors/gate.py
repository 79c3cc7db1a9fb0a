"""One scan of a text that says which parts of the detectors can find anything in it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Final

import re2

from pipeline.redaction.automata import Scanner, Unsupported, bits, check
from pipeline.redaction.detectors.base import Trigger

_MEMORY: Final = 64 << 20
_MEMO_SIZE: Final = 20_000


class Gate:
    """Compiled triggers of all detectors.

    Patterns are run as automata of our own, whose tables are complete (`automata`). What a policy
    adds may have constructs that those do not know: such patterns are left to RE2, which costs a
    second scan.

    A trigger of several patterns matches where all of them match, in any order. That is worth more
    than a pattern that waits (`a.*b`): each such wait doubles the states of a table.
    """

    def __init__(self, triggers: Sequence[Iterable[Trigger]]) -> None:
        """Compile `triggers[i]`, the triggers that call for part `i`."""
        ours: dict[str, int] = {}
        others: dict[str, int] = {}
        rules: list[tuple[int, frozenset[int], frozenset[int]]] = []
        for part_number, listed in enumerate(triggers):
            for trigger in listed:
                needed: tuple[set[int], set[int]] = set(), set()
                for part in (trigger,) if isinstance(trigger, str) else trigger:
                    if part in ours or _is_ours(part):
                        needed[0].add(ours.setdefault(part, len(ours)))
                    else:
                        # RE2 counts from 1: its first pattern is one that always matches
                        needed[1].add(others.setdefault(part, len(others) + 1))
                rules.append((part_number, frozenset(needed[0]), frozenset(needed[1])))
        self._rules = rules
        self._scanner = Scanner(list(ours), [(some, index) for index, some, _ in rules])
        self._outcomes = self._scanner.outcomes
        self._matching_others = _beside(list(others)) if others else None
        self._all = tuple(range(len(triggers)))
        self._memo: dict[bytes, tuple[int, ...]] = {}

    def open_for(self, text: str) -> tuple[int, ...]:
        """Return the indexes of the parts to run on `text`, in order."""
        try:
            if self._matching_others is not None:
                return self._with_others(text, self._matching_others(text.encode()))
            outcomes = self._outcomes(text)
        except UnicodeEncodeError:
            # half of a surrogate pair has no UTF-8; no pattern asks for one
            return self.open_for(text.encode("utf-8", "replace").decode())
        found = self._memo.get(outcomes)
        if found is None:
            found = tuple(bits(int.from_bytes(outcomes, "little")))
            if len(self._memo) < _MEMO_SIZE:
                self._memo[outcomes] = found
        return found

    def _with_others(self, text: str, others: frozenset[int]) -> tuple[int, ...]:
        if 0 not in others:
            # RE2 ran out of memory: the gate fails open, and everything runs
            return self._all
        ours = self._scanner.matching(text)
        opened = {index for index, mine, theirs in self._rules if mine <= ours and theirs <= others}
        return tuple(sorted(opened))


def _is_ours(pattern: str) -> bool:
    try:
        check(pattern)
    except Unsupported:
        return False
    return True


def _beside(patterns: Sequence[str]) -> Callable[[bytes], frozenset[int]]:
    """Return what tells the patterns that match, counted from 1; 0 always does, if all is well."""
    options = re2.Options()
    options.max_mem = _MEMORY
    automaton = re2.Set.SearchSet(options)
    automaton.Add("")
    for pattern in patterns:
        automaton.Add(pattern)
    automaton.Compile()
    return lambda raw: frozenset(automaton.Match(raw))

"""What a detector is told about a text before it reads it: who wrote it, how strict to be."""

from __future__ import annotations

import re
from typing import Final

from pipeline.redaction.contexts import LeafContext
from pipeline.redaction.detectors import CODE, DATA, PROSE, Context
from pipeline.redaction.policy import Level, Policy

_RUNNING_WORDS: Final = re.compile(r"[a-z,] [a-z]")
_HINT_LENGTH: Final = 80
"""A longer text is not the value that its key promises."""


class DetectionContexts:
    """The detectors' contexts under one policy, each made once."""

    def __init__(self, policy: Policy) -> None:
        self._levels: dict[str, Level] = {
            PROSE: policy.strictness["free_text"],
            CODE: policy.strictness["code"],
            DATA: policy.strictness["tool_output"],
        }
        self._made: dict[tuple[str, str, str | None], Context] = {}
        # what most texts have: the register of their leaf, and no hint
        self._usual: dict[str, Context] = {}

    def level(self, leaf: LeafContext) -> Level:
        """Return the level that the policy wants for texts of this kind."""
        return self._levels[leaf.register]

    def of(self, leaf: LeafContext, body: str) -> Context:
        """Return the context for `body`."""
        register = leaf.register
        # a field of a record may hold a sentence; running words show it
        if register == DATA and " " in body and _RUNNING_WORDS.search(body) is not None:
            register = PROSE
        hint = leaf.hint.entity if len(body) <= _HINT_LENGTH else None
        if hint is None and register is leaf.register:
            usual = self._usual.get(register)
            if usual is None:
                usual = self._usual[register] = self._context(register, register, None)
            return usual
        return self._context(leaf.register, register, hint)

    def _context(self, written: str, register: str, hint: str | None) -> Context:
        key = (written, register, hint)
        context = self._made.get(key)
        if context is None:
            strict = self._levels[written] == "strict"
            context = self._made[key] = Context(strict=strict, register=register, hint=hint)
        return context

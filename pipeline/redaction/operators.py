"""What becomes of a value that was found: the operators of a policy, carried out."""

from __future__ import annotations

from pipeline.redaction.policy import Operator, Policy
from pipeline.redaction.pseudonyms import Pseudonymizer

_MASK_CHARACTER = "*"


class Replacer:
    """Carries out one policy's operators with one tenant's pseudonyms."""

    def __init__(self, policy: Policy, pseudonyms: Pseudonymizer) -> None:
        self._operators = dict(policy.operators)
        self._pseudonyms = pseudonyms

    def clear(self) -> None:
        """Forget every value."""
        self._pseudonyms.clear()

    def replace(self, entity: str, value: str) -> str:
        """Return what stands in the place of `value`.

        `keep` was decided before: what reaches this point is replaced, with a pseudonym in doubt.
        """
        operator = self._operators[entity]
        name = operator.name
        if name == "replace":
            return f"<{entity}>" if operator.label is None else operator.label
        if name == "mask":
            return mask(value, operator)
        if name == "drop":
            return ""
        return self._pseudonyms.token(entity, value)


def mask(value: str, operator: Operator) -> str:
    """Return stars and the last characters, at most a third of them, so that short ones hide."""
    shown = min(operator.keep_last, len(value) // 3)
    hidden = len(value) - shown
    return _MASK_CHARACTER * hidden + value[hidden:]

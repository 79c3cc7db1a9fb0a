"""Account, customer and payment ids, by shapes that a policy may add to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import re2

from pipeline.errors import ConfigError
from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector, Part, Trigger
from pipeline.redaction.detectors.lexicon import lexicon
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import ACCOUNT_ID, CUSTOMER_ID, PAYMENT_ID, Span, span_of

# Shapes that speak for themselves, in RE2's syntax.
DEFAULT_ID_SHAPES: Final[Mapping[str, tuple[str, ...]]] = {
    PAYMENT_ID: (
        r"\b(?:credit_card|debit_card|gift_card|store_credit|certificate|voucher|paypal"
        r"|bank_account"
        r"|payment_method|payment|wallet)[_-][0-9]{4,}\b",
        r"\b(?:pm|card|src|ba|pi|ch|py|tok|seti|txn|re|po)_(?:test_|live_)?[0-9A-Za-z]{14,}\b",
    ),
    CUSTOMER_ID: (
        r"\b(?:cus|cust|customer)[_-][0-9A-Za-z]{6,}\b",
        r"\b(?:customer|client|member|patient|subscriber|employee)[_-][0-9]{3,}\b",
        r"\b(?:CUS|CUST|CUSTOMER|CLIENT|MEMBER|MBR|PATIENT|PAT|EMP)-?[0-9]{4,}(?:-[0-9]{2,})*\b",
    ),
    ACCOUNT_ID: (
        r"\bacct_[0-9A-Za-z]{12,}\b",
        r"\b(?:account|acct|acc|user|usr|uid)[_-][0-9]{4,}\b",
        r"\b(?:account|acct|acc|user|usr|uid|mbr|member)_[0-9a-f]{10,}\b",
        r"\b(?:ACCOUNT|ACCT|ACC|USER|USR|UID)-?[0-9]{4,}(?:-[0-9]{2,})*\b",
    ),
}
_DEFAULTS: Final = tuple(DEFAULT_ID_SHAPES.items())
# A user name made of a person's names and a number: `mia_li_3668`.
_NAMED_ID = TextPattern(r"(?<![\w/.-])([a-z]{2,20})[_.]([a-z]{2,20})[_.]?(\d{2,6})(?![\w-]|\.\w)")


class _ShapeFinder:
    """Finds the shapes of one entity."""

    def __init__(self, entity: str, pattern: re.Pattern[str]) -> None:
        self._entity = entity
        self._pattern = pattern

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .9."""
        return [
            span_of(match.start(), match.end(), self._entity, 0.9, "IdShapeDetector")
            for match in self._pattern.finditer(text)
        ]


class IdShapeDetector(Detector):
    """Ids of accounts, customers and payment methods that are known by their shape."""

    ENTITIES: ClassVar = (ACCOUNT_ID, CUSTOMER_ID, PAYMENT_ID)

    def __init__(
        self, shapes: Mapping[str, tuple[str, ...]] | None = None, *, defaults: bool = True
    ) -> None:
        """Compile `shapes` (RE2 patterns by entity) beside the default ones.

        Raises `ConfigError` for a pattern that RE2 does not accept.
        """
        super().__init__()
        self._shapes: list[tuple[str, re.Pattern[str]]] = []
        self._triggers: list[tuple[Trigger, ...]] = []
        if defaults:
            self._shapes += [(entity, _compiled_defaults(listed)) for entity, listed in _DEFAULTS]
            self._triggers += [tuple(listed) for _, listed in _DEFAULTS]
        for entity, listed in (shapes or {}).items():
            if listed:
                self._shapes.append((entity, _compiled(listed)))
                self._triggers.append(tuple(listed))
        self.triggers = tuple(trigger for some in self._triggers for trigger in some)
        self.supported_entities = sorted({*self.ENTITIES, *(entity for entity, _ in self._shapes)})

    def parts(self) -> tuple[Part, ...]:
        """Return one part for each entity, whose spans have score .9."""
        return tuple(
            Part(triggers, _ShapeFinder(entity, pattern).find)
            for (entity, pattern), triggers in zip(self._shapes, self._triggers, strict=True)
        )


class NamedIdDetector(Detector):
    """User names made of a person's names and a number, such as `mia_li_3668`."""

    ENTITIES: ClassVar = (ACCOUNT_ID,)
    TRIGGERS: ClassVar = (r"[a-z][_.][a-z]+[_.]?\d\d",)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .75, unless both words are ordinary ones (`order_item_12`)."""
        ordinary = lexicon().is_ordinary
        return [
            span_of(*match.span(), ACCOUNT_ID, 0.75, "NamedIdDetector")
            for match in _NAMED_ID.finditer(text)
            if not (ordinary(match[1]) and ordinary(match[2]))
        ]


def _compiled_defaults(shapes: Sequence[str]) -> re.Pattern[str]:
    """Return shapes that all begin with a word as one pattern.

    The letters that lead are asked for first: without one of them no shape is tried.
    """
    letters = {letter for shape in shapes for letter in re.findall(r"(?:\\b|\(\?:|\|)(\w)", shape)}
    return re.compile(rf"\b(?=[{''.join(sorted(letters))}])(?:{'|'.join(shapes)})")


def _compiled(shapes: Sequence[str]) -> re.Pattern[str]:
    """Return the shapes of a policy as one pattern; RE2's, so that none of them can hang."""
    for shape in shapes:
        try:
            re2.compile(shape)
        except re2.error as error:
            raise ConfigError(f"id shape {shape!r} is not a regular expression of RE2") from error
    compiled: re.Pattern[str] = re2.compile("|".join(f"(?:{shape})" for shape in shapes))
    return compiled

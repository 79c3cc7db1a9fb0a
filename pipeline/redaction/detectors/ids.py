"""Account, customer and payment ids, by shapes that a policy may add to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

import re2

from pipeline.errors import ConfigError
from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.lexicon import lexicon
from pipeline.redaction.spans import ACCOUNT_ID, CUSTOMER_ID, PAYMENT_ID, Span

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
    ),
    ACCOUNT_ID: (
        r"\bacct_[0-9A-Za-z]{12,}\b",
        r"\b(?:account|acct|acc|user|usr|uid)[_-][0-9]{4,}\b",
    ),
}
_DEFAULTS: Final = tuple(DEFAULT_ID_SHAPES.items())
# A user name made of a person's names and a number: `mia_li_3668`.
_NAMED_ID = re.compile(r"(?<![\w/.-])([a-z]{2,20})[_.]([a-z]{2,20})[_.]?(\d{2,6})(?![\w-]|\.\w)")
_LABELLED = re.compile(
    r"(?P<account>\b(?:user|account|acct|member(?:ship)?|login|profile|loyalty|frequent flyer"
    r"|subscriber|employee|staff|patient|medical record|policy ?holder|policy|insurance|tax"
    r"|national|identity)|(?P<customer>\bcust(?:omer)?|\bclient))"
    r"[ _-]?(?:id(?:entifier)?|number|num|no\.?|nr\.?|#|code)[\"'*`]{0,3}"
    r"(?: (?:is|of|was)|:|=|#| -|\)){0,3}\s{0,3}[\"'*`#(\[]{0,3}"
    r"(?P<value>\d{2,6}(?:[ ]\d{2,6}){1,4}(?!\d)|[A-Za-z0-9](?:[A-Za-z0-9_./-]{1,38}[A-Za-z0-9]))",
    re.IGNORECASE,
)
# Labels that are one word, and national identity numbers by their names
_LABELLED_BY_A_WORD = re.compile(
    r"\b(?:mrn|kundennummer|kunden-?nr\.?|mitgliedsnummer|num[ée]ro (?:de )?client"
    r"|n[úu]mero de cliente"
    r"|klantnummer|numero cliente|pesel|bsn|nino|cpf|curp|rfc|dni|nie|nif|codice fiscale|aadhaar"
    r"|pan"
    r"|sin|steuer-?id(?:entifikationsnummer)?|personnummer|ahv|user(?:name)?)(?![\w-])"
    r"(?: number| no\.?| nr\.?)?[\"'*`]{0,3}(?::| is| lautet| ist| est| es"
    r"|#){0,2} {0,2}[\"'*`#]{0,2}"
    r"(?P<value>\d{2,6}(?:[ ./-]\d{1,6}){1,4}|[A-Z]{0,6}[_-]?\d[A-Z0-9-]{3,16})"
    r"(?![\w])",
    re.IGNORECASE,
)
_DATE_LIKE = re.compile(r"\d{1,4}[-/. ]\d{1,2}[-/. ]\d{1,4}$")
_HAS_PAYMENT_WORD = re.compile(
    r"(?i)\b(?:certificate|gift[ _]card|credit[ _]card|debit[ _]card|voucher|card)s?"
    r"(?: (?:id|number|no\.?|ending(?: in)?|with id|ending with))?[ :#*`_(]{1,4}(\d{6,10})(?![\w-])"
)


class IdDetector(Detector):
    """Ids of accounts, customers and payment methods.

    Three ways lead to one: a shape, a label in front ("user ID is …"), or, for ids built from a
    person's names, words that are no ordinary words.
    """

    ENTITIES: ClassVar = (ACCOUNT_ID, CUSTOMER_ID, PAYMENT_ID)
    TRIGGERS: ClassVar = (
        r"[a-z][_.][a-z]+[_.]?\d\d",
        (
            r"\d",
            r"(?i)\b(?:user|account|acct|member|membership|login|profile|loyalty|flyer|customer"
            r"|cust"
            r"|client|subscriber|employee|staff|patient|record|policy|holder|insurance|tax|national"
            r"|identity)[ _-]?(?:id|nu?m|no|nr|#|code)",
        ),
        (
            r"\d",
            r"(?i)\b(?:mrn|kundennummer|kunden-?nr|mitgliedsnummer|num.{1,2}ro (?:de )?client"
            r"|pesel|bsn"
            r"|klantnummer|numero cliente|nino|cpf|curp|rfc|dni|nie|nif|codice fiscale|aadhaar"
            r"|pan|sin"
            r"|steuer-?id(?:entifikationsnummer)?|personnummer|ahv|user|username)\b",
        ),
        (r"\d{6}", r"(?i)\b(?:certificate|card|voucher)"),
    )

    def __init__(
        self, shapes: Mapping[str, tuple[str, ...]] | None = None, *, defaults: bool = True
    ) -> None:
        """Compile `shapes` (RE2 patterns by entity) beside the default ones.

        Raises `ConfigError` for a pattern that RE2 does not accept.
        """
        super().__init__()
        self._shapes: list[tuple[str, re.Pattern[str]]] = []
        self.triggers = self.TRIGGERS
        if defaults:
            self._shapes += [(entity, re.compile("|".join(listed))) for entity, listed in _DEFAULTS]
            self.triggers += tuple(shape for _, listed in _DEFAULTS for shape in listed)
        for entity, listed in (shapes or {}).items():
            if listed:
                self._shapes.append((entity, _compiled(listed)))
                self.triggers += tuple(listed)
        self.supported_entities = sorted({*self.ENTITIES, *(entity for entity, _ in self._shapes)})

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .9 by shape, .8 by label and .75 by names."""
        spans = [
            Span(match.start(), match.end(), entity, 0.9, "IdDetector")
            for entity, pattern in self._shapes
            for match in pattern.finditer(text)
        ]
        for match in _LABELLED.finditer(text):
            value = match["value"]
            if sum(map(str.isdigit, value)) >= min(3, len(value) - 2):
                entity = CUSTOMER_ID if match["customer"] else ACCOUNT_ID
                spans.append(Span(*match.span("value"), entity, 0.8, "IdDetector"))
        spans += [
            Span(*match.span("value"), ACCOUNT_ID, 0.7, "IdDetector")
            for match in _LABELLED_BY_A_WORD.finditer(text)
            if sum(map(str.isdigit, match["value"])) >= 4 and not _DATE_LIKE.match(match["value"])
        ]
        ordinary = lexicon().is_ordinary
        spans += [
            Span(*match.span(), ACCOUNT_ID, 0.75, "IdDetector")
            for match in _NAMED_ID.finditer(text)
            if not (ordinary(match[1]) and ordinary(match[2]))
        ]
        spans += [
            Span(*match.span(1), PAYMENT_ID, 0.7, "IdDetector")
            for match in _HAS_PAYMENT_WORD.finditer(text)
        ]
        return spans


def _compiled(shapes: Sequence[str]) -> re.Pattern[str]:
    """Return the shapes of a policy as one pattern; RE2's, so that none of them can hang."""
    for shape in shapes:
        try:
            re2.compile(shape)
        except re2.error as error:
            raise ConfigError(f"id shape {shape!r} is not a regular expression of RE2") from error
    compiled: re.Pattern[str] = re2.compile("|".join(f"(?:{shape})" for shape in shapes))
    return compiled

"""Ids by the words in front of them: "user ID is …", "MRN …", "certificate …"."""

from __future__ import annotations

import re
from typing import ClassVar

from pipeline.redaction.detectors.base import PLAIN_CONTEXT, Context, Detector
from pipeline.redaction.detectors.patterns import TextPattern
from pipeline.redaction.spans import ACCOUNT_ID, CUSTOMER_ID, PAYMENT_ID, Span

_LABELLED = TextPattern(
    r"(?P<account>\b(?:user|account|acct|member(?:ship)?|login|profile|loyalty|frequent flyer"
    r"|subscriber|employee|staff|patient|medical record|policy ?holder|policy|insurance|tax"
    r"|national|identity)|(?P<customer>\bcust(?:omer)?|\bclient))"
    r"[ _-]?(?:id(?:entifier)?|number|num|no\.?|nr\.?|#|code"
    r"|ref(?:erence)?(?: (?:number|no\.?))?)[\"'*`]{0,3}"
    r"(?: (?:is|of|was)|:|=|#| -|\)){0,3}\s{0,3}[\"'*`#(\[]{0,3}"
    r"(?P<value>\d{2,6}(?:[ ]\d{2,6}){1,4}(?!\d)|[A-Za-z0-9](?:[A-Za-z0-9_./-]{1,38}[A-Za-z0-9]))",
    re.IGNORECASE,
)
# Labels that are one word, and national identity numbers by their names
_LABELLED_BY_A_WORD = TextPattern(
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
_PAYMENT_NUMBER = TextPattern(
    r"(?i)\b(?:certificate|gift[ _]card|credit[ _]card|debit[ _]card|voucher|card)s?"
    r"(?: (?:id|number|no\.?|ending(?: in)?|with id|ending with))?[ :#*`_(]{1,4}(\d{6,10})(?![\w-])"
)


class LabelledIdDetector(Detector):
    """Ids behind two words such as "customer number"."""

    ENTITIES: ClassVar = (ACCOUNT_ID, CUSTOMER_ID)
    TRIGGERS: ClassVar = (
        (
            r"\d",
            r"(?i)\b(?:user|account|acct|member|membership|login|profile|loyalty|flyer|customer"
            r"|cust"
            r"|client|subscriber|employee|staff|patient|record|policy|holder|insurance|tax|national"
            r"|identity)[ _-]?(?:id|nu?m|no|nr|#|code|ref)",
        ),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .8 for values that hold digits."""
        spans = []
        for match in _LABELLED.finditer(text):
            value = match["value"]
            if sum(map(str.isdigit, value)) >= min(3, len(value) - 2):
                entity = CUSTOMER_ID if match["customer"] else ACCOUNT_ID
                spans.append(Span(*match.span("value"), entity, 0.8, "LabelledIdDetector"))
        return spans


class IdentityNumberDetector(Detector):
    """Ids behind one word such as "Kundennummer" or the name of a national number."""

    ENTITIES: ClassVar = (ACCOUNT_ID,)
    TRIGGERS: ClassVar = (
        (
            r"\d",
            r"(?i)\b(?:mrn|kundennummer|kunden-?nr|mitgliedsnummer|num.{1,2}ro (?:de )?client|pesel"
            r"|bsn|klantnummer|numero cliente|nino|cpf|curp|rfc|dni|nie|nif|codice fiscale|aadhaar"
            r"|pan|sin|steuer-?id(?:entifikationsnummer)?|personnummer|ahv|user|username)\b",
        ),
    )

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .7."""
        return [
            Span(*match.span("value"), ACCOUNT_ID, 0.7, "IdentityNumberDetector")
            for match in _LABELLED_BY_A_WORD.finditer(text)
            if sum(map(str.isdigit, match["value"])) >= 4 and not _DATE_LIKE.match(match["value"])
        ]


class PaymentNumberDetector(Detector):
    """Numbers of certificates, gift cards and cards on file, as people say them."""

    ENTITIES: ClassVar = (PAYMENT_ID,)
    TRIGGERS: ClassVar = ((r"\d{6}", r"(?i)\b(?:certificate|card|voucher)"),)

    def find(self, text: str, context: Context = PLAIN_CONTEXT) -> list[Span]:  # noqa: ARG002
        """Return spans of score .7."""
        return [
            Span(*match.span(1), PAYMENT_ID, 0.7, "PaymentNumberDetector")
            for match in _PAYMENT_NUMBER.finditer(text)
        ]

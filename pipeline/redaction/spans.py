"""What a detector finds: spans of text, the names of entities, and how overlaps are settled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

EMAIL_ADDRESS: Final = "EMAIL_ADDRESS"
PHONE_NUMBER: Final = "PHONE_NUMBER"
CREDIT_CARD: Final = "CREDIT_CARD"
IBAN_CODE: Final = "IBAN_CODE"
US_SSN: Final = "US_SSN"
US_ITIN: Final = "US_ITIN"
US_PASSPORT: Final = "US_PASSPORT"
US_DRIVER_LICENSE: Final = "US_DRIVER_LICENSE"
US_BANK_NUMBER: Final = "US_BANK_NUMBER"
UK_NHS: Final = "UK_NHS"
IP_ADDRESS: Final = "IP_ADDRESS"
MAC_ADDRESS: Final = "MAC_ADDRESS"
URL: Final = "URL"
CRYPTO: Final = "CRYPTO"
DATE_OF_BIRTH: Final = "DATE_OF_BIRTH"
ZIP_CODE: Final = "ZIP_CODE"
ACCOUNT_ID: Final = "ACCOUNT_ID"
CUSTOMER_ID: Final = "CUSTOMER_ID"
PAYMENT_ID: Final = "PAYMENT_ID"
API_KEY: Final = "API_KEY"
SECRET: Final = "SECRET"  # noqa: S105 - the name of an entity
PERSON: Final = "PERSON"
STREET_ADDRESS: Final = "STREET_ADDRESS"
LOCATION: Final = "LOCATION"
ORGANIZATION: Final = "ORGANIZATION"
DATE_TIME: Final = "DATE_TIME"

# From the strongest claim on a piece of text to the weakest: a checksum or a published prefix
# beats a shape, a shape beats a reading of prose.
PRECEDENCE: Final[tuple[str, ...]] = (
    API_KEY,
    CRYPTO,
    IBAN_CODE,
    EMAIL_ADDRESS,
    URL,
    CREDIT_CARD,
    SECRET,
    MAC_ADDRESS,
    IP_ADDRESS,
    PAYMENT_ID,
    ACCOUNT_ID,
    CUSTOMER_ID,
    US_SSN,
    US_ITIN,
    UK_NHS,
    US_PASSPORT,
    US_DRIVER_LICENSE,
    US_BANK_NUMBER,
    DATE_OF_BIRTH,
    PHONE_NUMBER,
    STREET_ADDRESS,
    PERSON,
    ORGANIZATION,
    LOCATION,
    ZIP_CODE,
    DATE_TIME,
)
ENTITIES: Final[frozenset[str]] = frozenset(PRECEDENCE)
# Found only where a policy asks for strictness: a city or a day alone names nobody.
STRICT_ENTITIES: Final[frozenset[str]] = frozenset({LOCATION, ORGANIZATION, DATE_TIME})

_RANK: Final = {entity: rank for rank, entity in enumerate(PRECEDENCE)}


class Span(NamedTuple):
    """One finding: code points `[start, end)`, Presidio's score and the name of the detector."""

    start: int
    end: int
    entity_type: str
    score: float
    detector: str


def span_of(start: int, end: int, entity_type: str, score: float, detector: str) -> Span:
    """Return `Span(...)`, without the interpreted step that a named tuple's own call makes."""
    return tuple.__new__(Span, (start, end, entity_type, score, detector))


def _strength(span: Span) -> tuple[int, int, int]:
    return _RANK.get(span.entity_type, len(_RANK)), span.start - span.end, span.start


def resolve(text: str, spans: Iterable[Span]) -> list[Span]:
    """Settle overlaps: no two spans of the result overlap, and no found character is lost.

    A span that holds another one whole wins over it, whatever their types: an address wins over
    the name in its street. Where spans only cross, and between equal spans, the entity earlier in
    `PRECEDENCE` wins, and the loser keeps what sticks out of the winner if a letter or digit is
    in it. The result is sorted by `start`. Time is n log n in the number of spans.
    """
    ordered = sorted(spans)
    reached = 0
    for span in ordered:
        if span.start < reached:
            break
        reached = span.end
    else:
        return ordered
    ordered.sort(key=lambda span: (span.start, -span.end, _strength(span)))
    settled: list[Span] = []
    for span in ordered:
        if not settled or span.start >= settled[-1].end:
            settled.append(span)
            continue
        last = settled[-1]
        if span.end <= last.end:
            continue
        if _strength(span)[0] < _strength(last)[0]:
            head = _trimmed(text, last._replace(end=span.start))
            span = span._replace(start=max(span.start, last.start))
            settled[-1:] = [head, span] if head else [span]
        else:
            tail = _trimmed(text, span._replace(start=last.end))
            if tail:
                settled.append(tail)
    return settled


def _trimmed(text: str, span: Span) -> Span | None:
    """Return the span without blanks and punctuation at its ends; None if nothing is left."""
    start, end = span.start, span.end
    while start < end and not text[start].isalnum():
        start += 1
    while end > start and not text[end - 1].isalnum():
        end -= 1
    return span._replace(start=start, end=end) if start < end else None

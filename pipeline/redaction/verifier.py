"""The second look: a strict, structured search of the exact bytes that leave, batch by batch.

It shares no code and no pattern with the detectors, so that one mistake does not blind both. It
looks for what has a form that can be checked: addresses with an @, cards (issuer range and Luhn),
IBANs (mod 97), US social security numbers, international phone numbers, published prefixes of
secrets. A glance rules out most events; of the rest, it says which patterns may match anywhere, and
those are looked for in turn.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

import re2

from pipeline.redaction import glance


class Hit(NamedTuple):
    """Something that should not be there: in which buffer of the batch, and what it looks like."""

    buffer: int
    entity: str


class _Check(NamedTuple):
    entity: str
    bit: int
    """Of the entity, in what `glance` returns."""
    pattern: re2._Regexp
    """Without capturing groups: RE2 is several times slower with them."""
    holds: Callable[[bytes, int, int], bool]
    """Given the buffer, start and end: is it really one?"""


# What stands before and after a number in JSON bytes. A letter or digit there means that the number
# is part of something longer, unless the letter belongs to an escape such as `\n`.
_WORD: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_ESCAPED: Final = re.compile(rb"\\(?:[nrtbf]|u[0-9a-fA-F]{4})\Z")


def _stands_alone(data: bytes, start: int, end: int) -> bool:
    if end < len(data) and data[end] in _WORD:
        return False
    if start == 0:
        return True
    before = data[start - 1]
    if before in b"-.#/" and start > 1 and data[start - 2] in _WORD:
        return _ESCAPED.search(data, max(0, start - 7), start - 1) is not None
    if before not in _WORD:
        return True
    return _ESCAPED.search(data, max(0, start - 6), start) is not None


def _followed_by_more(data: bytes, end: int) -> bool:
    """`…-3f2a` and `….52`: the number goes on."""
    return end + 1 < len(data) and data[end] in b"-./" and data[end + 1] in _WORD


def _luhn(digits: bytes) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = digit - 48
        if place % 2:
            value *= 2
            if value > 9:
                value -= 9
        total += value
    return total % 10 == 0


_DIGIT: Final = re.compile(rb"[0-9]")
_NOT_DIGIT: Final = re.compile(rb"[^0-9]+")


def _issuer(digits: bytes) -> bool:
    """Length and first digits of the card schemes in use (ISO/IEC 7812 registrations)."""
    length = len(digits)
    two, four = int(digits[:2]), int(digits[:4])
    # Visa's 13 digits have been out of use for decades; article numbers (EAN) have 13 as well
    if digits[:1] == b"4":
        return length in (16, 19)
    if 51 <= two <= 55 or 2221 <= four <= 2720:
        return length == 16
    if two in (34, 37):
        return length == 15
    if two in (36, 38, 39) or 3000 <= four <= 3059:
        return length in (14, 16)
    if two in (60, 64, 65) or two == 62 or two == 35:
        return length in (16, 17, 18, 19)
    return two in (50, 56, 57, 58, 63, 67) and length >= 16


def _is_card(data: bytes, start: int, end: int) -> bool:
    if not _stands_alone(data, start, end) or _followed_by_more(data, end):
        return False
    digits = _NOT_DIGIT.sub(b"", data[start:end])
    return len(set(digits)) > 1 and _issuer(digits) and _luhn(digits)


def _is_iban(data: bytes, start: int, end: int) -> bool:
    """ISO 13616: mod 97 over the rearranged number is 1."""
    if not _stands_alone(data, start, end):
        return False
    text = data[start:end].replace(b" ", b"")
    if not 15 <= len(text) <= 34:
        return False
    number = "".join(str(int(chr(char), 36)) for char in text[4:] + text[:4])
    return int(number) % 97 == 1


def _is_ssn(data: bytes, start: int, end: int) -> bool:
    if not _stands_alone(data, start, end) or _followed_by_more(data, end):
        return False
    area, group, serial = data[start:end].split(b"-")
    return area not in (b"000", b"666") and area < b"900" and group != b"00" and serial != b"0000"


def _is_phone(data: bytes, start: int, end: int) -> bool:
    """E.164: a plus sign, a country code, 8 to 15 digits in all."""
    if start and data[start - 1] in _WORD and not _ESCAPED.search(data, max(0, start - 6), start):
        return False
    digits = _NOT_DIGIT.sub(b"", data[start:end])
    return 10 <= len(digits) <= 15 and not (end < len(data) and data[end] in _WORD)


def _is_secret(data: bytes, start: int, end: int) -> bool:
    if start and data[start - 1] in _WORD and not _ESCAPED.search(data, max(0, start - 6), start):
        return False
    # `sk-learn-is-a-library`: a body of words, or of one character again and again, is no key
    body = data[start:end]
    return len(set(body)) >= 10 and _DIGIT.search(body) is not None


def _always(_data: bytes, _start: int, _end: int) -> bool:
    return True


# Whoever changes these changes `glance.c` too: it must let pass whatever they match, but for what
# `holds` refuses because a word goes on before it.
_CARD: Final = rb"[2-6][0-9]{3}[ -]?[0-9]{4,6}[ -]?[0-9]{4,5}(?:[ -]?[0-9]{1,7})?"
_EMAIL: Final = rb"[A-Za-z0-9._%+'-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}"
_IBAN: Final = rb"[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?"
_SSN: Final = rb"[0-9]{3}-[0-9]{2}-[0-9]{4}"
_PHONE: Final = rb"\+[1-9][0-9]{0,2}(?:[ .-]?\(?[0-9]{1,4}\)?){2,5}"
_KEY: Final = (
    rb"(?:sk-(?:proj-|ant-|live-|or-)?|sk_live_|rk_live_|ghp_|gho_|ghu_|ghs_|github_pat_|"
    rb"glpat-|xox[abprs]-|AKIA|ASIA|AIza|npm_|hf_|SG\.|dop_v1_|shpat_)[A-Za-z0-9_.-]{16,}"
    rb"|eyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"
)
_PRIVATE_KEY: Final = rb"-----BEGIN [A-Z ]*PRIVATE KEY"

_CHECKS: Final[tuple[_Check, ...]] = (
    _Check("EMAIL_ADDRESS", glance.EMAIL_ADDRESS, re2.compile(_EMAIL), _always),
    _Check("CREDIT_CARD", glance.CREDIT_CARD, re2.compile(_CARD), _is_card),
    _Check("IBAN_CODE", glance.IBAN_CODE, re2.compile(_IBAN), _is_iban),
    _Check("US_SSN", glance.US_SSN, re2.compile(_SSN), _is_ssn),
    _Check("PHONE_NUMBER", glance.PHONE_NUMBER, re2.compile(_PHONE), _is_phone),
    _Check("API_KEY", glance.API_KEY, re2.compile(_KEY), _is_secret),
    _Check("SECRET", glance.SECRET, re2.compile(_PRIVATE_KEY), _always),
)
ENTITIES: Final = frozenset(check.entity for check in _CHECKS)


class Verifier:
    """Searches outgoing bytes; `checks` other than all of them are for negative controls."""

    def __init__(self, entities: Iterable[str] = ENTITIES) -> None:
        wanted = frozenset(entities)
        self._checks = [check for check in _CHECKS if check.entity in wanted]

    def search(self, buffers: Sequence[bytes]) -> list[Hit]:
        """Return the hits in `buffers`, sorted by index, one for each buffer and entity.

        Time is linear in the bytes.
        """
        hits: set[Hit] = set()
        for number, data in enumerate(buffers):
            may = glance.may_hold(data)
            if not may:
                continue
            for check in self._checks:
                if not may & check.bit:
                    continue
                for match in check.pattern.finditer(data):
                    start, end = match.span()
                    if check.holds(data, start, end):
                        hits.add(Hit(number, check.entity))
                        break
        return sorted(hits)

    def is_clean(self, buffer: bytes) -> bool:
        """Tell whether nothing is found in one buffer."""
        return not self.search([buffer])

"""One spelling for a value, by entity, so that the same value gets the same pseudonym.

An address in capitals and one in small letters are the same person's; so are `+1 (415) 555-0132`
and `415-555-0132`. The forms follow what each entity's standard calls equal: E.164 for phones,
digits for cards, RFC 5952 for IPv6.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from typing import Final

from pipeline.redaction.normalise import is_plain_ascii, plain_form

_EXTENSION: Final = re.compile(r"(?i)\s*(?:x|ext\.?|extension|#)\s*\d{1,6}\s*$")
# as `ipaddress` writes them; it refuses larger numbers, which then stand for themselves
_IPV4: Final = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})")
_NOT_DIGIT: Final = re.compile(r"\D+")
_NOT_ALNUM: Final = re.compile(r"[\W_]+")
_MONTHS: Final = {
    name: number
    for number, name in enumerate(
        ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
    )
}
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_MONTH_DAY_YEAR: Final = re.compile(r"([a-z]{3})[a-z]*\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})")
_DAY_MONTH_YEAR: Final = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th)?\s+(?:of\s+)?([a-z]{3})[a-z]*\.?,?\s+(\d{4})"
)


def canonical(entity: str, value: str) -> str:
    """Return the spelling of `value` under which it is pseudonymised; never raises."""
    # most values are plain, and this is asked of every one that is replaced
    if entity in _SAID or not is_plain_ascii(value):
        plain = plain_form(value)
        if plain is not None:
            value = plain.text
    form = _FORMS.get(entity)
    return form(value) if form is not None else " ".join(value.split())


def _lower(value: str) -> str:
    return " ".join(value.casefold().split())


def _email(value: str) -> str:
    return value.strip().removeprefix("mailto:").casefold()


def _phone(value: str) -> str:
    # what every extension begins with or holds
    extended = "x" in value or "X" in value or "#" in value
    number = (_EXTENSION.sub("", value) if extended else value).strip()
    digits = number.replace("-", "").replace(" ", "").replace("(", "").replace(")", "")
    if not digits.isdecimal():
        digits = _NOT_DIGIT.sub("", number)
    if number.startswith("00"):
        return "+" + digits[2:]
    # a national number of ten digits is read in the North American plan, as in E.164 +1
    if not number.startswith("+") and len(digits) == 10 and digits[0] not in "01":
        return "+1" + digits
    if number.startswith("+") or (len(digits) == 11 and digits[0] == "1"):
        return "+" + digits
    return digits or _lower(value)


def _alphanumeric(value: str) -> str:
    joined = value.replace("-", "").replace(" ", "")
    if joined.isalnum():
        return joined.upper()
    return _NOT_ALNUM.sub("", value).upper() or value


def _ip(value: str) -> str:
    if _IPV4.fullmatch(value):
        return value
    try:
        return str(ipaddress.ip_address(value.strip()))
    except ValueError:
        return _lower(value)


def _day(value: str) -> str:
    text = _lower(value)
    if match := _YEAR_FIRST.fullmatch(text):
        year, month, day = match.groups()
        return f"{year}-{int(month):02}-{int(day):02}"
    if match := _MONTH_DAY_YEAR.fullmatch(text):
        name, day, year = match.groups()
    elif match := _DAY_MONTH_YEAR.fullmatch(text):
        day, name, year = match.groups()
    else:
        return text
    number = _MONTHS.get(name)
    return f"{year}-{number:02}-{int(day):02}" if number else text


_FORMS: Final[dict[str, Callable[[str], str]]] = {
    "EMAIL_ADDRESS": _email,
    "PHONE_NUMBER": _phone,
    "CREDIT_CARD": _alphanumeric,
    "IBAN_CODE": _alphanumeric,
    "US_SSN": _alphanumeric,
    "US_ITIN": _alphanumeric,
    "US_PASSPORT": _alphanumeric,
    "US_DRIVER_LICENSE": _alphanumeric,
    "US_BANK_NUMBER": _alphanumeric,
    "UK_NHS": _alphanumeric,
    "MAC_ADDRESS": _alphanumeric,
    "ZIP_CODE": _alphanumeric,
    "IP_ADDRESS": _ip,
    "DATE_OF_BIRTH": _day,
    "DATE_TIME": _day,
    "PERSON": _lower,
    "STREET_ADDRESS": _lower,
    "LOCATION": _lower,
    "ORGANIZATION": _lower,
}
_SAID: Final = frozenset({"EMAIL_ADDRESS", "PHONE_NUMBER", "CREDIT_CARD", "US_SSN"})
"""Entities that people spell out, character by character."""

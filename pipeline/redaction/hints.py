"""What a key name promises about its value, given the keys above it.

`first_name` promises a name wherever it stands; a bare `name` does so only below a person: it may
be a product. The state of the walk is therefore small: the kind of object it is in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple

from pipeline.redaction import key_names
from pipeline.redaction.spans import (
    ACCOUNT_ID,
    API_KEY,
    CREDIT_CARD,
    DATE_OF_BIRTH,
    IP_ADDRESS,
    LOCATION,
    MAC_ADDRESS,
    PAYMENT_ID,
    PERSON,
    PHONE_NUMBER,
    SECRET,
    STREET_ADDRESS,
    ZIP_CODE,
)


class Kind(Enum):
    """The kind of object the walk is in."""

    NEUTRAL = "neutral"
    PERSON = "person"
    ADDRESS = "address"
    PAYMENT = "payment"


class Hint(NamedTuple):
    """What a key promises: an entity, and whether its plausible value is replaced as a whole."""

    entity: str | None = None
    whole: bool = False
    opaque: bool = False
    """Only a value that looks like a secret counts: `token` is also a word of linguistics."""


NO_HINT: Final = Hint()

_CAMEL: Final = re.compile(r"([a-z0-9])([A-Z])|([A-Z])([A-Z][a-z])")
_SEPARATORS: Final = re.compile(r"[\W_]+")
_BY_KIND: Final[dict[Kind, Mapping[str, str]]] = {
    Kind.NEUTRAL: {},
    Kind.PERSON: key_names.IN_PERSON,
    Kind.ADDRESS: key_names.IN_ADDRESS,
    Kind.PAYMENT: key_names.IN_PAYMENT,
}
_PERSON_NAME_PREFIXES: Final = frozenset({"first", "last", "full", "middle", "given", "family"})
_PLURAL_EXCEPTIONS: Final = frozenset({"address", "details", "info", "gps", "sms", "dns", "nhs"})


def snake_case(key: str) -> str:
    """Return `firstName`, `First-Name` and `FIRST_NAME` alike as `first_name`."""
    if not key.islower():
        key = _CAMEL.sub(r"\1\3_\2\4", key).lower()
    return _SEPARATORS.sub("_", key).strip("_")


def _singular(word: str) -> str:
    if word in _PLURAL_EXCEPTIONS or len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith("sses"):
        return word[:-2]
    return word if word.endswith("ss") else word[:-1]


def _tails(key: str) -> list[str]:
    """Return the key and its ends, longest first: `a_b_c`, `b_c`, `c`; each also in singular."""
    tails: list[str] = []
    while key:
        tails.append(key)
        singular = _singular(key)
        if singular != key:
            tails.append(singular)
        _, _, key = key.partition("_")
    return tails


class HintTable:
    """The vocabulary with a policy's own hints on top; pure look-ups, memoised by the walk."""

    def __init__(self, own: Mapping[str, str] | None = None) -> None:
        own = own or {}
        self._own = {snake_case(key): entity for key, entity in own.items() if "." not in key}
        self._own_by_parent = {
            (snake_case(parent), snake_case(key)): entity
            for path, entity in own.items()
            if "." in path
            for parent, key in [path.split(".")]
        }

    def hint(self, kind: Kind, parent: str, key: str) -> Hint:
        """Return what `key` (snake case) promises in an object of `kind` below key `parent`."""
        own = self._own_by_parent.get((parent, key)) or self._own.get(key)
        if own is not None:
            return NO_HINT if own == "none" else Hint(own, whole=True)
        in_kind = _BY_KIND[kind].get(key) or _BY_KIND[kind].get(_singular(key))
        if in_kind is not None:
            return Hint(in_kind, whole=True)
        for tail in _tails(key):
            entity = key_names.ENTITY_OF_KEY.get(tail)
            if entity is not None and (tail == key or _may_end(tail)):
                return Hint(entity, whole=True, opaque=tail in _WORDS_TOO)
        if key.endswith("_name"):
            return self._name_of(key)
        if any(tail in key_names.ADDRESS_PARENTS for tail in _tails(key)):
            return Hint(STREET_ADDRESS, whole=True)
        if any(tail in key_names.NAMES_OF_PEOPLE for tail in _tails(key)):
            return Hint(PERSON)
        return NO_HINT

    def _name_of(self, key: str) -> Hint:
        """`customer_name` is a person's, `tool_name` is not."""
        owner = key.removesuffix("_name")
        words = owner.split("_")
        if words[-1] in _PERSON_NAME_PREFIXES or words[-1] in key_names.NAMES_OF_PEOPLE:
            return Hint(PERSON, whole=True)
        if owner in key_names.NAMES_OF_PEOPLE:
            return Hint(PERSON, whole=True)
        return NO_HINT

    def kind_below(self, kind: Kind, key: str) -> Kind:
        """Return the kind of the object that stands under `key` in an object of `kind`."""
        tails = _tails(key)
        if any(tail in key_names.ADDRESS_PARENTS for tail in tails):
            return Kind.ADDRESS
        if any(tail in key_names.PAYMENT_PARENTS for tail in tails):
            return Kind.PAYMENT
        if any(tail in key_names.NAMES_OF_PEOPLE for tail in tails):
            return Kind.PERSON
        if kind is Kind.PERSON and key == "name":
            return kind
        # an id used as a key (`payment_methods: {"card_44": {…}}`) stands for an item
        stays = key in key_names.TRANSPARENT or _DIGITS.search(key) is not None
        return kind if stays else Kind.NEUTRAL


def describes_person(keys: Iterable[str]) -> bool:
    """Tell whether an object with these keys (as written) describes a person."""
    return not key_names.PERSON_EVIDENCE.isdisjoint(keys)


# a short tail of a longer key says too little: `reset_token`, `map_pin`, `max_auth`
_SHORT_TAILS: Final = frozenset(
    {"token", "auth", "pin", "secret", "cell", "tel", "mac", "ip", "pan", "born", "bearer", "login"}
    | {"otp", "mobile", "nhs", "uid", "tin", "credential", "cookie", "street", "dsn", "fax"}
)
_ENDS_ANYWAY: Final = frozenset({"token", "secret", "ip", "cookie", "mobile", "credential"})
_WORDS_TOO: Final = frozenset({"token", "auth", "cookie", "bearer", "credential", "jwt"})


def _may_end(tail: str) -> bool:
    return tail not in _SHORT_TAILS or tail in _ENDS_ANYWAY


# ---- is a value what its key promises? -------------------------------------------------------

_EMPTY_WORDS: Final = frozenset(
    [
        "none",
        "null",
        "nil",
        "na",
        "n/a",
        "unknown",
        "undefined",
        "true",
        "false",
        "yes",
        "no",
        "not_provided",
        "missing",
        "required",
        "optional",
        "string",
        "str",
        "text",
        "number",
        "integer",
        "boolean",
        "object",
        "array",
        "empty",
        "default",
        "anonymous",
        "guest",
        "system",
        "user",
        "assistant",
        "tool",
        "admin",
        "redacted",
        "hidden",
        "masked",
        "primary",
        "secondary",
        "home",
        "work",
        "mobile",
        "other",
        "visa",
        "mastercard",
        "amex",
        "discover",
        "paypal",
        "cash",
        "card",
        "credit_card",
        "debit_card",
        "gift_card",
        "certificate",
        "basic",
        "bearer",
        "email",
        "phone",
        "sms",
        "enabled",
        "disabled",
        "pending",
        "verified",
        "unverified",
        "sent",
        "failed",
        "ok",
        "error",
        "active",
        "inactive",
        "test",
    ]
)
_DIGITS: Final = re.compile(r"\d")
_OPAQUE: Final = re.compile(r"(?=\S*\d)\S{12,}")


def plausible(hint: Hint, value: str) -> bool:
    """Tell whether `value` may be what its key promises, so that it is replaced as a whole.

    `email: "sent"` and `phone: "n/a"` are states, not data. In doubt the answer is yes.
    """
    text = value.strip()
    if not text or text.casefold() in _EMPTY_WORDS:
        return False
    entity = hint.entity or ""
    if hint.opaque:
        return _OPAQUE.search(text) is not None
    if entity in _NEEDS_DIGITS:
        return _ENOUGH_DIGITS[entity].search(text) is not None
    if entity in (PERSON, LOCATION):
        return any(map(str.isalpha, text))
    return True


_PARTICLES: Final = frozenset(
    {"al", "bin", "bint", "da", "das", "de", "del", "della", "den", "der", "di", "do", "dos"}
    | {"du", "el", "ibn", "la", "le", "mac", "of", "ten", "ter", "van", "von", "y", "zu"}
)
_NOT_IN_NAMES: Final = frozenset(
    {"account", "admin", "agency", "agent", "airlines", "airways", "assistant", "association"}
    | {"bank", "bot", "center", "central", "centre", "club", "co", "company", "corp"}
    | {"corporation", "customer", "department", "desk", "division", "foundation", "gmbh"}
    | {"gold", "group", "guest", "hospital", "hotel", "inc", "institute", "limited", "llc"}
    | {"llp", "ltd", "management", "manager", "marketing", "new", "office", "operations"}
    | {"platinum", "plc", "premium", "sales", "school", "service", "services", "shop", "silver"}
    | {"standard", "store", "support", "system", "team", "trust", "unit", "university"}
    | {"unknown", "user", "vip"}
)
_NAME_LENGTH: Final = 60


def looks_like_name(value: str) -> bool:
    """Tell whether a value, of which a key says that it may be a person, has the form of a name.

    Two to five capitalised words, `Last, First` among them, none of which companies and
    departments are called by.
    """
    if len(value) > _NAME_LENGTH or not value.replace(",", "", 1).replace(".", "").strip():
        return False
    words = value.replace(",", " ", 1).split()
    if not 2 <= len(words) <= 5:
        return False
    capitals = 0
    for word in words:
        letters = word.replace("-", "").replace("'", "").replace("\u2019", "").rstrip(".")
        if not letters.isalpha() or letters.casefold() in _NOT_IN_NAMES:
            return False
        if not word[0].islower():
            capitals += 1
        elif word not in _PARTICLES:
            return False
    return capitals >= 2


_NEEDS_DIGITS: Final[dict[str, int]] = {
    PHONE_NUMBER: 5,
    CREDIT_CARD: 8,
    DATE_OF_BIRTH: 2,
    ZIP_CODE: 2,
    IP_ADDRESS: 1,
    MAC_ADDRESS: 1,
    PAYMENT_ID: 3,
    "US_SSN": 4,
    "US_ITIN": 4,
    "US_PASSPORT": 4,
    "US_DRIVER_LICENSE": 3,
    "US_BANK_NUMBER": 4,
    "UK_NHS": 8,
    "IBAN_CODE": 4,
}
# possessive: where there are too few digits, one look at the text says so
_ENOUGH_DIGITS: Final = {
    entity: re.compile(rf"\d(?:\D*+\d){{{count - 1}}}") for entity, count in _NEEDS_DIGITS.items()
}
NUMERIC_ENTITIES: Final = frozenset(
    {PHONE_NUMBER, CREDIT_CARD, PAYMENT_ID, ACCOUNT_ID, "CUSTOMER_ID", SECRET, API_KEY}
    | {"US_SSN", "US_ITIN", "US_PASSPORT", "US_DRIVER_LICENSE", "US_BANK_NUMBER", "UK_NHS"}
    | {DATE_OF_BIRTH, ZIP_CODE}
)
"""Entities whose values may be written as numbers without quotes."""
LONG_NUMBER: Final = 10**11
"""Integers from here on may be cards or accounts without any key name to say so."""


def promises_number(hint: Hint) -> bool:
    """Tell whether a number without quotes may be what the key promises."""
    return hint.whole and not hint.opaque and hint.entity in NUMERIC_ENTITIES

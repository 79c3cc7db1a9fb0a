"""Texts and JSON values with slots, which know whose data they are filled with."""

from __future__ import annotations

from string import Formatter
from typing import Any, NamedTuple

ENTITY_OF_SLOT = {
    "name": "PERSON",
    "first_name": "PERSON",
    "last_name": "PERSON",
    "email": "EMAIL_ADDRESS",
    "phone": "PHONE_NUMBER",
    "street": "STREET_ADDRESS",
    "new_street": "STREET_ADDRESS",
    "dob": "DATE_OF_BIRTH",
    "ip": "IP_ADDRESS",
    "card": "CREDIT_CARD",
    "iban": "IBAN_CODE",
    "ssn": "US_SSN",
    "account": "ACCOUNT_ID",
    "customer": "CUSTOMER_ID",
    "payment": "PAYMENT_ID",
    "key": "API_KEY",
}
"""Which slots hold personal data or secrets, by the names that redaction gives them."""
_MAY_OCCUR_BY_CHANCE = ("first_name", "last_name")


class Planted(NamedTuple):
    """One personal value in an event."""

    entity_type: str
    value: str
    distinctive: bool
    """False: too short to be looked for outside of its own event."""


class Template:
    """A string, or a JSON value with strings, where `{slot}` stands for a value.

    A string that is one slot and nothing else takes the slot's value as it is, number or text.
    """

    __slots__ = ("_body", "_personal")

    def __init__(self, body: Any) -> None:
        self._body = body
        self._personal = sorted(_slots(body) & ENTITY_OF_SLOT.keys())

    def render(self, slots: dict[str, Any]) -> Any:
        """Return the value with every slot filled."""
        return _fill(self._body, slots)

    def planted(self, slots: dict[str, Any]) -> list[Planted]:
        """Return the personal values that `render` puts in with the same slots."""
        return [
            Planted(ENTITY_OF_SLOT[name], slots[name], name not in _MAY_OCCUR_BY_CHANCE)
            for name in self._personal
        ]


def _fill(body: Any, slots: dict[str, Any]) -> Any:
    if isinstance(body, str):
        if "{" not in body:
            return body
        name = body[1:-1]
        return slots[name] if name in slots else body.format_map(slots)
    if isinstance(body, dict):
        return {_fill(name, slots): _fill(value, slots) for name, value in body.items()}
    if isinstance(body, list):
        return [_fill(each, slots) for each in body]
    return body


def _slots(body: Any) -> set[str]:
    if isinstance(body, str):
        return {name for _, name, _, _ in Formatter().parse(body) if name}
    if isinstance(body, dict):
        parts = [*body.keys(), *body.values()]
    else:
        parts = body if isinstance(body, list) else []
    return {name for part in parts for name in _slots(part)}

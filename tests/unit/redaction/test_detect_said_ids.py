"""Ids as systems print them, and numbers as people say them."""

from __future__ import annotations

import pytest

from tests.unit.redaction.detected import found


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("the charge on account ACC-45629373, please", "ACCOUNT_ID", "ACC-45629373"),
        ('{"account":"ACC-06640268"}', "ACCOUNT_ID", "ACC-06640268"),
        ("member MBR-883120 called", "CUSTOMER_ID", "MBR-883120"),
        ("Paid by card 1234. my number is 312-644-2546", "PHONE_NUMBER", "312-644-2546"),
        ("The old one was 7-1707-7 Higashi-cho.", "STREET_ADDRESS", "7-1707-7 Higashi-cho"),
        ("Lieferung: Am Anger 1323, bitte", "STREET_ADDRESS", "Am Anger 1323"),
        ("logged in from 127.48.154.15.", "IP_ADDRESS", "127.48.154.15"),
        ("wrong order; our new number is 603 771 605", "PHONE_NUMBER", "603 771 605"),
    ],
)
def test_it_is_found(text: str, entity: str, value: str) -> None:
    assert (entity, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "order ORD-4562937 was shipped",
        "my order number is 312-644-2546",
        "error ACC-12 in module UID-7",
        "listening on 127.0.0.1 and 127.0.1.1",
    ],
)
def test_it_is_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "I have verified the account of Brandon Langley.",
        "my name is Brandon Whitby",
        "Brandon Renton",
    ],
)
def test_a_person_may_be_named_like_two_places(text: str) -> None:
    [(entity, name)] = found(text)
    assert entity == "PERSON"
    assert len(name.split()) == 2


def test_two_places_are_no_person() -> None:
    assert found("We flew to Austin Texas and on to Sydney Australia, then Phoenix Arizona.") == []

"""The verifier alone: what has a checkable form is found, what only looks like it is not."""

import orjson
import pytest

from pipeline.redaction.pseudonyms import Keyring, Pseudonymizer
from pipeline.redaction.verifier import Hit, Verifier

VERIFIER = Verifier()


@pytest.mark.parametrize(
    ("text", "entity"),
    [
        ("ann.lee@example.com", "EMAIL_ADDRESS"),
        ("line\nann.lee+tag@mail.example.co.uk.", "EMAIL_ADDRESS"),
        ("card 4111 1111 1111 1111 ok", "CREDIT_CARD"),
        ("\n4111111111111111", "CREDIT_CARD"),
        ("3782-822463-10005", "CREDIT_CARD"),
        ("6011000990139424", "CREDIT_CARD"),
        ("DE89 3704 0044 0532 0130 00", "IBAN_CODE"),
        ("GB82WEST12345698765432", "IBAN_CODE"),
        ("ssn 536-22-1234.", "US_SSN"),
        ("call +44 20 7946 0958 today", "PHONE_NUMBER"),
        ("+14155550132", "PHONE_NUMBER"),
        ("sk-proj-aB3dE6gH9jK2mN5pQ8sT", "API_KEY"),
        ("AKIAIOSFODNN7EXAMPLE".replace("EXAMPLE", "QWERTY2") + "ABCD", "API_KEY"),
        ("-----BEGIN RSA PRIVATE KEY-----", "SECRET"),
    ],
)
def test_what_can_be_checked_is_found(text: str, entity: str) -> None:
    for value in (text, {"a": [text]}, {"a": orjson.dumps({"b": text}).decode()}):
        assert [hit.entity for hit in VERIFIER.search([orjson.dumps(value)])] == [entity]


@pytest.mark.parametrize(
    "text",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "9f86d081884c7d659a2feaa0c55ad0154111111111111111",
        "order 112-5345678-9012345",
        "4111111111111112",
        "1716000000000 1716000000123 1716000000123456 1716000000123456789",
        "2024-05-15T15:00:00.123456+00:00",
        "2024-05-15 15:00:00 -0700",
        "version 1.2.3-4+build.567.89012345",
        "lat 52.520008 lon +13.404954",
        "python@3.11 and user@localhost",
        "DE89370400440532013001",
        "000-12-3456 987-65-4321",
        "666-12-3456",
        "tracking 1Z999AA10123456784",
        "sk-learn-is-a-library sk-aaaaaaaaaaaaaaaaaaaaaaaa",
        "0000000000000000 4444444444444444",
        "arn:aws:iam::123456789012:role/x",
        "3.14159265358979323846",
    ],
)
def test_what_only_looks_like_it_is_not(text: str) -> None:
    assert VERIFIER.search([orjson.dumps({"a": text})]) == []


def test_our_own_tokens_are_clean() -> None:
    token = Pseudonymizer(Keyring.single("k1", "a secret of some length")).token
    values = [token(entity, str(n)) for entity in ("IBAN_CODE", "API_KEY") for n in range(500)]
    assert VERIFIER.search([orjson.dumps(values)]) == []


def test_hits_name_the_buffer_they_are_in() -> None:
    buffers = [b'"a"', b'"x@example.com y@example.com"', b"", b'"4111111111111111"']
    assert VERIFIER.search(buffers) == [Hit(1, "EMAIL_ADDRESS"), Hit(3, "CREDIT_CARD")]
    assert VERIFIER.search([]) == []


def test_nothing_is_read_across_two_buffers() -> None:
    assert VERIFIER.search([b'"ann@example"', b'".com"', b"4111 1111", b"1111 1111"]) == []


def test_a_verifier_without_its_patterns_is_blind() -> None:
    """The negative control: the tests above do fail when the verifier does not look."""
    assert Verifier([]).search([b'"ann.lee@example.com 4111111111111111"']) == []

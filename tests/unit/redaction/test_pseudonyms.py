"""Pseudonyms: the same for the same value, tenant and key; forms that mean the same are one."""

import re

import pytest

from pipeline.errors import ConfigError
from pipeline.redaction.canonical import canonical
from pipeline.redaction.pseudonyms import (
    LONGEST_KEPT,
    MAX_KEPT,
    Keyring,
    Pseudonymizer,
    token_pattern,
)

KEYS = Keyring.single("k1", "a secret of some length")


def test_a_token_has_type_key_id_and_96_bits_without_digits_or_vowels() -> None:
    token = Pseudonymizer(KEYS).token("EMAIL_ADDRESS", "ann@example.com")
    assert re.fullmatch(r"<EMAIL_ADDRESS:k1:[bcdfghjkmnpqrtvw]{24}>", token)


def test_tokens_differ_by_value_type_tenant_and_key() -> None:
    tokens = {
        Pseudonymizer(KEYS).token("PERSON", "Ann Lee"),
        Pseudonymizer(KEYS).token("PERSON", "Ann Li"),
        Pseudonymizer(KEYS).token("ACCOUNT_ID", "Ann Lee"),
        Pseudonymizer(KEYS, "acme").token("PERSON", "Ann Lee"),
        Pseudonymizer(Keyring.single("k1", "another long secret")).token("PERSON", "Ann Lee"),
    }
    assert len(tokens) == 5


def test_tokens_that_are_remembered_are_bounded_and_the_same() -> None:
    pseudonyms = Pseudonymizer(KEYS)
    values = [f"Ann {number}" for number in range(MAX_KEPT + 5)] + ["A" * (LONGEST_KEPT + 1)]
    for value in [*values, *values]:
        assert pseudonyms.token("PERSON", value) == Pseudonymizer(KEYS).token("PERSON", value)
        assert len(pseudonyms._made["PERSON"]) <= MAX_KEPT
    assert values[-1] not in pseudonyms._made["PERSON"]
    pseudonyms.clear()
    assert not any(pseudonyms._made.values())


def test_without_a_key_there_are_plain_labels() -> None:
    assert Pseudonymizer(Keyring.single("k1", "")).token("PERSON", "Ann") == "<PERSON>"


@pytest.mark.parametrize(
    ("entity", "values"),
    [
        ("EMAIL_ADDRESS", ["Ann@Example.com", "ann@example.com", "mailto:ann@example.com"]),
        ("PHONE_NUMBER", ["+1 (415) 555-0132", "415-555-0132", "0014155550132", "1.415.555.0132"]),
        ("CREDIT_CARD", ["4111 1111 1111 1111", "4111-1111-1111-1111", "4111111111111111"]),
        ("IBAN_CODE", ["DE89 3704 0044 0532 0130 00", "de89370400440532013000"]),
        ("DATE_OF_BIRTH", ["1990-04-05", "April 5, 1990", "5 Apr 1990", "1990/4/5"]),
        ("IP_ADDRESS", ["2001:db8::1", "2001:0db8:0:0::1"]),
        ("PERSON", ["Ann  Lee", "ANN LEE", "Ａnn Lee"]),
    ],
)
def test_spellings_of_one_value_join(entity: str, values: list[str]) -> None:
    assert len({canonical(entity, value) for value in values}) == 1


@pytest.mark.parametrize(
    ("entity", "one", "other"),
    [
        ("PHONE_NUMBER", "415-555-0132", "415-555-0133"),
        ("PHONE_NUMBER", "+44 20 7946 0958", "020 7946 0958"),
        ("DATE_OF_BIRTH", "03/04/1990", "04/03/1990"),
        ("ACCOUNT_ID", "aB1", "ab1"),
    ],
)
def test_what_may_differ_stays_apart(entity: str, one: str, other: str) -> None:
    assert canonical(entity, one) != canonical(entity, other)


def test_rotation_changes_new_tokens_and_still_knows_the_old_ones() -> None:
    rotated = KEYS.rotated("k2", "the secret after that")
    old = Pseudonymizer(KEYS).token("PERSON", "Ann")
    new = Pseudonymizer(rotated).token("PERSON", "Ann")
    assert ":k2:" in new
    pattern = token_pattern(rotated.key_ids)
    assert pattern.fullmatch(old)
    assert pattern.fullmatch(new)


@pytest.mark.parametrize(
    "text",
    [
        "<PERSON:k1:ann@example.com>",
        "<PERSON:k1:bcdfghjkmnpqrtvwbcdfghj>",
        "<PERSON:k9:bcdfghjkmnpqrtvwbcdfghjk>",
        "<ANN_LEE:k1:bcdfghjkmnpqrtvwbcdfghjk>",
        "<ann lee>",
    ],
)
def test_an_imitation_is_text_like_any_other(text: str) -> None:
    assert token_pattern(KEYS.key_ids).search(text) is None


def test_a_keyring_shows_no_secret_and_refuses_weak_ones() -> None:
    assert "secret" not in repr(KEYS)
    with pytest.raises(ConfigError):
        Keyring("k1", {"k1": b"short"})
    with pytest.raises(ConfigError):
        Keyring("k2", {"k1": b"a secret of some length"})
    with pytest.raises(ConfigError):
        Keyring("K_1", {"K_1": b"a secret of some length"})


def test_a_key_file_names_the_current_key_first() -> None:
    keys = Keyring.parse("k2:the secret after that\n\nk1:a secret of some length\n", "keys")
    assert keys.key_id == "k2"
    assert keys.key_ids == {"k1", "k2"}
    for text in ("k1 no colon", "k1:a secret of some length\nk1:another long secret", ""):
        with pytest.raises(ConfigError, match="keys") as caught:
            Keyring.parse(text, "keys")
        assert "secret" not in str(caught.value)

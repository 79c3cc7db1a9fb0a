"""Invented people have data of the right shapes, so that a detector has something to check."""

from __future__ import annotations

import phonenumbers
import pytest

from pipeline.simulate.identity import Person, person
from pipeline.simulate.names import SHAPES

PEOPLE = [person(1, number) for number in range(400)]


def test_people_are_the_same_for_a_seed_and_differ_otherwise() -> None:
    assert person.__wrapped__(1, 5) == PEOPLE[5]
    assert person(2, 5) != PEOPLE[5]
    assert {each.locale for each in PEOPLE} == set(SHAPES)
    assert len({each.slots["name"] for each in PEOPLE}) > 350


def test_card_numbers_pass_the_luhn_check() -> None:
    for each in PEOPLE:
        digits = [int(mark) for mark in each.slots["card"] if mark.isdigit()]
        doubled = [digit * 2 if at % 2 else digit for at, digit in enumerate(reversed(digits))]
        assert sum(digit - 9 if digit > 9 else digit for digit in doubled) % 10 == 0


def test_ibans_pass_their_check_and_have_their_country_s_length() -> None:
    lengths = {"GB": 22, "DE": 22, "FR": 27, "ES": 24, "IT": 27, "PL": 28, "SE": 24}
    for each in PEOPLE:
        iban = each.slots["iban"].replace(" ", "")
        assert len(iban) == lengths[iban[:2]]
        assert int("".join(str(int(mark, 36)) for mark in iban[4:] + iban[:4])) % 97 == 1


def test_most_phone_numbers_exist_in_their_country() -> None:
    valid = [_is_valid(each) for each in PEOPLE]
    assert sum(valid) / len(valid) > 0.85


def _is_valid(who: Person) -> bool:
    number = phonenumbers.parse(who.slots["phone"], who.locale.upper())
    return phonenumbers.is_valid_number(number)


@pytest.mark.parametrize("slot", ["email", "ip", "customer", "account", "key", "ssn"])
def test_identifiers_are_plain_ascii(slot: str) -> None:
    assert all(each.slots[slot].isascii() and " " not in each.slots[slot] for each in PEOPLE)


def test_user_ids_hold_names_as_real_ones_do() -> None:
    assert all(each.user_id.isascii() and each.user_id.count("_") == 2 for each in PEOPLE)

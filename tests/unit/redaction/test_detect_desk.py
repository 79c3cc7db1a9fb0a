"""What people write to desks: ids behind many labels, codes in prose, streets by name, signatures.

Beside each kind stands what looks like it and is none.
"""

from __future__ import annotations

import pytest

from pipeline.redaction.normalise import plain_form
from tests.unit.redaction.detected import found


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        ("my employee number's 71935 and it is wrong", "ACCOUNT_ID", "71935"),
        ("the membership you have for me is under FIT-88120", "ACCOUNT_ID", "FIT-88120"),
        ("what is your policy no?\nCaller: hang on... QB 5512 9034", "ACCOUNT_ID", "QB 5512 9034"),
        ("library card no. 2 7719 00352", "ACCOUNT_ID", "2 7719 00352"),
        ("Re: Tenancy agreement TG/2021/00733", "ACCOUNT_ID", "TG/2021/00733"),
        ("mitt kundnummer är 9921-4410", "ACCOUNT_ID", "9921-4410"),
        ("номер договора 5512-07", "ACCOUNT_ID", "5512-07"),
        ("log in as ACC-5512-9034", "ACCOUNT_ID", "ACC-5512-9034"),
        ("do you deliver to 98117?", "ZIP_CODE", "98117"),
        ("in austin texas 78704 it rains", "ZIP_CODE", "78704"),
        ("Send it to Ottawa K2P 1L4 please", "ZIP_CODE", "K2P 1L4"),
        ("a house on Orchard Way", "STREET_ADDRESS", "Orchard Way"),
        ("We meet at Larch Cottage, Abbey Road", "STREET_ADDRESS", "Larch Cottage, Abbey Road"),
        ("meet me at the corner of 9th and Alder", "STREET_ADDRESS", "9th and Alder"),
        ("она живёт: ул. Садовая, д. 14", "STREET_ADDRESS", "ул. Садовая, д. 14"),
        ("passport number N41 22 093", "US_PASSPORT", "N41 22 093"),
        ("дата рождения 14.02.1975", "DATE_OF_BIRTH", "14.02.1975"),
        ("call 8-912-555-01-99 today", "PHONE_NUMBER", "8-912-555-01-99"),
        ("see you then.\nthx\nMo", "PERSON", "Mo"),
        ("It is settled. -bartek", "PERSON", "bartek"),
        ('Adewale "Wally" Okonjo-Reid', "PERSON", 'Adewale "Wally" Okonjo-Reid'),
        ("cc: Marta Kowal, Joy\n\nsee below", "PERSON", "Joy"),
    ],
)
def test_it_is_found(text: str, entity: str, value: str) -> None:
    assert (entity, value) in found(text)


@pytest.mark.parametrize(
    "text",
    [
        "contract ends in 2027, agreement by May",
        "tenant id 3f2b8c1d-9a4e-4f6b-8c2d-1e5f7a9b0c3d",
        "order 88120 shipped to 12000 people",
        "it went from 48211 to 48274 in a day",
        "policy number for 2024",
        "on 3rd and Monday",
        "Flight 12, Paris to Rome",
        "Thanks,\nSupport",
        "Known issues:\n- export\n- import",
        "the licence expires 20291130",
    ],
)
def test_it_is_none(text: str) -> None:
    assert found(text) == []


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("ann underscore lee at mail dot example dot com", "ann_lee@mail.example.com"),
        ("a n n dot lee at example dot com", "ann.lee@example.com"),
    ],
)
def test_signs_and_letters_of_an_address_may_be_said(said: str, written: str) -> None:
    plain = plain_form(said)
    assert (plain.text if plain else said) == written

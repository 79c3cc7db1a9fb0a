"""What people write and say in their own words: ids, secrets, dates, addresses without a form."""

from __future__ import annotations

import pytest

from pipeline.redaction.lines import LineRedactor
from pipeline.redaction.policy import default_policy

REDACTOR = LineRedactor(default_policy())


def found(text: str) -> list[tuple[str, str]]:
    return [(span.entity_type, text[span.start : span.end]) for span in REDACTOR.spans(text)]


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        # ids
        ("my policy HX-4410293 has lapsed", "ACCOUNT_ID", "HX-4410293"),
        ("acct. 5529174 is locked", "ACCOUNT_ID", "5529174"),
        ("student number is QA31-2207/2021", "ACCOUNT_ID", "QA31-2207/2021"),
        ("my member number on file is R 5512 8830 41", "ACCOUNT_ID", "R 5512 8830 41"),
        ("agent: your member number?\nuser: it's 77120934", "ACCOUNT_ID", "77120934"),
        ("find me on Instagram, it is @nori.bakes", "ACCOUNT_ID", "@nori.bakes"),
        ("my username is pkowal_31", "ACCOUNT_ID", "pkowal_31"),
        ("Min kundnummer är 5512 oder Kundnummer: 8812093", "ACCOUNT_ID", "8812093"),
        ("sshd[412]: Accepted publickey for mkowal from host", "ACCOUNT_ID", "mkowal"),
        ("action=login user=jdoer42", "ACCOUNT_ID", "jdoer42"),
        ("my NI number is QQ 12 34 56 C", "ACCOUNT_ID", "QQ 12 34 56 C"),
        # bank
        ("pay it to Zenithbank 4410293385", "US_BANK_NUMBER", "4410293385"),
        ("BSB 062-000, rekening 44102933", "US_BANK_NUMBER", "44102933"),
        # secrets
        ("the passcode i set was 90217", "SECRET", "90217"),
        ("password, is it still Otter_cove7", "SECRET", "Otter_cove7"),
        (
            "the passphrase is copper wagon lantern maple.",
            "SECRET",
            "copper wagon lantern maple",
        ),
        ("Das Passwort lautet Kranich#52", "SECRET", "Kranich#52"),
        ("moje hasło: Wrobel881", "SECRET", "Wrobel881"),
        # postcodes
        ("Mitt postnummer är 41322", "ZIP_CODE", "41322"),
        ("operator: your zip code?\ncaller: 30318", "ZIP_CODE", "30318"),
        # dates of birth
        (
            "born on march fifteenth nineteen eighty two",
            "DATE_OF_BIRTH",
            "march fifteenth nineteen eighty two",
        ),
        (
            "her birthday is the second of May two thousand and four",
            "DATE_OF_BIRTH",
            "the second of May two thousand and four",
        ),
        ("urodzony 4 września 1981 w Łodzi", "DATE_OF_BIRTH", "4 września 1981"),
        ("doğum tarihi 7 Ekim 1990", "DATE_OF_BIRTH", "7 Ekim 1990"),
        ("dob 070391", "DATE_OF_BIRTH", "070391"),
        ("my date of birth is six nine seventy four", "DATE_OF_BIRTH", "six nine seventy four"),
        ("she was born in june of 1991", "DATE_OF_BIRTH", "june of 1991"),
        # telephone numbers in words
        ("Tfno. 644 10 22 93", "PHONE_NUMBER", "644 10 22 93"),
        (
            "the number is six one seven five five five oh one nine eight area code",
            "PHONE_NUMBER",
            "six one seven five five five oh one nine eight",
        ),
        (
            "call me at four one five, five fifty five, twenty two eighteen",
            "PHONE_NUMBER",
            "four one five, five fifty five, twenty two eighteen",
        ),
        # addresses
        (
            "i live at twenty two Alder Street apartment four",
            "STREET_ADDRESS",
            "twenty two Alder Street apartment four",
        ),
        ("ship to 18 elm street portland", "STREET_ADDRESS", "18 elm street portland"),
        ("El paquete va a Privada Robles 12, Monterrey", "STREET_ADDRESS", "Privada Robles 12"),
        ("A csomag a Petőfi utca 11 címre megy", "STREET_ADDRESS", "Petőfi utca 11"),
        ("Deliver to B-22, Karol Bagh, New Delhi 110005", "STREET_ADDRESS", "New Delhi 110005"),
        # names
        ("did kasia merge it", "PERSON", "kasia"),
        ("hi im rebecca torres and i lost my card", "PERSON", "rebecca torres"),
        ("La señora Zubizarreta llamó ayer.", "PERSON", "Zubizarreta"),
        ("Olá, aqui é a Joana Prado.", "PERSON", "Joana Prado"),
        ("Passenger: SMITH/JOHN MR, seat 4A", "PERSON", "SMITH/JOHN"),
        ("PATIENT: DOE, JANE", "PERSON", "DOE, JANE"),
        ("my last name is k o w a l", "PERSON", "k o w a l"),
        ("please tell mrs okafor i called", "PERSON", "okafor"),
    ],
)
def test_it_is_found(text: str, entity: str, value: str) -> None:
    assert any(kind == entity and value in whole for kind, whole in found(text))


@pytest.mark.parametrize(
    "text",
    [
        "your account is overdrawn and the policy 2024 edition applies",
        "the passphrase is too short and must hold a sign",
        "a one way street and a two lane road",
        "she was born nineteen minutes after him",
        "count with me: one, two, three",
        "PATIENT: STABLE, ALERT",
        "la contraseña es incorrecta",
        "session opened for user postgres",
        "action=login user=batch_worker",
        "choose a b c d or e",
        "my account ending in 4471 was fine on 20 May",
        "Besten Dank für die schnelle Lieferung",
        "Termin verschoben, Rechnung folgt",
    ],
)
def test_it_is_none(text: str) -> None:
    assert found(text) == []

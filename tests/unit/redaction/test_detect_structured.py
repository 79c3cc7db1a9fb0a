"""Numbers, addresses on the network, ids and secrets: found whole, and not where they are not."""

from __future__ import annotations

import re

import pytest

from pipeline.errors import ConfigError
from pipeline.redaction.detectors import Context, DetectorSet, DetectorSettings
from pipeline.redaction.detectors.contact import EmailDetector
from pipeline.redaction.detectors.ids import DEFAULT_ID_SHAPES
from pipeline.redaction.detectors.payment import base58check, bech32, luhn, mod97
from tests.unit.redaction.detected import found


@pytest.mark.parametrize(
    ("text", "entity", "value"),
    [
        (
            "write to ana.lima+news@mail.example.co.uk.",
            "EMAIL_ADDRESS",
            "ana.lima+news@mail.example.co.uk",
        ),
        ("メールはtanaka@example.jpです", "EMAIL_ADDRESS", "tanaka@example.jp"),
        ("card 4111 1111 1111 1111 exp 12/29", "CREDIT_CARD", "4111 1111 1111 1111"),
        ("paid with 378282246310005 today", "CREDIT_CARD", "378282246310005"),
        ("2-series 2223003122003222 works", "CREDIT_CARD", "2223003122003222"),
        ("19 digits: 4000000000000000006", "CREDIT_CARD", "4000000000000000006"),
        ("card 6759649826438453, thanks", "CREDIT_CARD", "6759649826438453"),
        ("to de89 3704 0044 0532 0130 00 please", "IBAN_CODE", "de89 3704 0044 0532 0130 00"),
        ("IBAN GB82WEST12345698765432.", "IBAN_CODE", "GB82WEST12345698765432"),
        ("my ssn is 123-45-6789", "US_SSN", "123-45-6789"),
        ("social security number: 123456789", "US_SSN", "123456789"),
        ("ITIN 912-70-1234 on file", "US_ITIN", "912-70-1234"),
        ("NHS number 943 476 5919", "UK_NHS", "943 476 5919"),
        ("passport number X12345678", "US_PASSPORT", "X12345678"),
        ("driver's license D1234567", "US_DRIVER_LICENSE", "D1234567"),
        ("routing number 021000021", "US_BANK_NUMBER", "021000021"),
        ("from 203.0.113.9 at noon", "IP_ADDRESS", "203.0.113.9"),
        ("peer 2001:db8::ff00:42:8329 up", "IP_ADDRESS", "2001:db8::ff00:42:8329"),
        ("mac 00:1A:2B:3C:4D:5E seen", "MAC_ADDRESS", "00:1A:2B:3C:4D:5E"),
        (
            "send to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
            "CRYPTO",
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa",
        ),
        (
            "eth 0x742d35Cc6634C0532925a3b844Bc454e4438f44e",
            "CRYPTO",
            "0x742d35Cc6634C0532925a3b844Bc454e4438f44e",
        ),
        ("born on April 5th, 1990 in", "DATE_OF_BIRTH", "April 5th, 1990"),
        ("DOB: 1990-04-05", "DATE_OF_BIRTH", "1990-04-05"),
        ("nació el 3 de mayo de 1961", "DATE_OF_BIRTH", "3 de mayo de 1961"),
        ("postcode: SW1A 1AA", "ZIP_CODE", "SW1A 1AA"),
        ("user mia_li_3668 booked", "ACCOUNT_ID", "mia_li_3668"),
        ("customer id: C-00418823", "CUSTOMER_ID", "C-00418823"),
        ("cus_NffrFeUfNV2Hib paid", "CUSTOMER_ID", "cus_NffrFeUfNV2Hib"),
        ("gift_card_5309492 is empty", "PAYMENT_ID", "gift_card_5309492"),
        ("use certificate 7504069 first", "PAYMENT_ID", "7504069"),
        ("see https://linkedin.com/in/eva-koz now", "URL", "https://linkedin.com/in/eva-koz"),
        (
            "clone https://bob:s3cret@git.example.com/x",
            "URL",
            "https://bob:s3cret@git.example.com/x",
        ),
        ("postgres://app:hunter2@db:5432/prod", "SECRET", "postgres://app:hunter2@db:5432/prod"),
    ],
)
def test_a_value_is_found_whole(text: str, entity: str, value: str) -> None:
    assert found(text) == [(entity, value)]


@pytest.mark.parametrize(
    "number",
    [
        "+44 20 7946 0958",
        "(555) 123-4567 ext. 22",
        "001-541-754-3010x123",
        "541.754.3010",
        "+49 (0) 89 724 85 34",
        "06 12 34 56 78",
        "+420 601 461 749",
    ],
)
def test_a_telephone_number_is_found_with_code_and_extension(number: str) -> None:
    assert found(f"call me at {number}, thanks") == [("PHONE_NUMBER", number)]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("AWS AKIAIOSFODNN7EXAMPLE leaked", "AKIAIOSFODNN7EXAMPLE"),
        ("token ghp_" + "a1B2" * 9, "ghp_" + "a1B2" * 9),
        ("key sk-ant-api03-" + "x9Y8" * 10, "sk-ant-api03-" + "x9Y8" * 10),
        ("hf_" + "aB3d" * 9 + " works", "hf_" + "aB3d" * 9),
        (
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN ok",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dozjgNryP4J3jVmN",
        ),
    ],
)
def test_a_key_with_a_published_prefix_is_found(text: str, key: str) -> None:
    assert ("API_KEY", key) in found(text)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("DB_PASSWORD=hunter2!x", "hunter2!x"),
        ('{"password": "correct horse"}', "correct horse"),
        ("the pw is qK3x9v", "qK3x9v"),
        ("Authorization: Bearer abcdef0123456789", "abcdef0123456789"),
        ("cvv: 123", "123"),
    ],
)
def test_a_labelled_secret_is_found(text: str, secret: str) -> None:
    assert ("SECRET", secret) in found(text)


def test_a_private_key_is_found_to_its_end() -> None:
    key = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc=\n-----END RSA PRIVATE KEY-----"
    assert found(f"here: {key} bye") == [("SECRET", key)]


@pytest.mark.parametrize(
    "text",
    [
        "order 5417543010 shipped on 2024-05-20",
        "item 1008292230 is out of stock",
        "version 1.2.3.4 and v10.0.0.1",
        "std::vector and a::b at 12:30:45",
        "commit 9fceb02d0ae598e95dc970b74767f19372d61af8",
        "id 550e8400-e29b-41d4-a716-446655440000",
        "order number 4111 1111 1111 1111",
        "icon@2x.png and git@github.com:org/repo.git",
        "lat 40.712776, lon -74.005974",
        "the public licence of the library, 2024",
        "auth_info[2] is not a secret; password is required",
        "see https://docs.example.com/guide/start?page=2",
        "amount 1,234,567.89 due on 05/06/2024",
        "order_item_12345 and test_case_1234",
    ],
)
def test_what_is_no_personal_data_stays(text: str) -> None:
    assert found(text) == []


def test_a_hint_takes_the_place_of_words() -> None:
    date = "1990-04-05"
    assert found(date) == []
    assert found(date, Context(hint="DATE_OF_BIRTH")) == [("DATE_OF_BIRTH", date)]


def test_days_are_found_only_under_a_strict_policy() -> None:
    assert found("it arrives on May 20, 2024 by noon") == []
    assert found("it arrives on May 20, 2024", Context(strict=True)) == [
        ("DATE_TIME", "May 20, 2024")
    ]
    assert found("born 1 May 1990; arrives May 20, 2024", Context(strict=True)) == [
        ("DATE_OF_BIRTH", "1 May 1990"),
        ("DATE_TIME", "May 20, 2024"),
    ]


def test_only_the_entities_asked_for_are_found() -> None:
    text = "Ada Wong, ada@example.com, card 4111 1111 1111 1111"
    only = DetectorSet(DetectorSettings(entities=frozenset({"EMAIL_ADDRESS"})))
    assert [span.entity_type for span in only.detect(text)] == ["EMAIL_ADDRESS"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a@b and c@d, ann@example.com", ["ann@example.com"]),
        ("ann@example.com,bob@example.org;x", ["ann@example.com", "bob@example.org"]),
        ("see\tann@example.com\nbob@example.org", ["ann@example.com", "bob@example.org"]),
        ("@ann @ bob@example.org@", []),
        ("git@host:x, ann@example.com", ["ann@example.com"]),
        (f"{'n' * 100}@example.com", [f"{'n' * 64}@example.com"]),
        (f"{'n' * 100} {'m' * 10}@example.com", [f"{'m' * 10}@example.com"]),
    ],
)
def test_every_address_of_a_text_is_found(text: str, values: list[str]) -> None:
    assert [text[span.start : span.end] for span in EmailDetector().find(text)] == values


def test_shapes_of_ids_are_found_by_how_they_begin() -> None:
    """One letter of those that lead is asked for first: each shape has to begin with one."""
    for shape in (shape for shapes in DEFAULT_ID_SHAPES.values() for shape in shapes):
        assert re.match(r"\\b(?:[a-z]|\(\?:[A-Za-z])", shape), shape
    examples = {
        "pm_1A2b3C4d5E6f7G": "PAYMENT_ID",
        "wallet-12345": "PAYMENT_ID",
        "CUST-0764580": "CUSTOMER_ID",
        "subscriber_4411": "CUSTOMER_ID",
        "acct_1A2b3C4d5E6f": "ACCOUNT_ID",
        "usr_0123456789ab": "ACCOUNT_ID",
        "UID-99887766": "ACCOUNT_ID",
    }
    for value, entity in examples.items():
        assert found(f"see {value}, please") == [(entity, value)]


def test_a_policy_adds_shapes_of_ids() -> None:
    settings = DetectorSettings(id_shapes={"ACCOUNT_ID": (r"\bXY-[0-9]{4}\b",)})
    spans = DetectorSet(settings).detect("ref XY-1234 and XY-12")
    assert [(span.start, span.end, span.entity_type) for span in spans] == [(4, 11, "ACCOUNT_ID")]


def test_a_shape_that_could_hang_is_refused() -> None:
    with pytest.raises(ConfigError, match="RE2"):
        DetectorSet(DetectorSettings(id_shapes={"ACCOUNT_ID": (r"(a+)+(?=b)",)}))


def test_checksums() -> None:
    assert luhn("4111111111111111")
    assert luhn("378282246310005")
    assert luhn("٤١١١١١١١١١١١١١١١")
    assert not luhn("4111111111111112")
    assert mod97("GB82WEST12345698765432")
    assert not mod97("GB82WEST12345698765433")
    assert base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa")
    assert not base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb")
    assert bech32("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq")
    assert not bech32("bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdp")

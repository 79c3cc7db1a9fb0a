"""Key names as evidence: what they promise, where a bare name is a person's, what is no value."""

import pytest

from pipeline.redaction.hints import (
    Hint,
    HintTable,
    Kind,
    describes_person,
    looks_like_name,
    plausible,
    snake_case,
)

TABLE = HintTable()


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("firstName", "first_name"),
        ("First-Name", "first_name"),
        ("FIRST_NAME", "first_name"),
        ("userID", "user_id"),
        ("passenger.firstName", "passenger_first_name"),
        ("HTTPHeader", "http_header"),
    ],
)
def test_spellings_of_a_key_are_one(key: str, expected: str) -> None:
    assert snake_case(key) == expected


@pytest.mark.parametrize(
    ("key", "entity"),
    [
        ("first_name", "PERSON"),
        ("passenger_last_name", "PERSON"),
        ("emails", "EMAIL_ADDRESS"),
        ("billing_email", "EMAIL_ADDRESS"),
        ("dob", "DATE_OF_BIRTH"),
        ("mobile_phone", "PHONE_NUMBER"),
        ("address1", "STREET_ADDRESS"),
        ("shipping_zip", "ZIP_CODE"),
        ("customer_id", "CUSTOMER_ID"),
        ("payment_id", "PAYMENT_ID"),
        ("db_password", "SECRET"),
        ("x_api_key", "API_KEY"),
        ("authorization", "SECRET"),
        ("customer_name", "PERSON"),
    ],
)
def test_a_telling_key_promises_its_entity(key: str, entity: str) -> None:
    hint = TABLE.hint(Kind.NEUTRAL, "", key)
    assert (hint.entity, hint.whole) == (entity, True)


@pytest.mark.parametrize(
    "key",
    [
        "name",
        "tool_name",
        "file_name",
        "product_name",
        "tokens_in",
        "id",
        "city",
        "country_code",
        "status",
        "map_pin",
        "author_count",
        "email_sent_at",
        "order_number",
    ],
)
def test_a_key_of_things_promises_nothing(key: str) -> None:
    assert not TABLE.hint(Kind.NEUTRAL, "", key).whole


@pytest.mark.parametrize(
    ("path", "entity"),
    [
        (["user", "name"], "PERSON"),
        (["saved_passengers", "name"], "PERSON"),
        (["customer", "details", "name"], "PERSON"),
        (["billing_address", "city"], "LOCATION"),
        (["payment_methods", "card_123", "id"], "PAYMENT_ID"),
        (["product", "name"], None),
        (["user", "plan", "name"], None),
    ],
)
def test_parents_decide_on_bare_names(path: list[str], entity: str | None) -> None:
    kind = Kind.NEUTRAL
    for key in path[:-1]:
        kind = TABLE.kind_below(kind, key)
    assert TABLE.hint(kind, path[-2], path[-1]).entity == entity


def test_a_name_beside_an_email_is_a_persons() -> None:
    assert describes_person({"name": "", "email": ""})
    assert not describes_person({"name": "", "price": 1})


def test_a_policy_adds_hints_and_switches_them_off() -> None:
    table = HintTable({"seat_holder": "PERSON", "email": "none", "order.ref": "ACCOUNT_ID"})
    assert table.hint(Kind.NEUTRAL, "", "seat_holder").entity == "PERSON"
    assert table.hint(Kind.NEUTRAL, "", "email").entity is None
    assert table.hint(Kind.NEUTRAL, "order", "ref").entity == "ACCOUNT_ID"
    assert table.hint(Kind.NEUTRAL, "flight", "ref").entity is None


@pytest.mark.parametrize(
    ("hint", "value", "expected"),
    [
        (Hint("EMAIL_ADDRESS", whole=True), "ann at example dot com", True),
        (Hint("EMAIL_ADDRESS", whole=True), "verified", False),
        (Hint("PHONE_NUMBER", whole=True), "mobile", False),
        (Hint("PHONE_NUMBER", whole=True), "020 7946", True),
        (Hint("DATE_OF_BIRTH", whole=True), "unknown", False),
        (Hint("SECRET", whole=True), "hunter2", True),
        (Hint("SECRET", whole=True, opaque=True), "Hello", False),
        (Hint("SECRET", whole=True, opaque=True), "f81d4fae7dec11d0", True),
        (Hint("PAYMENT_ID", whole=True), "credit_card", False),
        (Hint("PERSON", whole=True), "  ", False),
    ],
)
def test_a_value_must_be_able_to_be_what_its_key_says(
    hint: Hint, value: str, expected: bool
) -> None:
    assert plausible(hint, value) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Qvist, Zoltan", True),
        ("ANN-MARIE O'NEILL", True),
        ("Ludwig van der Rohe", True),
        ("李 伟", True),
        ("Regional Sales Team", False),
        ("Acme Inc.", False),
        ("batch", False),
        ("the second driver", False),
        ("Gate 12", False),
        ("Ann", False),
    ],
)
def test_a_name_has_a_form(value: str, expected: bool) -> None:
    assert looks_like_name(value) is expected

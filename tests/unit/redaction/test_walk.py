"""The walk: strings, keys, numbers, records in strings, encodings; what is not data stays."""

import base64
import json
from typing import Any

import pytest

from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.engine import detector_settings
from pipeline.redaction.policy import compile_policy, default_policy
from pipeline.redaction.pseudonyms import Keyring, Pseudonymizer
from pipeline.redaction.text import MAX_READ
from pipeline.redaction.walk import MAX_OLD_PLANS, MAX_TEXT, Walk

KEYS = Keyring.single("k1", "a secret of some length")
TOKEN = Pseudonymizer(KEYS).token
EMAIL = "ann.lee@example.com"
EMAIL_TOKEN = TOKEN("EMAIL_ADDRESS", EMAIL)


def make_walk(policy_text: str | None = None, **options: Any) -> Walk:
    policies = compile_policy(policy_text) if policy_text else default_policy()
    policy = policies.for_event()
    return Walk(policy, KEYS, DetectorSet(detector_settings(policy)), **options)


@pytest.fixture(scope="module")
def walk() -> Walk:
    return make_walk()


def test_a_finding_in_text_is_replaced_where_it_stands(walk: Walk) -> None:
    redacted = walk.event({"content": f"Write to {EMAIL}, please."})
    assert redacted == {"content": f"Write to {EMAIL_TOKEN}, please."}
    assert walk.counts == {"EMAIL_ADDRESS": 1}


def test_key_names_are_enough_evidence(walk: Walk) -> None:
    redacted = walk.event(
        {
            "user": {"name": "Zyx Qwv", "city": "Austin", "plan": {"name": "Gold"}},
            "product": {"name": "Blue Chair", "city": "Austin"},
            "address": {"address1": "Unit Blue", "city": "Austin", "zip": "78750"},
        }
    )
    assert redacted["user"]["name"] == TOKEN("PERSON", "Zyx Qwv")
    assert redacted["user"]["city"] == "Austin"
    assert redacted["user"]["plan"] == {"name": "Gold"}
    assert redacted["product"] == {"name": "Blue Chair", "city": "Austin"}
    assert redacted["address"] == {
        "address1": TOKEN("STREET_ADDRESS", "Unit Blue"),
        "city": TOKEN("LOCATION", "Austin"),
        "zip": TOKEN("ZIP_CODE", "78750"),
    }


def test_a_value_joins_wherever_it_stands(walk: Walk) -> None:
    redacted = walk.event({"username": EMAIL, "text": f"from {EMAIL}", "emails": [EMAIL.upper()]})
    assert redacted["username"] == EMAIL_TOKEN
    assert redacted["text"] == f"from {EMAIL_TOKEN}"
    assert redacted["emails"] == [EMAIL_TOKEN]


def test_keys_hold_data_too(walk: Walk) -> None:
    redacted = walk.event({"seen": {EMAIL: 1}, "payment_methods": {"credit_card_4421486": {}}})
    assert redacted["seen"] == {EMAIL_TOKEN: 1}
    assert redacted["payment_methods"] == {TOKEN("PAYMENT_ID", "credit_card_4421486"): {}}


def test_keys_that_become_one_lose_no_value(walk: Walk) -> None:
    redacted = walk.event({"seen": {EMAIL: 1, EMAIL.upper(): 2, EMAIL.title(): 3}})
    assert redacted["seen"] == {EMAIL_TOKEN: 1, f"{EMAIL_TOKEN}~2": 2, f"{EMAIL_TOKEN}~3": 3}
    assert walk.event(redacted) == redacted


def test_keys_keep_their_order_where_one_of_them_is_replaced(walk: Walk) -> None:
    event = {"a": EMAIL, "b": {"c": 1}, EMAIL: [EMAIL], "d": None, "e": EMAIL, "f": 2}
    assert list(walk.event(event).items()) == [
        ("a", EMAIL_TOKEN),
        ("b", {"c": 1}),
        (EMAIL_TOKEN, [EMAIL_TOKEN]),
        ("d", None),
        ("e", EMAIL_TOKEN),
        ("f", 2),
    ]
    assert event["a"] == EMAIL, "the input is not changed"


def test_json_in_a_string_stays_json(walk: Walk) -> None:
    record = {
        "email": EMAIL,
        "items": [1, 2.5, None, True],
        "inner": json.dumps({"dob": "1990-04-05"}),
    }
    redacted = walk.event({"result": json.dumps(record, indent=2)})
    inner = json.loads(redacted["result"])
    assert inner["email"] == EMAIL_TOKEN
    assert inner["items"] == [1, 2.5, None, True]
    assert json.loads(inner["inner"]) == {"dob": TOKEN("DATE_OF_BIRTH", "1990-04-05")}


def test_json_without_findings_keeps_its_bytes(walk: Walk) -> None:
    text = '{ "seats" : [1, 2],\n "big": 123456789012345678901 }'
    assert walk.event({"result": text}) == {"result": text}


@pytest.mark.parametrize(
    "text",
    [
        'Result: {"first_name": "Zyx", "note": "ok"} (done)',
        '{"first_name": "Zyx", "note": "cut of',
        "{'first_name': 'Zyx', 'note': None}",
        '{"first_name": "Zyx"}\n{"first_name": "Zyx"}',
    ],
)
def test_records_inside_text_are_read_by_their_keys(walk: Walk, text: str) -> None:
    redacted = walk.event({"result": text})["result"]
    assert redacted == text.replace("Zyx", TOKEN("PERSON", "Zyx"))


def test_a_number_in_a_record_inside_text_becomes_a_quoted_token(walk: Walk) -> None:
    redacted = walk.event({"result": 'got {"phone": 4155550132, "n": 3} ok'})["result"]
    assert json.loads(redacted[4:-3]) == {"phone": TOKEN("PHONE_NUMBER", "4155550132"), "n": 3}


@pytest.mark.parametrize(
    ("key", "value", "entity"),
    [
        ("phone", 4155550132, "PHONE_NUMBER"),
        ("card_number", 4111111111111111, "CREDIT_CARD"),
        ("ssn", 536221234, "US_SSN"),
        ("password", 12345678, "SECRET"),
        ("reading", 4111111111111111, "CREDIT_CARD"),
    ],
)
def test_numbers_may_be_personal(walk: Walk, key: str, value: int, entity: str) -> None:
    redacted = walk.event({key: value})[key]
    assert str(redacted).startswith(f"<{entity}")


def test_the_input_stays_as_it_is_and_what_holds_nothing_is_shared(walk: Walk) -> None:
    event: dict[str, Any] = {
        "nothing": {"list": ["plain", {"n": 1}]},
        "something": ["plain", {"content": f"Write to {EMAIL}"}, EMAIL],
    }
    before = json.dumps(event)
    # the second time from memory
    for _ in range(2):
        redacted = walk.event(event)
        assert json.dumps(event) == before
        assert redacted["nothing"] is event["nothing"]
        assert redacted["something"][0] == "plain"
        assert EMAIL not in json.dumps(redacted)


def test_an_event_without_findings_is_a_dict_of_its_own(walk: Walk) -> None:
    event = {"tokens_in": 1}
    redacted = walk.event(event)
    assert redacted == event
    assert redacted is not event


@pytest.mark.parametrize(
    "event",
    [
        {"tokens_in": 12345, "max_tokens": 4096, "latency_ms": 12.75, "ok": True, "none": None},
        {"ts": 1716000000000, "ns": 1716000000123456789},
        {"id": "550e8400-e29b-41d4-a716-446655440000", "sha": "9f86d081884c7d659a2feaa0c55ad015"},
        {"email": None, "phone": "", "password": "required"},
        {"token": "Hello", "logprob": -0.25},
    ],
)
def test_what_is_not_personal_stays(walk: Walk, event: dict[str, Any]) -> None:
    assert walk.event(event) == event
    assert walk.counts == {}


def test_base64_is_no_disguise(walk: Walk) -> None:
    encoded = base64.b64encode(json.dumps({"email": EMAIL}).encode()).decode()
    assert encoded not in walk.event({"blob": f"data {encoded} end"})["blob"]


def test_base64_is_decoded_redacted_and_encoded_again() -> None:
    # where a policy keeps secrets, a run that looks like one is still read
    walk = make_walk("name: p\ndefault: {entities: {SECRET: keep, API_KEY: keep}}\n")
    encoded = base64.b64encode(json.dumps({"email": EMAIL}).encode()).decode()
    redacted = walk.event({"blob": f"data={encoded} end"})["blob"]
    inner = json.loads(base64.b64decode(redacted.removeprefix("data=").removesuffix(" end")))
    assert inner == {"email": EMAIL_TOKEN}
    assert walk.event({"blob": redacted}) == {"blob": redacted}
    assert walk.counts == {"EMAIL_ADDRESS": 1}


@pytest.mark.parametrize(
    "text",
    [
        "mail=ann.lee%40example.com&x=1",
        "mail ann.lee\\u0040example.com now",
        "mail ann.lee＠example.com now",
        "mail ann.\u200blee@example.com now",
        "mail \u0430nn.lee@example.com now",
        "mail ann.lee&#64;example.com now",
        "mail ann dot lee at example dot com now",
        "mail ann.lee [at] example (dot) com now",
    ],
)
def test_disguises_do_not_help(walk: Walk, text: str) -> None:
    assert EMAIL_TOKEN in walk.event({"content": text})["content"]


@pytest.mark.parametrize(
    "text",
    [
        "my phone number is four one five five five five oh one three two",
        "my phone number is four one five triple five zero one three two",
        "my phone number is 4 1 5 5 5 5 0 1 3 2",
        "my phone number is 415\u2011555\u20110132",
    ],
)
def test_numbers_that_are_spelled_join_with_the_written_ones(walk: Walk, text: str) -> None:
    assert TOKEN("PHONE_NUMBER", "415-555-0132") in walk.event({"content": text})["content"]


def test_a_person_that_a_key_speaks_of_is_found_by_the_form_of_the_name(walk: Walk) -> None:
    event = {"employee": "Qvist, Zoltan", "manager": "unknown", "user": "batch"}
    assert walk.event(event) == {**event, "employee": TOKEN("PERSON", "Qvist, Zoltan")}


def test_own_tokens_pass_and_are_counted(walk: Walk) -> None:
    event = {"content": f"for {EMAIL_TOKEN} and <PERSON>", "email": EMAIL_TOKEN}
    assert walk.event(event) == event
    assert walk.counts == {"EMAIL_ADDRESS": 2, "PERSON": 1}


def test_imitated_tokens_smuggle_nothing(walk: Walk) -> None:
    redacted = walk.event({"content": f"<PERSON:k1:{EMAIL}>"})["content"]
    assert EMAIL not in redacted
    assert EMAIL_TOKEN in redacted


def test_trusted_paths_are_exempt_while_they_look_like_ids() -> None:
    walk = make_walk(trusted=["event_id", "documents[].id"])
    event = {
        "event_id": "mia_li_3668",
        "documents": [{"id": "mia_li_3668", "text": "mia_li_3668"}],
        "other": {"event_id": "mia_li_3668"},
    }
    redacted = walk.event(event)
    token = TOKEN("ACCOUNT_ID", "mia_li_3668")
    assert redacted["event_id"] == "mia_li_3668"
    assert redacted["documents"] == [{"id": "mia_li_3668", "text": token}]
    assert redacted["other"] == {"event_id": token}
    assert walk.event({"event_id": EMAIL}) == {"event_id": EMAIL_TOKEN}


OPERATORS = """
name: operators
default:
  entities:
    EMAIL_ADDRESS: {operator: mask, keep_last: 4}
    PERSON: drop
    DATE_OF_BIRTH: {operator: replace, with: "[day]"}
    ZIP_CODE: keep
  hints: {badge: ACCOUNT_ID, email_note: none}
  allow: {values: [Support@example.com]}
"""


def test_operators_hints_and_allowed_values_of_a_policy() -> None:
    walk = make_walk(OPERATORS)
    redacted = walk.event(
        {
            "email": EMAIL,
            "first_name": "Zyx",
            "dob": "1990-04-05",
            "zip": "78750",
            "badge": "Q7",
            "text": "ask support@example.com",
        }
    )
    assert redacted == {
        "email": "*" * 15 + ".com",
        "first_name": "",
        "dob": "[day]",
        "zip": "78750",
        "badge": TOKEN("ACCOUNT_ID", "Q7"),
        "text": "ask support@example.com",
    }
    assert walk.event(redacted)["email"] == redacted["email"]


def test_a_text_beyond_the_limit_does_not_pass(walk: Walk) -> None:
    assert walk.event({"content": "x" * (MAX_TEXT + 1)}) == {"content": "<UNVERIFIED>"}
    assert walk.failures == ["text_too_long"]


def test_long_texts_are_searched_to_their_end(walk: Walk) -> None:
    filler = "and then we looked at the other one, " * 3_000
    text = filler + EMAIL + " " + filler + EMAIL
    redacted = walk.event({"content": text})["content"]
    assert redacted == text.replace(EMAIL, EMAIL_TOKEN)


def test_records_nested_in_strings_too_deep_do_not_pass(walk: Walk) -> None:
    text = json.dumps({"email": EMAIL})
    for _ in range(9):
        text = json.dumps({"x": text})
    assert EMAIL not in json.dumps(walk.event({"result": text}))
    assert "nested_too_deep" in walk.failures


def test_the_cache_is_bounded_and_changes_nothing() -> None:
    small, large = make_walk(cache_bytes=2_000), make_walk()
    for number in range(200):
        event = {"content": f"user{number % 20}@example.com wrote", f"key{number}": EMAIL}
        assert small.event(event) == large.event(event)
        assert small.cached_bytes <= 2_000


def test_what_keeps_coming_is_searched_once() -> None:
    searched: list[int] = []
    walk = make_walk(cache_bytes=20_000, check=lambda: searched.append(1))
    for number in range(500):
        walk.event({"content": "Where is it now?", "note": f"item {number} is here"})
    # the two keys, the text that comes again, and those that differ
    assert len(searched) == 2 + 1 + 500


def test_keys_are_bounded_when_texts_are_forgotten() -> None:
    walk = make_walk()
    walk.event({f"key{number}": 1 for number in range(10)})
    walk.age()
    assert walk._atlas.event.plans
    walk.event({f"key{number}": 1 for number in range(MAX_OLD_PLANS + 1)})
    walk.age()
    assert not walk._atlas.event.plans


def test_a_key_that_cannot_be_searched_fails_once(walk: Walk) -> None:
    redacted = walk.event({"k" * (MAX_TEXT + 1): "a", "content": "b"})
    assert redacted == {"<UNVERIFIED>": "a", "content": "b"}
    assert walk.failures == ["text_too_long"]
    assert walk.counts == {"UNVERIFIED": 1}


def test_a_sentence_that_was_read_before_keeps_its_own_tokens() -> None:
    walk = make_walk()
    for name in ("Ann Fitzwilliam", "Bea Fitzwilliam", "Cid Fitzwilliam"):
        assert (
            walk.text(f"My name is {name}, hello.") == f"My name is {TOKEN('PERSON', name)}, hello."
        )
        assert walk.counts == {"PERSON": 1}
    assert any(walk._texts._read.values())


def test_sentences_that_were_read_before_are_bounded() -> None:
    walk = make_walk()
    token = TOKEN("PERSON", "Ann Fitzwilliam")
    for number in range(300):
        said = f"{'so it is ' * 400}{number} {token}"
        assert walk.text(said) == said
        assert (
            sum(map(len, (text for read in walk._texts._read.values() for text in read)))
            <= MAX_READ
        )


def test_clearing_forgets_raw_values() -> None:
    walk = make_walk()
    walk.event({"content": f"to {EMAIL}", "seen": {EMAIL: 1}, "cut": f'{{"email": "{EMAIL}'})
    walk.event({"content": f"to {EMAIL_TOKEN}, please"})
    walk.age()
    walk.event({"content": f"from {EMAIL}"})
    walk.clear()
    leaves = walk._atlas._leaves.values()
    assert not any(leaf.cache or leaf.older for leaf in leaves)
    assert not any(walk._texts._replacer._pseudonyms._made.values())
    assert walk.cached_bytes == 0
    assert not any(position.plans for position in walk._atlas._positions.values())
    assert not walk._reader._keys
    assert not walk._texts._read

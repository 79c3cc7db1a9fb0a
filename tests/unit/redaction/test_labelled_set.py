"""The labelled set itself: exact spans, reproducible, valid check digits, and an honest score."""

from __future__ import annotations

import json
import re
from random import Random

import phonenumbers
import pytest

from pipeline.redaction.spans import ENTITIES
from tests.redaction_set import contact, identifiers, sets
from tests.redaction_set.labels import Item, Span, mark, parse_marked, parse_markup
from tests.redaction_set.scoring import score

ALL_SETS = [
    sets.structured,
    sets.core,
    sets.negatives,
    sets.handwritten,
    sets.desk,
    sets.field,
    sets.events,
    sets.disguised,
    sets.held_out_handwritten,
    sets.held_out_templates,
]


def luhn_valid(number: str) -> bool:
    """Check a card number the long way, apart from the generator's arithmetic."""
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(number[-2::-1])]
    return (sum(d // 10 + d % 10 for d in doubled) + int(number[-1])) % 10 == 0


def iban_valid(iban: str) -> bool:
    """Check an IBAN as ISO 13616 does: moved to the front, letters as numbers, mod 97 is 1."""
    compact = re.sub(r"\W", "", iban).upper()
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def test_markup_becomes_text_and_spans() -> None:
    item = parse_markup("Call [[PERSON:Ada Wong]] in [[?LOCATION:Leeds]].")
    assert item.text == "Call Ada Wong in Leeds."
    assert item.spans == (Span(5, 13, "PERSON"), Span(17, 22, "LOCATION", optional=True))
    assert item.values() == ["Ada Wong"]


def test_broken_markup_is_refused() -> None:
    with pytest.raises(ValueError, match="broken markup"):
        parse_markup("Call [[PERSON Ada]] now")


@pytest.mark.parametrize("ascii_only", [True, False])
def test_marks_survive_json_inside_json(ascii_only: bool) -> None:
    value = mark("PERSON", "Zoë")
    inner = json.dumps({"name": value}, ensure_ascii=ascii_only)
    item = parse_marked(json.dumps({"result": inner}, ensure_ascii=ascii_only))
    assert [item.text[span.start : span.end] for span in item.spans] == (
        ["Zo\\\\u00eb"] if ascii_only else ["Zoë"]
    )
    assert json.loads(json.loads(item.text)["result"]) == {"name": "Zoë"}


@pytest.mark.parametrize("build", ALL_SETS, ids=lambda build: build.__name__)
def test_spans_lie_in_the_text_in_order_and_bear_known_types(build: object) -> None:
    assert callable(build)
    items: tuple[Item, ...] = build()
    assert items
    for item in items:
        end = 0
        for span in item.spans:
            assert end <= span.start < span.end <= len(item.text)
            assert span.entity_type in ENTITIES
            assert item.text[span.start : span.end].strip() == item.text[span.start : span.end]
            end = span.end
        assert not re.search("[\ue000-\ue002]|\\{[a-z_]+\\}", item.text)


def test_the_same_seed_gives_the_same_set_and_another_seed_another() -> None:
    build = sets.core.__wrapped__
    assert build(count=200) == build(count=200)
    assert build(count=200, seed=1) != build(count=200, seed=2)


def test_negatives_require_nothing() -> None:
    assert all(not item.values() for item in sets.negatives())


def test_events_are_json_and_their_envelope_is_not_planted() -> None:
    for item in sets.events():
        event = json.loads(item.text)
        trusted = (event["event_id"], event["trace_id"], event["session_id"], event["span_id"])
        assert not set(trusted) & set(item.values())


def test_there_are_enough_handwritten_texts_and_they_differ() -> None:
    texts = [item.text for item in sets.handwritten()]
    assert len(texts) == len(set(texts)) >= 150


@pytest.mark.parametrize("build", ALL_SETS, ids=lambda build: build.__name__)
def test_cards_and_ibans_pass_their_check_digits(build: object) -> None:
    assert callable(build)
    for item in build():
        if "disguised" in item.tags:
            continue
        for span in item.spans:
            value = item.text[span.start : span.end]
            if span.entity_type == "CREDIT_CARD":
                assert luhn_valid(re.sub(r"\D", "", value)), value
            if span.entity_type == "IBAN_CODE":
                assert iban_valid(value), value


def test_nhs_numbers_pass_mod_11() -> None:
    rng = Random(5)
    for _ in range(200):
        number = [int(c) for c in identifiers.nhs(rng) if c.isdigit()]
        total = sum(d * w for d, w in zip(number[:9], range(10, 1, -1), strict=True))
        assert (11 - total % 11) % 11 == number[9]


def _parsed(number: str) -> phonenumbers.PhoneNumber:
    """Parse a number as written at home: with `00` or `011` for the plus sign."""
    dialled = re.sub(r"^(00|011 )", "+", number).replace("(0)", "")
    return phonenumbers.parse(dialled)


def test_international_numbers_are_possible_and_nearly_all_assigned() -> None:
    rng = Random(7)
    numbers = [_parsed(contact.phone_international(rng)) for _ in range(1000)]
    assert all(phonenumbers.is_possible_number(number) for number in numbers)
    assert sum(phonenumbers.is_valid_number(number) for number in numbers) > 900


ITEM = parse_markup("From [[PERSON:Ada Wong]], SSN [[US_SSN:123-45-6789]], [[?LOCATION:Leeds]]")


def test_a_perfect_answer_scores_one() -> None:
    result = score([ITEM], [[span for span in ITEM.spans if not span.optional]])
    total = result.total
    assert total.recall == total.precision == total.coverage == 1.0
    assert total.char_recall == total.char_precision == 1.0


def test_no_answer_has_no_recall_and_no_precision() -> None:
    total = score([ITEM], [[]]).total
    assert total.recall == total.char_recall == total.coverage == 0.0
    assert total.precision is None


def test_half_a_name_is_found_but_not_covered() -> None:
    total = score([ITEM], [[Span(5, 9, "PERSON"), Span(19, 30, "US_SSN")]]).total
    assert total.recall == 1.0
    assert total.coverage == 0.5
    assert total.char_recall == 15 / 19


def test_a_wrong_type_covers_but_is_not_found() -> None:
    result = score([ITEM], [[Span(19, 30, "PHONE_NUMBER")]])
    assert result.by_type["US_SSN"].coverage == 1.0
    assert result.by_type["US_SSN"].recall == 0.0
    assert result.by_type["PHONE_NUMBER"].precision == 0.0


def test_an_optional_span_neither_helps_nor_hurts() -> None:
    truth = [span for span in ITEM.spans if not span.optional]
    with_city = score([ITEM], [[*truth, Span(32, 37, "LOCATION")]]).total
    assert with_city == score([ITEM], [truth]).total


def test_marking_everything_has_full_recall_and_pays_in_precision() -> None:
    total = score([ITEM], [[Span(0, len(ITEM.text), "PERSON")]]).total
    assert total.char_recall == 1.0
    assert total.char_precision is not None
    assert total.char_precision < 0.65

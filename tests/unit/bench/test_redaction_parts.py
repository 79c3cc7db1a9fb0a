"""The benchmark's own parts: a fair baseline, hostile texts as promised, events that decode."""

from __future__ import annotations

import pytest

from tests.bench.parts import events
from tests.bench.parts.hostile import hostile_texts
from tests.bench.parts.presidio import Presidio
from tests.redaction_set import airline


@pytest.fixture(scope="module")
def presidio() -> Presidio:
    return Presidio()


def test_the_baseline_finds_what_presidio_finds_without_a_model(presidio: Presidio) -> None:
    found = presidio.detect("card 4111 1111 1111 1111, mail ada@example.org, from 10.1.2.3")
    types = {result.entity_type for result in found}
    assert {"CREDIT_CARD", "EMAIL_ADDRESS", "IP_ADDRESS"} <= types


def test_the_baseline_has_lemmas_so_that_context_raises_scores(presidio: Presidio) -> None:
    def score(text: str) -> float:
        scores = [r.score for r in presidio.detect(text) if r.entity_type == "US_PASSPORT"]
        return max(scores, default=0.0)

    assert score("my passport number is 731029845") > score("the crate number is 731029845")


def test_hostile_texts_have_their_length_and_differ_by_kind_and_salt() -> None:
    texts = hostile_texts(20_000, "one ")
    assert len(set(texts.values())) == len(texts) > 40
    assert all(0.4 * 20_000 < len(text) <= 20_000 for text in texts.values())
    assert not set(texts.values()) & set(hostile_texts(20_000, "two ").values())


@pytest.mark.parametrize("source", [events.labelled_messages, events.simulated_messages])
def test_benchmark_events_are_valid_and_reproducible(source: object) -> None:
    assert callable(source)
    messages = source(60, 3)
    assert len(events.decoded(messages)) == 60
    assert source(60, 3) == messages
    assert source(60, 4) != messages


def test_recorded_runs_decode_and_hold_their_users_values() -> None:
    if not airline.available():
        pytest.skip("../shared/data with the recorded airline runs is not there")
    assert len(events.decoded(events.airline_messages())) == len(events.airline_messages())
    items = list(airline.items())
    types = {span.entity_type for item in items for span in item.spans}
    assert {"PERSON", "EMAIL_ADDRESS", "DATE_OF_BIRTH", "PAYMENT_ID", "ACCOUNT_ID"} <= types

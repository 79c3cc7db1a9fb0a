"""Costs are those of the genai-prices library, for every model it knows."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import genai_prices
import pytest
from genai_prices.data import providers
from genai_prices.types import ModelPrice, Usage

from pipeline.events.prices import (
    _BEYOND_OUR_FIELDS,
    PRICE_TABLE_VERSION,
    add_cost,
    compute_cost,
)

TS = "2026-01-31T12:00:00.000000Z"
USAGES = [(1_000, 200, 0, 0), (150_000, 900, 120_000, 7_000), (300_000, 5_000, 250_000, 0)]


def call(**fields: Any) -> dict[str, Any]:
    return {"ts": TS, "provider": "openai", "model_requested": "gpt-4o", **fields}


@pytest.mark.parametrize("usage", USAGES)
def test_the_cost_is_the_library_s_for_every_model(usage: tuple[int, int, int, int]) -> None:
    tokens_in, tokens_out, cache_read, cache_write = usage
    names = ("tokens_in", "tokens_out", "tokens_cache_read", "tokens_cache_write")
    moment = datetime.fromisoformat(TS)
    compared = 0
    for provider in providers:
        for model in provider.models:
            found = provider.find_model(model.id, all_providers=providers)
            if found is None:
                continue
            price = found.get_prices(moment)
            cost = compute_cost(
                call(
                    provider=provider.id,
                    model_requested=model.id,
                    **dict(zip(names, usage, strict=True)),
                )
            )
            if cost is None:
                assert _not_by_token(price), model.id
                continue
            expected = price.calc_price(
                Usage(
                    input_tokens=tokens_in,
                    output_tokens=tokens_out,
                    cache_read_tokens=cache_read,
                    cache_write_tokens=cache_write,
                )
            )
            assert cost == pytest.approx(float(expected["total_price"]), abs=1e-9), model.id
            compared += 1
    assert compared > 1_500


def _not_by_token(price: ModelPrice) -> bool:
    beyond = any(getattr(price, part) is not None for part in _BEYOND_OUR_FIELDS)
    return beyond or (price.input_mtok is None and price.output_mtok is None)


def test_a_computed_cost_says_so_and_names_the_table() -> None:
    event = call(tokens_in=1_000, tokens_out=100, model_version="gpt-4o-2024-08-06")

    add_cost(event)

    price = genai_prices.calc_price(
        Usage(input_tokens=1_000, output_tokens=100),
        "gpt-4o-2024-08-06",
        provider_id="openai",
        genai_request_timestamp=datetime.fromisoformat(TS),
    )
    assert event["cost_usd"] == pytest.approx(float(price.total_price))
    assert (event["cost_source"], event["price_table_version"]) == ("computed", PRICE_TABLE_VERSION)


def test_a_reported_cost_stays() -> None:
    event = call(tokens_in=1_000, cost_usd=0.5, cost_source="unknown", price_table_version="x")

    add_cost(event)

    assert (event["cost_usd"], event["cost_source"]) == (0.5, "reported")
    assert "price_table_version" not in event


def test_a_cost_that_says_it_was_computed_is_believed() -> None:
    event = call(cost_usd=0.5, cost_source="computed", price_table_version="ours-7")

    add_cost(event)

    assert event == call(cost_usd=0.5, cost_source="computed", price_table_version="ours-7")


@pytest.mark.parametrize(
    "event",
    [
        call(),
        call(tokens_out=5),
        call(tokens_in=5, model_requested="in-house-7b"),
        call(tokens_in=5, provider="nobody", model_requested="in-house-7b"),
    ],
)
def test_what_is_not_known_is_unknown_and_not_nought(event: dict[str, Any]) -> None:
    add_cost(event)

    assert event["cost_source"] == "unknown"
    assert "cost_usd" not in event


def test_without_a_provider_the_model_s_name_finds_it() -> None:
    event = call(tokens_in=1_000)
    known = compute_cost(event)
    del event["provider"]

    assert compute_cost(event) == known
    assert known


@pytest.mark.parametrize(
    ("alias", "provider", "model"),
    [("azure.ai.openai", "azure", "gpt-4o"), ("x_ai", "x-ai", "grok-3"), ("xai", "x-ai", "grok-3")],
)
def test_provider_names_of_opentelemetry_are_understood(
    alias: str, provider: str, model: str
) -> None:
    costs = {
        compute_cost(call(tokens_in=1_000, provider=name, model_requested=model))
        for name in (alias, provider)
    }
    assert len(costs) == 1
    assert None not in costs


def test_an_emitter_that_counts_without_the_cache_is_not_an_error() -> None:
    inclusive = call(tokens_in=1_500, tokens_out=10, tokens_cache_read=1_400)
    exclusive = call(tokens_in=100, tokens_out=10, tokens_cache_read=1_400)

    assert compute_cost(exclusive) == compute_cost(inclusive)

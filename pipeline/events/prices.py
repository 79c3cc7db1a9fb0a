"""The cost of a model call, from the genai-prices table, where the producer did not report it.

The library computes one call in about 100 µs. A model's price is a handful of token rates, so
they are looked up once for each model and applied here; a test holds the two to the same cost for
every model of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

import genai_prices
from genai_prices.data_snapshot import find_provider_by_id, get_snapshot
from genai_prices.types import ModelInfo, ModelPrice, TieredPrices

PRICE_TABLE_VERSION = f"genai-prices-{genai_prices.__version__}"

_DECIMALS = 9
"""Of a US dollar: the scale at which costs are stored."""
_ALIASES = {
    "azure.ai.openai": "azure",
    "az.ai.openai": "azure",
    "azure.ai.inference": "azure",
    "x_ai": "x-ai",
    "gcp.gen_ai": "google",
}
"""Provider names of OpenTelemetry that the table does not know, or gives to another provider."""
_BEYOND_OUR_FIELDS = ("requests_kcount", "output_reasoning_mtok")
"""Price parts that would make a sum of our four token rates wrong; six models have one."""


def add_cost(event: dict[str, Any]) -> None:
    """Set `cost_source` on a normalised llm_call, and `cost_usd` where it was not reported.

    reported: the producer gave `cost_usd`. computed: from the table, at the event's own time;
    `price_table_version` says which table (a producer that computes may say so itself, and so
    does an event that comes by again). unknown: tokens or the model's price are not known. Never
    raises.
    """
    if "cost_usd" in event:
        if event.get("cost_source") != "computed":
            event["cost_source"] = "reported"
            event.pop("price_table_version", None)
        return
    event.pop("price_table_version", None)
    cost = compute_cost(event)
    if cost is None:
        event["cost_source"] = "unknown"
        return
    event["cost_usd"] = cost
    event["cost_source"] = "computed"
    event["price_table_version"] = PRICE_TABLE_VERSION


def compute_cost(event: dict[str, Any]) -> float | None:
    """Return what a normalised llm_call cost in US dollars, or None where that is not known.

    `tokens_in` includes the cached tokens. An emitter whose cached tokens exceed it counts without
    them (as Claude Code does); they are added.
    """
    tokens_in = event.get("tokens_in")
    if tokens_in is None:
        return None
    provider = event.get("provider")
    model = _find_model(provider, event.get("model_version")) or _find_model(
        provider, event["model_requested"]
    )
    rates = model and model.rates_at(event["ts"])
    if not rates:
        return None
    cache_read = event.get("tokens_cache_read", 0)
    cache_write = event.get("tokens_cache_write", 0)
    if cache_read + cache_write > tokens_in:
        tokens_in += cache_read + cache_write
    return rates.cost(tokens_in, event.get("tokens_out", 0), cache_read, cache_write)


@dataclass(frozen=True, slots=True)
class _Rate:
    """US dollars for one token; a tier's rate holds for all tokens of a call that reaches it."""

    base: float
    tiers: tuple[tuple[int, float], ...]
    """Ascending: (number of input tokens that must be exceeded, rate)."""

    def at(self, tokens_in: int) -> float:
        rate = self.base
        for start, tier_rate in self.tiers:
            if tokens_in > start:
                rate = tier_rate
        return rate


@dataclass(frozen=True, slots=True)
class _Rates:
    """What one model charges at one time; cached tokens without a rate count as plain input."""

    input: _Rate
    output: _Rate
    cache_read: _Rate | None
    cache_write: _Rate | None

    def cost(self, tokens_in: int, tokens_out: int, cache_read: int, cache_write: int) -> float:
        plain = tokens_in
        total = tokens_out * self.output.at(tokens_in)
        if cache_read and self.cache_read:
            plain -= cache_read
            total += cache_read * self.cache_read.at(tokens_in)
        if cache_write and self.cache_write:
            plain -= cache_write
            total += cache_write * self.cache_write.at(tokens_in)
        return round(total + plain * self.input.at(tokens_in), _DECIMALS)


class _PricedModel:
    """A model of the table with its rates, which may change by date or by time of day."""

    __slots__ = ("_info", "_rates")

    def __init__(self, info: ModelInfo) -> None:
        self._info = info
        prices = info.prices
        every = [prices] if isinstance(prices, ModelPrice) else [each.prices for each in prices]
        self._rates = {id(price): _rates(price) for price in every}

    def rates_at(self, ts: str) -> _Rates | None:
        prices = self._info.prices
        if not isinstance(prices, ModelPrice):
            prices = self._info.get_prices(datetime.fromisoformat(ts))
        return self._rates[id(prices)]


@lru_cache(maxsize=4096)
def _find_model(provider: str | None, model: str | None) -> _PricedModel | None:
    """Find a model by the provider that served it, or by its own name where that is not known.

    Not with `find_provider_model`: the library remembers every name it does not know, without
    bound, and names come from producers.
    """
    if model is None:
        return None
    snapshot = get_snapshot()
    name = model.lower()
    found = None
    if provider:
        provider = provider.lower()
        found = find_provider_by_id(snapshot.providers, _ALIASES.get(provider, provider))
    candidates = [found] if found else []
    candidates += [
        each
        for each in snapshot.providers
        if not found and each.model_match is not None and each.model_match.is_match(name)
    ]
    for candidate in candidates:
        info = candidate.find_model(name, all_providers=snapshot.providers)
        if info:
            return _PricedModel(info)
    return None


def _rates(price: ModelPrice) -> _Rates | None:
    tokens_in, tokens_out = _rate(price.input_mtok), _rate(price.output_mtok)
    if any(getattr(price, part) is not None for part in _BEYOND_OUR_FIELDS):
        return None
    if tokens_in is None and tokens_out is None:
        return None
    free = _Rate(0.0, ())
    return _Rates(
        input=tokens_in or free,
        output=tokens_out or free,
        cache_read=_rate(price.cache_read_mtok),
        cache_write=_rate(price.cache_write_mtok),
    )


def _rate(price: Decimal | TieredPrices | None) -> _Rate | None:
    """Turn a price for a million tokens into a rate for one."""
    if price is None:
        return None
    if isinstance(price, TieredPrices):
        tiers = tuple((tier.start, float(tier.price) / 1e6) for tier in price.tiers)
        return _Rate(float(price.base) / 1e6, tiers)
    return _Rate(float(price) / 1e6, ())

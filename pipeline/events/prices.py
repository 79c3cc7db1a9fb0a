"""The cost of a model call, from the genai-prices table, where the producer did not report it.

The library computes one call in about 100 µs. A model's price is a handful of token rates, so
they are looked up once for each model and applied here; a test holds the two to the same cost for
every model of the table.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple

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
    tokens_out = event.get("tokens_out", 0)
    cache_read, cache_write = event.get("tokens_cache_read", 0), event.get("tokens_cache_write", 0)
    if cache_read + cache_write > tokens_in:
        tokens_in += cache_read + cache_write
    provider = event.get("provider")
    model = _find_model(provider, event.get("model_version")) or _find_model(
        provider, event["model_requested"]
    )
    rates = model and model.rates_at(event["ts"], tokens_in)
    if not rates:
        return None
    cost: float = (
        (tokens_in - cache_read - cache_write) * rates.input
        + tokens_out * rates.output
        + cache_read * rates.cache_read
        + cache_write * rates.cache_write
    )
    return round(cost, _DECIMALS)


class _Rates(NamedTuple):
    """US dollars for one token of each kind, in calls of more than `above` input tokens."""

    above: int
    input: float
    output: float
    cache_read: float
    cache_write: float


class _PricedModel:
    """A model of the table with its rates, which may change by date or by time of day."""

    __slots__ = ("_info", "_tiers")

    def __init__(self, info: ModelInfo) -> None:
        self._info = info
        prices = info.prices
        every = [prices] if isinstance(prices, ModelPrice) else [each.prices for each in prices]
        self._tiers = {id(price): _tiers(price) for price in every}

    def rates_at(self, ts: str, tokens_in: int) -> _Rates | None:
        """Return the rates of a call at `ts`; a tier's rates hold for all tokens of a call."""
        prices = self._info.prices
        if not isinstance(prices, ModelPrice):
            prices = self._info.get_prices(datetime.fromisoformat(ts))
        for rates in self._tiers[id(prices)]:
            if tokens_in > rates.above:
                return rates
        return None


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


def _tiers(price: ModelPrice) -> tuple[_Rates, ...]:
    """Return the rates of each tier, the highest first; none if they would not be the price."""
    if any(getattr(price, part) is not None for part in _BEYOND_OUR_FIELDS):
        return ()
    if price.input_mtok is None and price.output_mtok is None:
        return ()
    parts = (price.input_mtok, price.output_mtok, price.cache_read_mtok, price.cache_write_mtok)
    starts = {tier.start for part in parts if isinstance(part, TieredPrices) for tier in part.tiers}
    return tuple(_rates(price, above) for above in sorted(starts | {-1}, reverse=True))


def _rates(price: ModelPrice, above: int) -> _Rates:
    plain = _rate(price.input_mtok, above) or 0.0
    cache_read = _rate(price.cache_read_mtok, above)
    cache_write = _rate(price.cache_write_mtok, above)
    return _Rates(
        above,
        input=plain,
        output=_rate(price.output_mtok, above) or 0.0,
        # without a price of their own, cached tokens are charged as input
        cache_read=plain if cache_read is None else cache_read,
        cache_write=plain if cache_write is None else cache_write,
    )


def _rate(price: Decimal | TieredPrices | None, above: int) -> float | None:
    """Turn a price for a million tokens into a rate for one, in the tier that begins `above`."""
    if price is None:
        return None
    if isinstance(price, TieredPrices):
        reached = [tier.price for tier in price.tiers if tier.start <= above]
        price = reached[-1] if reached else price.base
    return float(price) / 1e6

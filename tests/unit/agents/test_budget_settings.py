"""Budgets by workflow and by tier come from the settings."""

from __future__ import annotations

import pytest

from agents.aggregator import config_of
from pipeline.config import AggregationSettings, load_settings
from pipeline.tasks.budgets import Budget


def test_a_workflow_goes_before_its_tier_and_both_before_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SLUICE_AGGREGATION__BUDGET_TOKENS", "1000")
    monkeypatch.setenv(
        "SLUICE_AGGREGATION__BUDGETS_BY_WORKFLOW", '{"refund": {"elapsed_seconds": 2.5}}'
    )
    monkeypatch.setenv("SLUICE_AGGREGATION__BUDGETS_BY_TIER", '{"high": {"cost_usd": 0.5}}')
    policy = config_of(load_settings().aggregation).budgets
    assert policy.budget("refund", "high") == Budget(elapsed_ms=2500)
    assert policy.budget("booking", "high") == Budget(cost_usd=0.5)
    assert policy.budget("booking", "low") == Budget(tokens=1000)


def test_there_are_no_limits_unless_set() -> None:
    policy = config_of(AggregationSettings()).budgets
    assert not policy.budget("refund", "high").limits()

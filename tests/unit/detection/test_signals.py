"""Signals: counted once, for as long as they are kept."""

from __future__ import annotations

import pytest

from pipeline.detection.signals import Signal, SignalBuffer

LABELS = (("agent", "support"), ("workflow", "refund"))


def signal(number: int, time: float, value: float = 1.0) -> Signal:
    return Signal(time, f"agent.tasks:0:{number}", "budget_exceeded", LABELS, value, f"t{number}")


def test_a_span_is_half_open_and_in_any_order_of_arrival() -> None:
    buffer = SignalBuffer()
    for number, time in ((1, 30.0), (2, 10.0), (3, 20.0)):
        assert buffer.add(signal(number, time, value=time))
    stats = buffer.stats(dict(LABELS), "budget_exceeded", 10, 30)
    assert (stats.count, stats.total, stats.maximum) == (2, 30.0, 20.0)
    assert (stats.mean, stats.variance, stats.quantile(0.5)) == (15.0, 50.0, 20.0)
    assert buffer.examples(dict(LABELS), "budget_exceeded", 0, 100, 2) == ["t1", "t3"]


def test_delivered_twice_it_counts_once() -> None:
    buffer = SignalBuffer()
    assert buffer.add(signal(1, 10))
    assert not buffer.add(signal(1, 10))
    assert buffer.stats(dict(LABELS), "budget_exceeded", 0, 100).count == 1


def test_what_is_old_is_dropped() -> None:
    buffer = SignalBuffer(keep=100)
    buffer.add(signal(1, 10))
    buffer.add(signal(2, 200))
    buffer.expire(210)
    assert buffer.stats(dict(LABELS), "budget_exceeded", 0, 300).count == 1
    buffer.expire(900)
    assert buffer.labels(("workflow", "agent"), 0) == []


def test_labels_are_found_by_exactly_their_names() -> None:
    buffer = SignalBuffer()
    buffer.add(signal(1, 10))
    assert buffer.labels(("workflow", "agent"), 10) == [LABELS]
    assert buffer.labels(("workflow", "agent"), 11) == []
    assert buffer.labels(("agent",), 0) == []


def test_nothing_has_no_statistics() -> None:
    stats = SignalBuffer().stats({}, "lag_seconds", 0, 10)
    assert (stats.count, stats.mean, stats.variance, stats.quantile(0.9)) == (0, 0.0, 0.0, 0.0)
    assert stats.maximum == pytest.approx(0.0)

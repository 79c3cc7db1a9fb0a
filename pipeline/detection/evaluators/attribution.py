"""Which release, model or prompt version carries a change.

The change of a mean is split exactly over the parts of the window: a part with share wᵥ of the
tasks and mean mᵥ contributes wᵥ·(mᵥ − M₀), where M₀ is the mean before, and the contributions add
up to M₁ − M₀. A part carries the change when it contributes most of it and far more than its share
of the tasks before would explain: a model that has always served everything contributes everything
and still explains nothing, a new release that took over explains it all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pipeline.detection.finding import Finding, Look
from pipeline.detection.spans import Span, past_week
from pipeline.detection.view import Stats

MIN_CONTRIBUTION = 0.5
MIN_LIFT = 0.3
Carrier = dict[str, object]


def carriers_of_mean(
    look: Look, measure: str, keys: Sequence[str], now: Span, before: Span
) -> list[Carrier]:
    """Return the parts that carry the change of a measure's mean between two spans."""
    return _carriers(look, measure, keys, now, before, lambda stats: stats.mean)


def carriers_of_share(
    look: Look, measure: str, keys: Sequence[str], finding: Finding
) -> list[Carrier]:
    """Return the parts that carry the change of a failure share against the last seven days."""
    return _carriers(
        look,
        measure,
        keys,
        (finding.start, finding.end),
        past_week(look.now),
        lambda stats: stats.failures / stats.count if stats.count else 0.0,
    )


def _carriers(
    look: Look,
    measure: str,
    keys: Sequence[str],
    now: Span,
    before: Span,
    mean_of: Callable[[Stats], float],
) -> list[Carrier]:
    whole = look.view.stats(look.dimension, measure, *now)
    base = look.view.stats(look.dimension, measure, *before)
    base_mean = mean_of(base)
    change = mean_of(whole) - base_mean
    if not whole.count or change <= 0:
        return []
    found: list[tuple[float, Carrier]] = []
    for key in keys:
        for part in look.view.within(look.dimension, key, now[0]):
            stats = look.view.stats(part, measure, *now)
            if not stats.count:
                continue
            former = look.view.stats(part, measure, *before)
            share = stats.count / whole.count
            share_before = former.count / base.count if base.count else 0.0
            contribution = share * (mean_of(stats) - base_mean) / change
            lift = contribution - share_before
            if contribution >= MIN_CONTRIBUTION and lift >= MIN_LIFT:
                carrier: Carrier = {
                    "kind": key,
                    "value": part.labels[key],
                    "contribution": round(contribution, 4),
                    "share": round(share, 4),
                    "share_before": round(share_before, 4),
                    "mean": round(mean_of(stats), 6),
                }
                found.append((lift, carrier))
    found.sort(key=lambda item: (-item[0], str(item[1]["kind"]), str(item[1]["value"])))
    return [carrier for _, carrier in found]

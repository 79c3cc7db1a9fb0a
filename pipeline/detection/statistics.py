"""The statistics behind the rules: intervals that say how sure a number is.

Every function takes `z`, the standard normal quantile of the wanted confidence (1.96: 95 %,
3: 99.7 %, 5: one in 3.5 million). A detector looks thousands of times a day, so rules use a `z`
far above that of a single test: it is what keeps three weeks of noise from raising an alert.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    """An estimate with its lower and upper confidence limit."""

    estimate: float
    low: float
    high: float


def wilson_interval(hits: float, count: float, z: float) -> Interval:
    """Return the Wilson score interval of the proportion `hits` / `count`.

    Stays inside [0, 1] and holds its coverage for small counts and rare events, where the
    textbook interval does not. With nothing counted the interval is [0, 1].

    Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 22 (1927); recommended by Brown, Cai and DasGupta, Statistical Science 16 (2001).
    """
    if count <= 0:
        return Interval(0.0, 0.0, 1.0)
    share = hits / count
    z2 = z * z
    centre = share + z2 / (2 * count)
    spread = z * math.sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    scale = 1 + z2 / count
    return Interval(share, max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale))


def mean_ratio_interval(
    mean: float,
    variance: float,
    count: float,
    base_mean: float,
    base_variance: float,
    base_count: float,
    z: float,
) -> Interval:
    """Return the interval of `mean` / `base_mean` for two independent samples.

    Welch's unequal-variance standard error, carried to the logarithm of the ratio by the delta
    method: Var(log m) = s² / (n m²). Working on the logarithm keeps the interval positive and
    suits token counts and costs, which are skewed to the right.

    Both means must be positive and both counts at least 2, else the interval is [0, inf).

    Source: B. L. Welch, Biometrika 34 (1947); delta method as in Casella and Berger,
    "Statistical Inference", 5.5.4.
    """
    if mean <= 0 or base_mean <= 0 or count < 2 or base_count < 2:
        return Interval(math.nan, 0.0, math.inf)
    ratio = mean / base_mean
    error = math.sqrt(variance / (count * mean**2) + base_variance / (base_count * base_mean**2))
    return Interval(ratio, ratio * math.exp(-z * error), ratio * math.exp(z * error))


def quantile_ranks(q: float, count: float, z: float) -> tuple[float, float]:
    """Return the ranks (as shares) between which the true `q` quantile of the population lies.

    The number of samples below the true quantile is binomial with share `q`, whatever the
    distribution, so the order statistics at q ± z·sqrt(q(1 − q) / n) bracket it.

    Source: W. J. Conover, "Practical Nonparametric Statistics", 3.2 (large-sample form).
    """
    if count <= 0:
        return 0.0, 1.0
    spread = z * math.sqrt(q * (1 - q) / count)
    return max(0.0, q - spread), min(1.0, q + spread)


def second_highest(values: list[float]) -> float:
    """Return the highest value but one of three or more; the highest of fewer.

    Used on the same hours of former days: one odd day does not set the reference.
    """
    return sorted(values)[-2 if len(values) >= 3 else -1]

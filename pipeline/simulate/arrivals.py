"""When sessions begin: a Poisson process whose rate follows the day, the week and some noise.

Drawn by thinning (Lewis and Shedler 1979): candidates at the highest rate, each kept with the
ratio of the rate at its time to the highest.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from pipeline.simulate.config import FleetConfig
from pipeline.simulate.draw import generator

_DAY = 86_400.0
_WEEKEND_FACTOR = 0.55
_NOISE = 0.1
_HIGHEST = 3.1
"""No rate is above this multiple of the average."""


def arrivals(config: FleetConfig) -> Iterator[float]:
    """Yield the times at which sessions begin, in seconds since the epoch, ascending, endless."""
    draw = generator(config.seed, "arrivals")
    highest = config.sessions_per_minute / 60 * (_HIGHEST if config.rhythm else 1.0)
    at = config.start
    while True:
        at += draw.expovariate(highest)
        if not config.rhythm or draw.random() * _HIGHEST < intensity(at):
            yield at


def intensity(at: float) -> float:
    """Return the rate at `at` as a multiple of the average over a week."""
    hour = at % _DAY / 3600
    # highest at 13:00 UTC, lowest at 01:00; the exponent makes nights quiet and days broad
    day = math.exp(1.15 * math.cos((hour - 13) / 24 * math.tau)) / 1.358
    # the epoch began on a Thursday
    weekday = int(at // _DAY + 3) % 7
    week = 1.18 if weekday < 5 else _WEEKEND_FACTOR
    # slow waves of incommensurable length: noise that needs no state
    waves = math.sin(at / 4_139) + math.sin(at / 997)
    return day * week * (1 + _NOISE * waves / 2)

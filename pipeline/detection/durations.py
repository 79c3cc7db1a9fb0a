"""Durations as people write them in rule files: `30s`, `5m`, `1h30m`, `7d`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator

SECOND = 1.0
MINUTE = 60.0
HOUR = 3_600.0
DAY = 86_400.0
WEEK = 7 * DAY

_UNITS = {"s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": WEEK}
_PATTERN = re.compile(r"(?:\d+(?:\.\d+)?[smhdw])+")
_PART = re.compile(r"(\d+(?:\.\d+)?)([smhdw])")


def parse_duration(value: object) -> float:
    """Return the seconds of a duration such as `90s`, `1h30m`, `7d`, or of a plain number.

    Raises:
        ValueError: the text is not a duration, or it is negative.
    """
    if isinstance(value, bool):
        raise ValueError("expected a duration such as 30s, 5m or 1h30m")
    if isinstance(value, int | float):
        if value < 0:
            raise ValueError("a duration cannot be negative")
        return float(value)
    if isinstance(value, str) and _PATTERN.fullmatch(value):
        return sum(float(number) * _UNITS[unit] for number, unit in _PART.findall(value))
    raise ValueError("expected a duration such as 30s, 5m or 1h30m")


def format_duration(seconds: float) -> str:
    """Return the shortest duration text that means `seconds`: 5400 becomes `1h30m`."""
    parts: list[str] = []
    rest = seconds
    for unit in ("d", "h", "m"):
        whole = int(rest // _UNITS[unit])
        if whole:
            parts.append(f"{whole}{unit}")
            rest -= whole * _UNITS[unit]
    if rest or not parts:
        parts.append(f"{rest:g}s")
    return "".join(parts)


Seconds = Annotated[float, BeforeValidator(parse_duration)]
"""A field of a rule: written as a duration, held as seconds."""

"""Spans of event time, laid so that they can be read from rolled-up panes.

A span's end is the tick. Its start is moved back to a whole minute or hour where the span is long
enough for that not to matter: fine panes are kept for minutes only (`pipeline.windows.retention`),
and a week is read from days and hours, not from 60,480 panes of ten seconds.
"""

from __future__ import annotations

from pipeline.detection.durations import DAY, HOUR, MINUTE, WEEK

Span = tuple[float, float]


def floor_to(time: float, step: float) -> float:
    """Return the last multiple of `step` at or before `time`."""
    return time - time % step


def trailing(now: float, seconds: float) -> Span:
    """Return the span of the last `seconds`: to the minute beyond 5 min, to the hour beyond 1 h."""
    step = HOUR if seconds > HOUR else MINUTE if seconds > 5 * MINUTE else 1.0
    return floor_to(now - seconds, step), now


def past_week(now: float) -> Span:
    """Return the seven days before the running hour."""
    hour = floor_to(now, HOUR)
    return hour - WEEK, hour


def same_hours(now: float, days_before: int) -> Span:
    """Return three hours around the running one, some days before.

    Three and not one: more samples, and a rhythm that comes a little early or late does not look
    like a change.
    """
    hour = floor_to(now, HOUR) - days_before * DAY
    return hour - HOUR, hour + 2 * HOUR

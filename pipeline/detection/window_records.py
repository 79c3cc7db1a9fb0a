"""Which windows are published when, and under which key on agent.windows.

A record replaces the one before it of the same dimension and window. Short windows come every
minute; long ones change slowly and cost more to merge, so they come hourly, each dimension at a
minute of its own, that not all fall due at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from zlib import crc32

from pipeline.windows.dimension import Dimension, DimensionKind
from pipeline.windows.histories import Histories
from pipeline.windows.pane import Resolution
from pipeline.windows.stats import Window, WindowStats

MINUTE_MS = int(Resolution.MINUTE)
EVERY_MS = {
    Window.ONE_MINUTE: MINUTE_MS,
    Window.FIVE_MINUTES: MINUTE_MS,
    Window.ONE_HOUR: 5 * MINUTE_MS,
    Window.ONE_DAY: int(Resolution.HOUR),
    Window.SEVEN_DAYS: int(Resolution.HOUR),
}
_SPREAD = (Window.ONE_DAY, Window.SEVEN_DAYS)


def due_windows(histories: Histories, edge_ms: int) -> Iterator[WindowStats]:
    """Yield the windows that end at `edge_ms`, a whole minute; none without an event or a task.

    A dimension that had nothing since a window was last due is left out: what was published stands.
    """
    for kind in DimensionKind:
        for dimension in histories.dimensions(kind, edge_ms - max(EVERY_MS.values())):
            last_ms = histories.last_data_ms(dimension) or 0
            for window, every_ms in EVERY_MS.items():
                if edge_ms % every_ms != _offset_ms(dimension, window):
                    continue
                if last_ms <= edge_ms - every_ms:
                    continue
                stats = histories.window(dimension, window, edge_ms)
                if stats.counters:
                    yield stats


def window_of(stats: WindowStats) -> Window:
    """Return the named window that `stats` is: the only one that has its start and end."""
    return next(window for window in Window if window.start_ms(stats.end_ms) == stats.start_ms)


def key_of(stats: WindowStats) -> bytes:
    """Return the message key: the latest record of a dimension and window holds."""
    return f"{window_of(stats).label}:{stats.dimension.key}".encode()


def _offset_ms(dimension: Dimension, window: Window) -> int:
    if window not in _SPREAD:
        return 0
    return crc32(dimension.key.encode()) % 60 * MINUTE_MS

"""What is published of a source partition's panes: one partial for each of their dimensions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import orjson

from pipeline.windows.dimension import Dimension
from pipeline.windows.open_panes import OpenPane
from pipeline.windows.pane import Resolution
from pipeline.windows.partial import NOTHING_CLOSED, encode_partial

_PANE: Final = Resolution.TEN_SECONDS


def partials_of(
    panes: Iterable[OpenPane], partition: int, watermark_ms: int | None
) -> list[tuple[bytes, bytes]]:
    """Return key and value of the messages that say what `panes` have encoded."""
    told: dict[Dimension, list[OpenPane]] = {}
    for pane in panes:
        told.setdefault(pane.dimension, []).append(pane)
    closed_ms = NOTHING_CLOSED if watermark_ms is None else _PANE.floor(watermark_ms)
    partials: list[tuple[bytes, bytes]] = []
    for dimension, of_dimension in told.items():
        of_dimension.sort(key=lambda pane: pane.start_ms)
        fragments = [orjson.Fragment(pane.encoded) for pane in of_dimension]
        value = encode_partial(dimension, partition, closed_ms, fragments)
        partials.append((dimension.key.encode(), value))
    return partials

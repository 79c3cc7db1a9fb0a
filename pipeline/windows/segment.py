"""Neighbouring panes of one resolution in one value: small panes pack better together.

The slots are a balance: a slot is written anew whenever one of its panes changes.
"""

from __future__ import annotations

from typing import Any

from pipeline.errors import InputError
from pipeline.windows.history_pane import HistoryPane
from pipeline.windows.measure import Measure
from pipeline.windows.packing import Packer, Unpacker
from pipeline.windows.pane import Cell, Pane, Resolution
from pipeline.windows.partial import PartialPane

SLOT_MS: dict[Resolution, int] = {
    Resolution.TEN_SECONDS: 60_000,
    Resolution.MINUTE: 600_000,
    Resolution.HOUR: 6 * 3_600_000,
    Resolution.DAY: 86_400_000,
}

_STEP_MS = int(Resolution.TEN_SECONDS)

Segment = dict[int, HistoryPane]
"""Panes by their start."""


def pack_segment(segment: Segment) -> bytes:
    """Return the value to store."""
    packer = Packer()
    panes = [
        {
            **_pane_to_json(held.pane, packer),
            "fences": _fences(held),
            **({"open": _open_parts(held, packer)} if held.open else {}),
        }
        for _, held in sorted(segment.items())
    ]
    return packer.finish({"panes": panes})


def _fences(held: HistoryPane) -> list[int]:
    """Return partition and fence in turn; a fence as tens of seconds into the pane, for room."""
    start_ms = held.pane.start_ms
    return [
        number
        for partition, fence_ms in sorted(held.folded.items())
        for number in (partition, (fence_ms - start_ms) // _STEP_MS)
    ]


def _open_parts(held: HistoryPane, packer: Packer) -> list[Any]:
    return [
        [partition, part.version, _pane_to_json(part.pane, packer)]
        for partition, part in sorted(held.open.items())
    ]


def unpack_segment(data: bytes, resolution: Resolution) -> Segment:
    """Read what `pack_segment` wrote; raise `InputError` for anything else."""
    unpacker = Unpacker(data)
    try:
        panes = [_held(each, resolution, unpacker) for each in unpacker.value["panes"]]
    except (KeyError, OverflowError, TypeError, ValueError):
        raise InputError("stored history cannot be read") from None
    return {held.pane.start_ms: held for held in panes}


def _held(value: dict[str, Any], resolution: Resolution, unpacker: Unpacker) -> HistoryPane:
    pane = _pane_from_json(value, resolution, unpacker)
    return HistoryPane(
        pane,
        _folded(value),
        {
            partition: PartialPane(
                _pane_from_json(part, resolution, unpacker), (version[0], version[1])
            )
            for partition, version, part in value.get("open", ())
        },
    )


def _folded(value: dict[str, Any]) -> dict[int, int]:
    if "folded" in value:
        # as it was stored until November 2026: whole times
        return dict(value["folded"])
    start_ms, numbers = value["start"], value["fences"]
    return {
        partition: start_ms + steps * _STEP_MS
        for partition, steps in zip(numbers[::2], numbers[1::2], strict=True)
    }


def _pane_to_json(pane: Pane, packer: Packer) -> dict[str, Any]:
    return {
        "start": pane.start_ms,
        "counters": pane.counters,
        "measures": {
            # squares go beyond the 64 bits of JSON numbers
            measure.value: [cell.count, cell.total, str(cell.squares), packer.add(cell.digest)]
            for measure, cell in pane.cells.items()
        },
        **({"examples": pane.examples} if pane.examples else {}),
    }


def _pane_from_json(value: dict[str, Any], resolution: Resolution, unpacker: Unpacker) -> Pane:
    return Pane(
        value["start"],
        resolution,
        value["counters"],
        {
            Measure(name): Cell(count, total, int(squares), unpacker.take(about))
            for name, (count, total, squares, about) in value["measures"].items()
        },
        {
            name: [(badness, trace_id) for badness, trace_id in found]
            for name, found in value.get("examples", {}).items()
        },
    )

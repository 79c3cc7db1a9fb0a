"""A partial: panes of one dimension as one source partition knows them.

A partial replaces what its partition said before about the same panes; it is never added to it,
so that one that is published again after a crash changes nothing. `version` orders the states of
one pane in one partition: a lower one is out of date. A pane that ends at or before the partial's
watermark is final: its partition has closed it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from pipeline.errors import InputError
from pipeline.windows.codec import pane_from_json, pane_to_json
from pipeline.windows.dimension import Dimension
from pipeline.windows.pane import Pane

SCHEMA_VERSION: Final = 1

NOTHING_CLOSED: Final = -1

Version = tuple[int, int]
"""Last applied offset, and the event time of the last closing applied at it (see `partition`)."""


def is_newer(version: Version, than: Version) -> bool:
    """As `version > than`, for which compiled code would make objects of both."""
    return version[0] > than[0] or (version[0] == than[0] and version[1] > than[1])


@dataclass(frozen=True, slots=True)
class PartialPane:
    """One pane with its version."""

    pane: Pane
    version: Version


@dataclass(frozen=True, slots=True)
class Partial:
    """Some panes (ten seconds each, ascending) of one dimension in one source partition."""

    dimension: Dimension
    partition: int
    watermark_ms: int
    """Event time up to which the partition has closed its panes; or NOTHING_CLOSED."""
    panes: tuple[PartialPane, ...]
    data: bytes | None = field(default=None, compare=False, repr=False)
    """The message value that it was read from."""

    @property
    def key(self) -> bytes:
        """The message key: partials of one dimension meet in one partition of the topic."""
        return self.dimension.key.encode()

    def to_bytes(self) -> bytes:
        """Return the message value, see schemas/topics/window_partial.v1.json."""
        panes = [{**pane_to_json(part.pane), "version": part.version} for part in self.panes]
        return encode_partial(self.dimension, self.partition, self.watermark_ms, panes)

    @classmethod
    def from_bytes(cls, data: bytes) -> Partial:
        """Read a message value; raise `InputError` when it is not one."""
        try:
            value: Mapping[str, Any] = orjson.loads(data)
            if value["schema_version"] != SCHEMA_VERSION:
                raise InputError("partial of another schema version")
            return cls(
                dimension=Dimension.of(value["dimension"]["kind"], value["dimension"]["labels"]),
                partition=value["source_partition"],
                watermark_ms=value["watermark_ms"],
                panes=tuple(
                    PartialPane(
                        pane=pane_from_json(part),
                        version=(part["version"][0], part["version"][1]),
                    )
                    for part in value["panes"]
                ),
                data=data,
            )
        except (KeyError, TypeError, ValueError, IndexError, OverflowError):
            raise InputError("message is not a partial of version 1") from None


def encode_partial(
    dimension: Dimension, partition: int, watermark_ms: int, panes: Sequence[object]
) -> bytes:
    """Return a message value from panes as JSON objects, or as `orjson.Fragment`s of them."""
    return orjson.dumps(
        {
            "schema_version": SCHEMA_VERSION,
            "dimension": {"kind": dimension.kind, "labels": dimension.labels},
            "source_partition": partition,
            "watermark_ms": watermark_ms,
            "panes": panes,
        }
    )

"""A partial: the panes of one dimension as one source partition knows them.

A partial replaces what its partition said before about the same panes; it is never added to it,
so that one that is published again after a crash changes nothing. `version` orders the states of
one partition: a lower one is out of date. A pane that is `final` has been closed by its
partition's watermark and does not change any more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from pipeline.errors import InputError
from pipeline.windows.codec import pane_from_json, pane_to_json
from pipeline.windows.dimension import Dimension
from pipeline.windows.pane import Pane

SCHEMA_VERSION = 1

Version = tuple[int, int]
"""Last applied offset, and the event time of the last closing applied at it (see `partition`)."""


@dataclass(frozen=True, slots=True)
class PartialPane:
    """One pane with its version; `final` when its partition has closed it."""

    pane: Pane
    version: Version
    final: bool


@dataclass(frozen=True, slots=True)
class Partial:
    """Some panes (ten seconds each, ascending) of one dimension in one source partition."""

    dimension: Dimension
    partition: int
    watermark_ms: int
    """Event time up to which the partition has closed its panes."""
    panes: tuple[PartialPane, ...]

    @property
    def key(self) -> bytes:
        """The message key: partials of one dimension meet in one partition of the topic."""
        return self.dimension.key.encode()

    def to_bytes(self) -> bytes:
        """Return the message value, see schemas/topics/window_partial.v1.json."""
        return orjson.dumps(
            {
                "schema_version": SCHEMA_VERSION,
                "dimension": {"kind": self.dimension.kind, "labels": self.dimension.labels},
                "source_partition": self.partition,
                "watermark_ms": self.watermark_ms,
                "panes": [
                    {**pane_to_json(part.pane), "version": part.version, "final": part.final}
                    for part in self.panes
                ],
            }
        )

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
                        final=part["final"],
                    )
                    for part in value["panes"]
                ),
            )
        except (KeyError, TypeError, ValueError, IndexError):
            raise InputError("message is not a partial of version 1") from None

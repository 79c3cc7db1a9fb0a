"""Stands where redaction stands, and only serialises. Never outside a benchmark."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from pipeline.redaction.one_event import BLOCK, SOURCE, RedactedEvent

_BLOCK = {
    "version": "none",
    "policy": "none",
    "tier": "none",
    "key_id": "",
    "verified": True,
    "counts": {},
    "quarantined": 0,
}


class PassThrough:
    """As much of `EventRedactor` as its callers use."""

    policy_version = "none"

    def redact_batch(
        self, events: Sequence[dict[str, Any]], sources: Iterable[dict[str, Any]]
    ) -> list[RedactedEvent]:
        """Return each event as bytes, with a block that looks like a redactor's."""
        return [
            RedactedEvent(
                orjson.dumps({**event, SOURCE: source, BLOCK: _BLOCK}), event["session_id"], {}, []
            )
            for event, source in zip(events, sources, strict=True)
        ]

    def reload(self, *_: Any, **__: Any) -> None:
        """Do nothing: there is no policy."""

"""The dead letter record: why an input was refused and where it stands, without its content."""

from __future__ import annotations

from typing import Any, Literal

from pipeline.events.decode import Origin
from pipeline.events.normalize import utc_text
from pipeline.events.rejection import Rejected

DECODE_STAGE = "decode"


def dead_letter(
    origin: Origin, rejected: Rejected, *, ts: float, stage: str = DECODE_STAGE
) -> dict[str, Any]:
    """Return the dead letter of a refused input, by `schemas/topics/dead_letter.v1.json`.

    `ts` is when it was refused, in seconds since the epoch.
    """
    return failed_event(
        origin,
        index=rejected.index,
        stage=stage,
        reason=rejected.reason,
        detail=rejected.detail,
        size_bytes=rejected.size,
        ts=ts,
        event_type=rejected.event_type,
        event_id=rejected.event_id,
    )


def failed_event(
    origin: Origin,
    *,
    index: int,
    stage: str,
    reason: str,
    detail: str,
    size_bytes: int,
    ts: float,
    event_type: str | None = None,
    event_id: str | None = None,
    redacted_payload: dict[str, Any] | None = None,
    kind: Literal["event", "leaf"] = "event",
) -> dict[str, Any]:
    """Return the dead letter of an input that a later stage could not use.

    `kind` is leaf where one value was held back and the event itself went on. `reason` is a code
    of that stage, `detail` says more without content, `event_type` and `event_id` come from a
    decoded event. `redacted_payload` must have passed redaction and verification; it is left out
    by default.
    """
    record: dict[str, Any] = {
        "schema_version": 1,
        "dead_letter_id": dead_letter_id(origin, index),
        "kind": kind,
        "source": origin.source(index),
        "stage": stage,
        "reason": str(reason),
        "detail": detail,
        "size_bytes": size_bytes,
        "ts": utc_text(int(ts * 1000)),
    }
    if event_type is not None:
        record["event_type"] = event_type
    if event_id is not None:
        record["event_id"] = event_id
    if redacted_payload is not None:
        record["payload"] = redacted_payload
    return record


def dead_letter_id(origin: Origin, index: int) -> str:
    """Return `topic:partition:offset`, and `:index` for any but the first event of a message."""
    base = f"{origin.topic}:{origin.partition}:{origin.offset}"
    return f"{base}:{index}" if index else base

"""One event through the walk, to the bytes that the verifier reads."""

from __future__ import annotations

from typing import Any, Final

import orjson

from pipeline.redaction.deadline import Deadline
from pipeline.redaction.quarantine import Quarantine, marked
from pipeline.redaction.walk import Walk
from pipeline.redaction.walks import Walks

BLOCK: Final = "redaction"
"""The field of a clean event that says what was done to it."""
SOURCE: Final = "source"
_MARK: Final = "UNVERIFIED"


class RedactedEvent:
    """One clean event: the bytes for the next hop and what was done to it."""

    def __init__(
        self, payload: bytes, key: str, counts: dict[str, int], quarantined: list[Quarantine]
    ) -> None:
        self.payload = payload
        self.key = key
        """The event's session_id, empty where it has none."""
        self.counts = counts
        """How many values of each entity the event holds, as tokens or labels."""
        self.quarantined = quarantined
        """What became `<UNVERIFIED>` now."""


class Failed:
    """An event that could not be made clean; `reason` holds none of it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


def redacted(
    event: dict[str, Any],
    source: dict[str, Any] | None,
    walks: Walks,
    deadline: Deadline,
    block: dict[str, Any],
) -> RedactedEvent | Failed:
    """Return the event as bytes, with a `BLOCK` of what `block` says and what was found.

    `source` says where it came from; it is ours and not walked. The bytes are not verified yet.
    Never raises.
    """
    try:
        if BLOCK in event:
            # a block that came with the event says nothing: it is not ours
            event = {key: value for key, value in event.items() if key != BLOCK}
        return _redacted(event, source, walks.of(event), deadline, block)
    except Exception as error:  # noqa: BLE001 - fail closed, whatever it was
        deadline.stop()
        return Failed(f"redaction_error:{type(error).__name__}")


def _redacted(
    event: dict[str, Any],
    source: dict[str, Any] | None,
    walk: Walk,
    deadline: Deadline,
    block: dict[str, Any],
) -> RedactedEvent:
    deadline.start()
    body = walk.event(event)
    deadline.stop()
    records: list[Quarantine] = []
    if walk.failures:
        records = [
            Quarantine(path, "", reason)
            for path, reason in zip(marked(body), walk.failures, strict=False)
        ]
    counts = walk.counts
    unverified = counts.pop(_MARK, 0)
    if source is not None:
        body[SOURCE] = source
    body[BLOCK] = {**block, "counts": counts, "quarantined": unverified}
    return RedactedEvent(orjson.dumps(body), key_of(body), counts, records)


def key_of(body: dict[str, Any]) -> str:
    """Return the event's session_id, empty where it has none."""
    session = body.get("session_id")
    return session if isinstance(session, str) else ""


def payloads(results: list[RedactedEvent | Failed]) -> tuple[list[int], list[bytes]]:
    """Return the bytes of those that could be redacted, and their places in `results`."""
    places: list[int] = []
    found: list[bytes] = []
    for place, result in enumerate(results):
        if isinstance(result, RedactedEvent):
            places.append(place)
            found.append(result.payload)
    return places, found


def found_in(results: list[RedactedEvent | Failed]) -> dict[str, int]:
    """Return how many values of each entity type the events have together."""
    found: dict[str, int] = {}
    for result in results:
        if isinstance(result, RedactedEvent):
            for entity_type, count in result.counts.items():
                found[entity_type] = found.get(entity_type, 0) + count
    return found

"""Bring a valid event to its one stored form."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from pipeline.events.contract import EventContract
from pipeline.events.forms import DOCUMENT_TIMES

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UTC = ("Z", "+00:00")
MOVED_PREFIX = "event."


def normalize(event: dict[str, Any], contract: EventContract) -> dict[str, Any]:
    """Change `event`, which its schema has already found valid, to its stored form; return it.

    - `ts` and the times of documents become UTC text, `2026-01-31T12:00:00.000000Z`.
    - Optional fields that are null are left out; `parent_span_id` is always there, null for a root.
    - Integers written as `12.0` become `12`.
    - A field the event type does not know moves to `attributes` under its own name; if that name
      is taken there, under `event.<name>` (with more `event.` in front until it is free), so that
      neither value is lost.

    Raises `ValueError` where a time cannot be expressed in UTC (year 1 or 9999 with a zone).
    """
    known = contract.known
    nulls: list[str] = []
    # few values are floats: to ask each integer's field for its type is dearer than all else here
    floats: list[str] = []
    for name, value in event.items():
        if name not in known:
            _move_unknown_fields(event, known)
            nulls = _nulls(event)
            floats = list(contract.integers)
            break
        if value is None:
            nulls.append(name)
        elif type(value) is float:
            floats.append(name)
    for name in nulls:
        if name != "parent_span_id":
            del event[name]
    event.setdefault("parent_span_id", None)
    event["ts"] = utc_text(event["ts"])
    for name in floats:
        if name in contract.integers and type(event.get(name)) is float:
            event[name] = int(event[name])
    for document in event.get("documents", ()):
        for name in _nulls(document):
            del document[name]
        for name in DOCUMENT_TIMES:
            if name in document:
                document[name] = utc_text(document[name])
    return event


def utc_text(ts: str | float) -> str:
    """Return a time as `YYYY-MM-DDTHH:MM:SS.ffffffZ` in UTC.

    `ts` is RFC 3339 with a zone (digits beyond microseconds are cut off) or epoch milliseconds.
    """
    if isinstance(ts, str):
        moment = datetime.fromisoformat(ts if ts[10] == "T" else ts.upper())
        if ts.endswith(_UTC) and ts[10] == "T":
            # UTC already: most producers write it so, with milli- or microseconds
            local = ts[:-1] if ts[-1] == "Z" else ts[:-6]
            if len(local) == 23:
                return local + "000Z"
            return local + "Z" if len(local) == 26 else f"{local[:19]}.{local[20:]:0<6.6}Z"
    else:
        # not fromtimestamp: it goes through a float of seconds and loses milliseconds
        moment = _EPOCH + timedelta(milliseconds=int(ts))
    try:
        moment = moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the time has no UTC equivalent") from error
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def _nulls(members: dict[str, Any]) -> list[str]:
    # not `None in members.values()`: that asks each value whether it equals None
    return [name for name, value in members.items() if value is None]


def _move_unknown_fields(event: dict[str, Any], known: frozenset[str]) -> None:
    attributes = event["attributes"] = dict(event.get("attributes") or {})
    for name in [name for name in event if name not in known]:
        free = name
        while free in attributes:
            free = MOVED_PREFIX + free
        attributes[free] = event.pop(name)

"""Logical tool calls: a call and its retries count once, and succeed if any attempt did.

An outcome is told as soon as it is known, as changes to counts at points of event time: the first
failed attempt counts a failure at its time; an attempt that succeeds afterwards counts a success
at its own time and takes the failure back there. What is told in all depends only on the attempts
and their times, not on the order in which they arrive.
"""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import blake2b
from typing import Final

import orjson

from pipeline.tasks.event import ARGUMENTS, CALL_ID, TOOL_NAME, Event

Call = list[int | None]
"""Event times, in ms, of the first failed attempt and of the first that succeeded."""

Change = tuple[int, int, int]
"""Event time in ms, change to the number of successes, change to the number of failures."""

KEPT_CALLS: Final = 256
"""Calls a task remembers for their retries; bounds the state of a long task."""


def call_key(event: Event) -> str:
    """Return what the attempts of one call share: its id, else a hash of tool and arguments."""
    call_id = event[CALL_ID]
    if call_id:
        return f"id:{call_id}"
    arguments = orjson.dumps(event[ARGUMENTS], option=orjson.OPT_SORT_KEYS)
    digest = blake2b(arguments, digest_size=12, person=b"sluice-call").hexdigest()
    return f"{event[TOOL_NAME]}:{digest}"


def record_attempt(calls: dict[str, Call], key: str, time_ms: int, *, ok: bool) -> list[Change]:
    """Add one attempt to `calls` and return what it changes."""
    call = calls.get(key)
    if call is None:
        calls[key] = [None, time_ms] if ok else [time_ms, None]
        if len(calls) > KEPT_CALLS:
            del calls[next(iter(calls))]
        return [(time_ms, 1, 0) if ok else (time_ms, 0, 1)]
    before = list(_effects(call))
    first = 1 if ok else 0
    known = call[first]
    if known is None or time_ms < known:
        call[first] = time_ms
    after = list(_effects(call))
    if after == before:
        return []
    return after + [(at, -successes, -failures) for at, successes, failures in before]


def _effects(call: Call) -> Iterator[Change]:
    failed_ms, succeeded_ms = call
    if failed_ms is not None and (succeeded_ms is None or failed_ms < succeeded_ms):
        yield failed_ms, 0, 1
        if succeeded_ms is not None:
            yield succeeded_ms, 1, -1
    elif succeeded_ms is not None:
        yield succeeded_ms, 1, 0

"""Agent events as bytes, from the sources at hand, and what a redactor does with them."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson

from pipeline.config import LimitSettings
from pipeline.events.decode import DecodedEvent, Origin, decode_message
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate
from tests.redaction_set import agent_events, airline

_ORIGIN = Origin("agent.events.raw", 0, 0)
_LIMITS = LimitSettings()
_NOW = 1_793_000_000.0


def labelled_messages(count: int, seed: int) -> list[bytes]:
    """Return generated events, each with values of its own: nothing repeats but key names."""
    rng = Random(f"messages-{seed}")
    return [agent_events.agent_event(rng, number).text.encode() for number in range(count)]


def simulated_messages(count: int, seed: int) -> list[bytes]:
    """Return the events of a simulated fleet, conversations and repeated histories included."""
    fleet = FleetConfig(start=_NOW - 86_400, seed=seed, max_events=count)
    return [event.value for event in simulate(fleet)]


def airline_messages() -> list[bytes]:
    """Return the events of the recorded airline runs in order; empty where there are none."""
    if not airline.available():
        return []
    return [orjson.dumps(event) for events in airline.run_events() for event in events]


def decoded(messages: list[bytes]) -> list[dict[str, Any]]:
    """Return the decoded events; raise if one of them was refused."""
    events = []
    for message in messages:
        for item in decode_message(message, origin=_ORIGIN, limits=_LIMITS, now=_NOW):
            if not isinstance(item, DecodedEvent):
                raise TypeError(f"the event was refused: {item.reason}")
            events.append(item.event)
    return events

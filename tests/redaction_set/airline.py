"""Real agent runs with known users, where the data is at hand: events and every value to find.

The recordings and the users behind them lie outside the project (../shared/data); none of it is
copied here. Truth is whatever the events say of the people in them: the users' stored values and
the passengers in tool arguments and results, wherever they occur.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.events.chat_runs import RunOptions, events_of_run
from tests.redaction_set.labels import Item, Span

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
RUNS, USERS = DATA / "airline_trajectories.jsonl.gz", DATA / "airline_users.json.gz"
_START = 1_740_000_000.0
_PERSON_KEYS = {"first_name": "PERSON", "last_name": "PERSON", "dob": "DATE_OF_BIRTH"}


def available() -> bool:
    """Whether the recordings are there."""
    return RUNS.is_file() and USERS.is_file()


@cache
def run_events() -> tuple[tuple[dict[str, Any], ...], ...]:
    """Return the native events of each recorded run."""
    with gzip.open(RUNS, "rb") as file:
        return tuple(
            tuple(events_of_run(line, position, RunOptions(start=_START)))
            for position, line in enumerate(file)
        )


def items() -> Iterator[Item]:
    """Yield each event as JSON text with its truth."""
    with gzip.open(USERS, "rb") as file:
        users: dict[str, Any] = json.load(file)
    for events in run_events():
        texts = [json.dumps(event, ensure_ascii=False) for event in events]
        values: dict[str, tuple[str, bool]] = {}
        whole = "\n".join(texts)
        for user_id, user in users.items():
            if user_id in whole:
                values[user_id] = ("ACCOUNT_ID", False)
                values.update(_values_of(user))
        for event in events:
            values.update(_passengers(event))
        longest_first = sorted(values, key=len, reverse=True) or ["\0"]
        either = "|".join(re.escape(value) for value in longest_first)
        pattern = re.compile(f"(?<![A-Za-z0-9])(?:{either})(?![A-Za-z0-9])")
        for text in texts:
            yield Item(text, tuple(_spans(text, pattern, values)), ("airline",))


def _values_of(user: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    address = user["address"]
    found: dict[str, tuple[str, bool]] = {
        user["email"]: ("EMAIL_ADDRESS", False),
        user["dob"]: ("DATE_OF_BIRTH", False),
        address["address1"]: ("STREET_ADDRESS", False),
        address["address2"]: ("STREET_ADDRESS", False),
        address["zip"]: ("ZIP_CODE", False),
        # a city alone names nobody, and flights go to the same ones
        address["city"]: ("LOCATION", True),
        address["state"]: ("LOCATION", True),
    }
    found.update(dict.fromkeys(user["payment_methods"], ("PAYMENT_ID", False)))
    for person in (user["name"], *user["saved_passengers"]):
        found.update(_person(person))
    return found


def _person(person: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    return {
        person[key]: (entity_type, False)
        for key, entity_type in _PERSON_KEYS.items()
        if isinstance(person.get(key), str) and len(person[key]) > 1
    }


def _passengers(node: Any) -> dict[str, tuple[str, bool]]:
    """Return the values of people in a record, also in records written as JSON in a string."""
    if isinstance(node, str):
        try:
            node = json.loads(node) if node.startswith(("{", "[")) else None
        except json.JSONDecodeError:
            return {}
    found: dict[str, tuple[str, bool]] = {}
    if isinstance(node, dict):
        found.update(_person(node))
    if isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            found.update(_passengers(child))
    return found


def _spans(text: str, pattern: re.Pattern[str], values: dict[str, tuple[str, bool]]) -> list[Span]:
    return [Span(*match.span(), *values[match[0]]) for match in pattern.finditer(text)]

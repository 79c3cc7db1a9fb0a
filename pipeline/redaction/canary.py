"""Canaries: known values sent through every field in every disguise, to be looked for afterwards.

Made anew for each run from a seed, so that a find belongs to that run and to nobody. Pure: sending
and searching are the command's.
"""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import orjson

from pipeline.redaction.spans import (
    ACCOUNT_ID,
    API_KEY,
    CREDIT_CARD,
    DATE_OF_BIRTH,
    EMAIL_ADDRESS,
    IBAN_CODE,
    PAYMENT_ID,
    PERSON,
    PHONE_NUMBER,
    SECRET,
    STREET_ADDRESS,
    US_SSN,
)

SESSION_PREFIX: Final = "canary-"
_CONSONANTS: Final = "bcdfghjklmnprstvw"
_FIRST: Final = ("Amelia", "Benjamin", "Charlotte", "Dominic", "Eleanor", "Frederick", "Gabriela")
_LAST: Final = ("Thornbury", "Whitcombe", "Hawthorne", "Pemberton", "Castellano", "Lindqvist")
_BASE62: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Message(NamedTuple):
    """One message for an input topic; `events` is how many rows it gives, 0 for a dead letter."""

    key: str
    value: bytes
    events: int
    path: str
    """How it gets in: `single`, `array`, `ndjson` or `broken`."""


def make_values(seed: int) -> dict[str, str]:
    """Return one value for each entity; the same for the same seed."""
    draw = random.Random(seed)  # noqa: S311 - test values, not secrets
    first, second = draw.sample(_FIRST, 2)
    last, other = draw.sample(_LAST, 2)
    tag = "".join(draw.choices(_CONSONANTS, k=8))
    return {
        PERSON: f"{first} {second} {last} {other}",
        EMAIL_ADDRESS: f"{first.lower()}.{tag}@example.net",
        PHONE_NUMBER: f"+44 20 7946 {draw.randrange(10_000):04}",
        CREDIT_CARD: _card(draw),
        IBAN_CODE: _iban(draw),
        US_SSN: f"{draw.randrange(100, 600)}-{draw.randrange(10, 99)}-{draw.randrange(1000, 9999)}",
        DATE_OF_BIRTH: f"19{draw.randrange(40, 99)}-{draw.randrange(1, 13):02}-"
        f"{draw.randrange(1, 29):02}",
        STREET_ADDRESS: f"{draw.randrange(1000, 9999)} {last} Street",
        ACCOUNT_ID: f"{first.lower()}_{last.lower()}_{draw.randrange(1000, 9999)}",
        PAYMENT_ID: f"credit_card_{draw.randrange(10**6, 10**7)}",
        API_KEY: "sk-proj-" + "".join(draw.choices(_BASE62, k=38)) + "7",
        SECRET: "".join(draw.choices(_BASE62, k=18)),
    }


def _card(draw: random.Random) -> str:
    digits = [4, *(draw.randrange(10) for _ in range(14))]
    doubled = [(2 * d - 9 if d > 4 else 2 * d) if i % 2 == 0 else d for i, d in enumerate(digits)]
    number = "".join(map(str, [*digits, -sum(doubled) % 10]))
    return " ".join(number[i : i + 4] for i in range(0, 16, 4))


def _iban(draw: random.Random) -> str:
    account = f"{draw.randrange(10**17, 10**18)}"
    check = 98 - int(account + "131400") % 97  # DE = 13, 14
    return f"DE{check:02}{account}"


# ---- ways to hide a value --------------------------------------------------------------------

_LABELS: Final[Mapping[str, str]] = {
    PERSON: "my name is",
    EMAIL_ADDRESS: "write to",
    PHONE_NUMBER: "my phone number is",
    CREDIT_CARD: "my card number is",
    IBAN_CODE: "IBAN",
    US_SSN: "my SSN is",
    DATE_OF_BIRTH: "my date of birth is",
    STREET_ADDRESS: "I live at",
    ACCOUNT_ID: "my user ID is",
    PAYMENT_ID: "payment method",
    API_KEY: "api key:",
    SECRET: "password:",
}
_KEYS: Final[Mapping[str, str]] = {
    PERSON: "full_name",
    EMAIL_ADDRESS: "email",
    PHONE_NUMBER: "phone",
    CREDIT_CARD: "card_number",
    IBAN_CODE: "iban",
    US_SSN: "ssn",
    DATE_OF_BIRTH: "dob",
    STREET_ADDRESS: "address1",
    ACCOUNT_ID: "user_id",
    PAYMENT_ID: "payment_id",
    API_KEY: "api_key",
    SECRET: "password",
}
# what is told by its form alone, also as the key of an object
_BY_FORM: Final = (EMAIL_ADDRESS, CREDIT_CARD, IBAN_CODE, ACCOUNT_ID, PAYMENT_ID, API_KEY)

Values = Mapping[str, str]


def _sentences(values: Values) -> str:
    return ". ".join(f"Hello, {_LABELS[entity]} {value}" for entity, value in values.items())


def _record(values: Values) -> dict[str, Any]:
    return {_KEYS[entity]: value for entity, value in values.items()}


def _keys(values: Values) -> dict[str, Any]:
    return {"seen": {values[entity]: {"n": 1} for entity in _BY_FORM}}


def _full_width(values: Values) -> str:
    text = _sentences({entity: values[entity] for entity in _BY_FORM[:3]})
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


WAYS: Final[Mapping[str, Callable[[Values], Any]]] = {
    "text": _sentences,
    "record": _record,
    "keys": _keys,
    "json": lambda values: json.dumps({"result": [_record(values)]}),
    "json in json": lambda values: json.dumps({"raw": json.dumps({"data": _record(values)})}),
    "json in text": lambda values: f"Result: {json.dumps(_record(values))} (ok)",
    "cut json": lambda values: json.dumps({"user": _record(values), "z": "x" * 9})[:-8],
    "python": lambda values: repr(_record(values)),
    "base64": lambda values: base64.b64encode(json.dumps(_record(values)).encode()).decode(),
    "url": lambda values: "q=" + quote(_sentences(values)),
    "escapes": lambda values: _sentences(values).replace("@", "\\u0040").replace("-", "\\u002d"),
    "full width": _full_width,
    "zero width": lambda values: _sentences(
        {entity: f"{values[entity][:3]}\u200b{values[entity][3:]}" for entity in _BY_FORM[:3]}
    ),
    "numbers": lambda values: {"card_number": int(values[CREDIT_CARD].replace(" ", ""))},
}
_TEXT_WAYS: Final = tuple(
    way for way, make in WAYS.items() if isinstance(make(make_values(0)), str)
)


# ---- messages --------------------------------------------------------------------------------


def plant(
    values: Values,
    *,
    run: str,
    ts: str,
    examples: Mapping[str, Mapping[str, Any]],
    fields: Mapping[str, Sequence[str]],
) -> Iterator[Message]:
    """Yield messages that carry `values` through every field that redaction reads.

    `examples` holds one valid event of each type; `fields` the names of its fields that are not
    trusted. All events have the trace `canary-<run>`; `ts` is their time.
    """
    session = SESSION_PREFIX + run
    events = [
        {
            **examples[event_type],
            "session_id": session,
            "trace_id": session,
            "event_id": f"{session}-{event_type}-{name}-{way.replace(' ', '-')}",
            "ts": ts,
            name: content,
        }
        for event_type, names in fields.items()
        for name in (*names, "unknown_field")
        for way in WAYS
        for content in [_content(name, way, values)]
        if content is not None
    ]
    third = len(events) // 3
    for event in events[:third]:
        yield Message(session, orjson.dumps(event), 1, "single")
    for batch in _batches(events[third : 2 * third]):
        yield Message(session, orjson.dumps(batch), len(batch), "array")
    for batch in _batches(events[2 * third :]):
        yield Message(session, b"\n".join(map(orjson.dumps, batch)), len(batch), "ndjson")
    # an id that is no id: it is redacted like text, and the row keeps its trace
    odd = {**events[0], "event_id": f"{session}-odd", "session_id": values[EMAIL_ADDRESS]}
    yield Message("", orjson.dumps(odd), 1, "single")
    for value in _broken(values, events[0]):
        yield Message(session, value, 0, "broken")


def _batches(events: Sequence[Any], size: int = 20) -> Iterator[Sequence[Any]]:
    for begin in range(0, len(events), size):
        yield events[begin : begin + size]


def _content(name: str, way: str, values: Values) -> Any:
    """Return what stands in field `name`, or None where that way does not fit the field."""
    content = WAYS[way](values)
    text = content if isinstance(content, str) else json.dumps(content)
    if name == "user_id":
        return values[ACCOUNT_ID] if way == "text" else None
    if name == "messages":
        return [
            {"role": "user", "content": text},
            {"role": "tool", "tool_call_id": "call_1", "name": "lookup", "content": text},
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "lookup", "arguments": text},
                    }
                ],
            },
        ]
    if name == "documents":
        return [{"id": "kb/canary", "title": text, "content": text, "metadata": {"x": content}}]
    if name == "attributes":
        return {"note": text, "nested": {"list": [content]}}
    if name in _ANY_VALUE:
        return content
    return text if way in _TEXT_WAYS else None


_ANY_VALUE: Final = frozenset({"arguments", "result", "input", "output", "unknown_field"})


def _broken(values: Values, event: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield messages that are refused: what they hold must not be in their dead letters."""
    text = _sentences(values)
    yield f"not JSON at all: {text}".encode()
    yield b"\xff\xfe" + text.encode()
    yield orjson.dumps({**event, "event_type": text[:80]})
    yield orjson.dumps({**event, "ts": text})
    yield orjson.dumps({**event, "event_id": {values[EMAIL_ADDRESS]: text}})
    yield orjson.dumps({values[EMAIL_ADDRESS]: text})
    yield orjson.dumps(text)
    yield b'{"content":' + orjson.dumps(text) + b',"x":NaN}'
    yield b'{"a":' * 300 + orjson.dumps(text) + b"}" * 300
    yield orjson.dumps({**event, "attributes": {"note": text * 4_000}})


# ---- search ----------------------------------------------------------------------------------


def spellings(values: Values) -> dict[str, str]:
    """Return what to look for: each value in its spellings, with its entity.

    Case is left to the search. Base64 is looked for by the part that does not depend on where in
    the encoded text the value began.
    """
    found: dict[str, str] = {}
    for entity, value in values.items():
        compact = value.replace(" ", "").replace("-", "")
        forms = {value, compact, quote(value), *_base64_cores(value)}
        if entity == PERSON:
            forms.discard(compact)
        if entity == DATE_OF_BIRTH:
            # a birth date alone is any day of that century; it counts by key or with a name
            continue
        found |= {form: entity for form in forms if len(form) >= 8}
    return found


def _base64_cores(value: str) -> set[str]:
    raw = value.encode()
    cores = set()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode()
        begin = 0 if shift == 0 else 4
        core = encoded[begin : (shift + len(raw)) // 3 * 4]
        if len(core) >= 12:
            cores.add(core)
    return cores

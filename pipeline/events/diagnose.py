"""Find out what is wrong with an input that was refused. Off the hot path, linear in the input.

Details name fields of the schemas, positions and limits; never a value or a key of the input.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

from jsonschema_rs import ValidationErrorKind

from pipeline.events import split
from pipeline.events.contract import EventContract, event_contracts
from pipeline.events.rejection import Reason

_ID = re.compile(r"[A-Za-z0-9_.:-]{1,128}")
_BY_KEYWORD = {
    "required": Reason.MISSING_FIELD,
    "type": Reason.WRONG_TYPE,
    "minimum": Reason.OUT_OF_RANGE,
    "maximum": Reason.OUT_OF_RANGE,
    "maxItems": Reason.OUT_OF_RANGE,
    "minLength": Reason.OUT_OF_RANGE,
    "maxLength": Reason.OUT_OF_RANGE,
}


def why_not_json(raw: bytes, max_depth: int) -> tuple[Reason, str]:
    """Return why orjson does not read `raw`, of which the size is within limits."""
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        return Reason.BAD_UTF8, f"at byte {error.start}"
    if split.nests_deeper(raw, max_depth):
        return Reason.TOO_DEEP, f"an event has at most {max_depth} levels of nesting"
    not_a_number = False

    def note(literal: str) -> float:
        nonlocal not_a_number
        number = float(literal)
        not_a_number = not_a_number or not math.isfinite(number)
        return number

    # The standard library reads NaN, Infinity and lone surrogates, which are not JSON: if it
    # reads this, it was one of them. Integers go through float too: int() refuses 4,300 digits.
    try:
        json.loads(text, parse_constant=note, parse_float=note, parse_int=note)
    except json.JSONDecodeError as error:
        return Reason.NOT_JSON, f"at character {error.pos}"
    if not_a_number:
        return Reason.NOT_A_NUMBER, "a number is NaN, infinite or beyond 64 bits"
    return Reason.LONE_SURROGATE, "an escape is half of a surrogate pair"


def why_invalid(event: dict[str, Any], contract: EventContract) -> tuple[Reason, str]:
    """Return the first thing that the schema finds wrong with `event`, by field name."""
    error = next(contract.validator.iter_errors(event))
    path = ".".join(str(part) for part in error.instance_path)
    kind = error.kind
    if isinstance(kind, ValidationErrorKind.Required):
        return Reason.MISSING_FIELD, f"{path}.{kind.property}" if path else kind.property
    reason = _BY_KEYWORD.get(kind.name, Reason.BAD_FORMAT)
    return reason, f"{path}: does not fit the schema's {kind.name}"


def safe_hints(event: Any) -> tuple[str | None, str | None]:
    """Return the event's type if it is a known one, and its id if it has the form of an id."""
    if not isinstance(event, dict):
        return None, None
    event_type, event_id = event.get("event_type"), event.get("event_id")
    known = isinstance(event_type, str) and event_type in event_contracts()
    is_id = isinstance(event_id, str) and _ID.fullmatch(event_id) is not None
    return event_type if known else None, event_id if is_id else None

"""Why an input was refused: the codes a dead letter may carry, and the refusal itself."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Reason(StrEnum):
    """Why decoding refused an input. The codes are part of the dead letter contract."""

    EMPTY = "empty"
    """No value (a tombstone), only blanks, or an array without elements."""
    BAD_UTF8 = "bad_utf8"
    """The bytes are not UTF-8."""
    NOT_JSON = "not_json"
    """The text is not JSON (RFC 8259)."""
    NOT_A_NUMBER = "not_a_number"
    """NaN, Infinity, or a number beyond the range of a 64-bit float."""
    LONE_SURROGATE = "lone_surrogate"
    r"""A `\ud800`–`\udfff` escape without its partner: not a character."""
    DUPLICATE_KEY = "duplicate_key"
    """An object, at any level, names a key twice: two readers could see two events."""
    NOT_AN_OBJECT = "not_an_object"
    """JSON, but an event is an object."""
    TOO_LARGE = "too_large"
    """One event above `limits.max_event_bytes`."""
    TOO_DEEP = "too_deep"
    """More levels of nesting than `limits.max_depth`."""
    TOO_MANY_EVENTS = "too_many_events"
    """One message with more events than `limits.max_events_per_message`; all are refused."""
    UNSUPPORTED_VERSION = "unsupported_version"
    """`schema_version` is not 1."""
    UNKNOWN_TYPE = "unknown_type"
    """`event_type` is none of the eight."""
    MISSING_FIELD = "missing_field"
    """A required field is absent."""
    WRONG_TYPE = "wrong_type"
    """A field holds another JSON type than its schema allows."""
    BAD_FORMAT = "bad_format"
    """A field's text does not have the form or is not one of the values its schema allows."""
    OUT_OF_RANGE = "out_of_range"
    """A number is below the minimum or above the maximum of its schema."""
    TIME_OUT_OF_RANGE = "time_out_of_range"
    """`ts` lies before `limits.min_year` or too far in the future."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """One refused input. Nothing in it is content: names come from the schema, never the input."""

    reason: Reason
    detail: str
    """In words; names schema fields, positions and limits only."""
    index: int
    """Position of the event within its message, from 0."""
    size: int
    """Bytes of the refused input."""
    event_type: str | None = None
    """Where it is one of the known types."""
    event_id: str | None = None
    """Where it has the form of an id."""

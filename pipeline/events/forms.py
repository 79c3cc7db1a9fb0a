"""Event schemas as forms, which settle most events without validator and `normalize`.

A form knows no more of JSON Schema than what our schemas say of most fields. A field that asks for
anything else has no kinds: where an event has such a field, the validator is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from pipeline.events.form import Form

if TYPE_CHECKING:
    from pipeline.events.form import Field

Schema = Mapping[str, Any]
Resolve = Callable[[dict[str, Any]], dict[str, Any]]
"""Follows a reference."""

# as in form.c
NULL, BOOLEAN, INTEGER, FLOAT, TEXT, LIST, OBJECT, TIME, CURRENCY = (1 << bit for bit in range(9))
_KINDS: Final = {
    "null": NULL,
    "boolean": BOOLEAN,
    "integer": INTEGER,
    "number": INTEGER | FLOAT,
    "string": TEXT,
    "array": LIST,
    "object": OBJECT,
}
_UNKNOWN: Final = 0

_SAYS_NOTHING: Final = {"description", "title", "x-sluice-trusted"}
_PLAIN: Final = {"type", "minimum", "maximum", "minLength", "maxLength", "maxItems", "items"}
_TIME: Final = {
    "format": "date-time",
    "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-5][0-9](\\.[0-9]{1,9})?"
    "([Zz]|[+-][0-9]{2}:[0-9]{2})$",
}
_CURRENCY: Final = "^[A-Z]{3}$"
DOCUMENT_TIMES: Final = ("retrieved_at", "source_updated_at")
"""The times of a document, which are brought to UTC as an event's `ts` is."""
_MOST: Final = (1 << 63) - 1
_NUMBERS: Final = 1 << 53
"""Up to here floats and integers are the same numbers."""


def form_of(
    fields: Mapping[str, Schema],
    required: Collection[str],
    resolve: Resolve,
    times: Collection[str] = ("ts",),
) -> Form:
    """Return the form of an event with these top-level fields; `times` are brought to UTC."""
    return Form(
        tuple(
            _field(name, schema, name in required, resolve, is_stored_time=name in times)
            for name, schema in fields.items()
        )
    )


def _field(
    name: str, schema: Schema, required: bool, resolve: Resolve, *, is_stored_time: bool
) -> Field:
    rules = {rule: value for rule, value in schema.items() if rule not in _SAYS_NOTHING}
    types = rules.get("type", list(_KINDS))
    kinds = 0
    for each in [types] if isinstance(types, str) else types:
        kinds |= _KINDS[each]
    choices, items = None, None
    if "enum" in rules:
        choices, kinds = _choices(rules.pop("enum"), kinds)
    if "const" in rules:
        # an integer can be told by its bounds
        value = rules.pop("const")
        if kinds != INTEGER or type(value) is not int or not rules.keys() <= {"type"}:
            kinds = _UNKNOWN
        rules |= {"minimum": value, "maximum": value}
    if rules.get("pattern") == _CURRENCY and kinds & ~NULL == TEXT and choices is None:
        kinds |= CURRENCY
        del rules["pattern"]
    elif "pattern" in rules or "format" in rules:
        is_time = {rule: rules.pop(rule, None) for rule in _TIME} == _TIME
        # a time that is not brought to UTC may be written in ways that a form does not know
        known = is_time and is_stored_time and kinds & ~NULL == TEXT | INTEGER
        kinds = TIME | (kinds & NULL) if known else _UNKNOWN
    if "items" in rules:
        items = _items(name, rules.pop("items"), resolve)
        kinds = kinds if items else _UNKNOWN
    low, high = rules.get("minimum", -_MOST), rules.get("maximum", _MOST)
    bounds = [bound for rule, bound in rules.items() if rule in ("minimum", "maximum")]
    if not rules.keys() <= _PLAIN or not all(_is_bound(bound) for bound in bounds):
        return (name, _UNKNOWN, required, 0, 0, 0, 0, 0, None, None)
    return (
        name,
        kinds,
        required,
        rules.get("minLength", 0),
        rules.get("maxLength", _MOST),
        rules.get("maxItems", _MOST),
        low,
        high,
        choices,
        items,
    )


def _choices(values: list[Any], kinds: int) -> tuple[frozenset[str] | None, int]:
    texts = frozenset(value for value in values if isinstance(value, str))
    as_typed = kinds == (TEXT | NULL if None in values else TEXT)
    if not as_typed or len(texts) + (None in values) != len(values):
        return None, _UNKNOWN
    return texts, kinds


def _items(name: str, schema: dict[str, Any], resolve: Resolve) -> Form | None:
    """Return the form of a list's items; None where it would not say all that the schema says."""
    rules = {rule: value for rule, value in schema.items() if rule not in _SAYS_NOTHING}
    fields = rules.pop("properties", {})
    required = rules.pop("required", ())
    # documents lose their nulls when they are stored, as `Form` expects it of items with fields
    if rules != {"type": "object"} or (fields and name != "documents"):
        return None
    if not {*required} <= fields.keys():
        return None
    known = {key: resolve(field) for key, field in fields.items()}
    return form_of(known, required, resolve, times=DOCUMENT_TIMES)


def _is_bound(bound: Any) -> bool:
    return type(bound) is int and -_NUMBERS <= bound <= _NUMBERS

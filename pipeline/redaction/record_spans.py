"""Findings in the records that a text holds, as spans of that text.

The counterpart of the walk for text that is not JSON as a whole, and for those who want places
rather than values. The same positions, hints and searches are used.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from pipeline.redaction.contexts import Atlas, LeafContext, Position
from pipeline.redaction.hints import LONG_NUMBER, Kind, describes_person, plausible, promises_number
from pipeline.redaction.plain import Plain
from pipeline.redaction.spans import Span
from pipeline.redaction.structure import Leaf, Record, decoded, holds_record, records

KEY_NAME: Final = "KeyName"

_LONG_NUMBER_DIGITS: Final = len(str(LONG_NUMBER))
_MAX_KEYS: Final = 20_000

Find = Callable[[str, LeafContext], list[Span]]


class _Key(NamedTuple):
    leaf: LeafContext
    below: Position
    spans: list[Span]


class RecordReader:
    """Finds in records inside texts; remembers what was worked out for a key."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._keys: dict[tuple[int, str], _Key] = {}

    def clear(self) -> None:
        """Forget every key seen."""
        self._keys.clear()

    def spans(self, text: str, leaf: LeafContext, find: Find) -> list[Span]:
        """Return what `find` finds in the keys and values of the records in `text`."""
        if not holds_record(text):
            return []
        found: list[Span] = []
        for record in records(text):
            self._record(record, leaf, leaf.below, _Target(text, find, found))
        return found

    def _record(self, record: Record, leaf: LeafContext, at: Position, target: _Target) -> None:
        if not record.is_object:
            for _, value in record.entries:
                self._value(value, leaf, at, target)
            return
        keys = [decoded(target.text, key)[0] if key else "" for key, _ in record.entries]
        if at.kind is Kind.NEUTRAL and "name" in keys and describes_person(keys):
            at = self._atlas.of_person(at)
        for name, (place, value) in zip(keys, record.entries, strict=True):
            key = self._keys.get((id(at), name)) or self._key(name, at, target.find)
            if place is not None and key.spans:
                target.add(place, key.spans)
            self._value(value, key.leaf, key.below, target)

    def _key(self, name: str, at: Position, find: Find) -> _Key:
        if len(self._keys) >= _MAX_KEYS:
            self._keys.clear()
        leaf, below, _ = self._atlas.place(at, name)
        key = self._keys[id(at), name] = _Key(leaf, below, find(name, at.key_leaf))
        return key

    def _value(
        self, value: Leaf | Record, leaf: LeafContext, at: Position, target: _Target
    ) -> None:
        if isinstance(value, Record):
            self._record(value, leaf, at, target)
            return
        if value.quoted:
            target.add(value, target.find(decoded(target.text, value)[0], leaf))
            return
        text = target.text[value.start : value.end]
        if promises_number(leaf.hint):
            if text[-1].isdigit() and plausible(leaf.hint, text):
                entity = leaf.hint.entity or ""
                target.add(value, [Span(0, len(text), entity, 1.0, KEY_NAME)])
        elif len(text) >= _LONG_NUMBER_DIGITS and text.removeprefix("-").isdigit():
            target.add(value, target.find(text, leaf))


class _Target(NamedTuple):
    """The text that is read, how its values are searched, and where findings go."""

    text: str
    find: Find
    found: list[Span]

    def add(self, place: Leaf, spans: list[Span]) -> None:
        """Add spans of the value at `place` as spans of the text."""
        if not spans:
            return
        value, starts = decoded(self.text, place)
        for span in spans:
            if starts is None:
                start, end = span.start + place.start, span.end + place.start
            else:
                start, end = Plain(value, starts).original(span.start, span.end)
            self.found.append(span._replace(start=start, end=end))

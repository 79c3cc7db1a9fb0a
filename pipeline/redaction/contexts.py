"""Where the walk is: what the keys above a value say about it, worked out once for each key.

Positions and leaf contexts are few and shared; each holds the memo or the cache of what was seen
there. They hold raw personal data, so they live in memory only, are bounded in bytes and are
thrown away with the key that made their pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from pipeline.redaction import key_names
from pipeline.redaction.detectors import CODE, DATA, PROSE
from pipeline.redaction.hints import (
    NO_HINT,
    Hint,
    HintTable,
    Kind,
    promises_number,
    snake_case,
)

Counts = tuple[tuple[str, int], ...]
Edited = tuple[str, Counts]
"""A result: the redacted text and the counts by entity."""

Known = tuple[str | None, Counts]
"""A cached result: the redacted text, None where it stays as it is, and the counts by entity."""

TrustedTree = Mapping[str, "TrustedTree | None"]
"""Trusted paths as nested mappings; None marks a trusted value."""


class LeafContext:
    """What is known about a value before it is read, and the results for values seen there."""

    __slots__ = ("below", "cache", "hint", "is_key", "older", "register")

    def __init__(self, hint: Hint, register: str, below: Position, *, is_key: bool) -> None:
        self.hint = hint
        self.register = register
        self.below = below
        """Where a record inside the text would stand."""
        self.is_key = is_key
        self.cache: dict[str, Known] = {}
        self.older: dict[str, Known] = {}
        """What was `cache` before the last `Atlas.age`."""


class KeyPlan:
    """What to do at one key: its name in the output, its leaf, and the position below it."""

    __slots__ = ("below", "counts", "leaf", "name", "numeric", "renamed", "trusted")

    def __init__(
        self,
        *,
        name: str,
        renamed: bool,
        counts: tuple[tuple[str, int], ...],
        leaf: LeafContext,
        below: Position,
        trusted: bool,
    ) -> None:
        self.name = name
        self.renamed = renamed
        """Whether the key held something: `name` is then another, and `counts` says what."""
        self.counts = counts
        self.leaf = leaf
        self.below = below
        self.trusted = trusted
        self.numeric = promises_number(leaf.hint)


class Position:
    """An object's place in an event, as far as it matters to what its keys mean."""

    __slots__ = ("ids", "key_leaf", "kind", "parent", "plans", "register", "trusted")

    def __init__(self, kind: Kind, register: str, parent: str, trusted: TrustedTree | None) -> None:
        self.kind = kind
        self.register = register
        self.parent = parent
        self.trusted = trusted
        self.plans: dict[str, KeyPlan] = {}
        self.ids: set[str] = set()
        """Those of `plans` whose values pass where they have the form of an id."""
        self.key_leaf: LeafContext


class Atlas:
    """All positions and leaf contexts of one scope."""

    def __init__(self, own_hints: Mapping[str, str], trusted: Iterable[str] = ()) -> None:
        self._table = HintTable(own_hints)
        # a parent's name is part of a position only where a policy's hint asks for it
        self._parents = {snake_case(path.partition(".")[0]) for path in own_hints if "." in path}
        self._positions: dict[tuple[Kind, str, str, int], Position] = {}
        self._leaves: dict[tuple[Hint, str, int, bool], LeafContext] = {}
        self._trusted = trusted_tree(trusted)
        self.event = self._position(Kind.NEUTRAL, DATA, "", self._trusted)
        """The top of an event."""
        self.text = self._leaf(NO_HINT, PROSE, self._position(Kind.NEUTRAL, DATA, "", None))
        """A text that comes without any keys."""

    def clear(self) -> None:
        """Forget every key and value seen."""
        self.forget_keys()
        for leaf in self._leaves.values():
            leaf.cache.clear()
            leaf.older.clear()

    def forget_keys(self) -> None:
        """Forget every key seen."""
        for position in self._positions.values():
            position.plans.clear()
            position.ids.clear()

    def age(self) -> None:
        """Forget the values that were not seen since the last time."""
        for leaf in self._leaves.values():
            leaf.older = leaf.cache
            leaf.cache = {}

    def of_person(self, position: Position) -> Position:
        """The same place in an object that describes a person."""
        return self._position(Kind.PERSON, position.register, position.parent, position.trusted)

    def place(self, position: Position, key: str) -> tuple[LeafContext, Position, bool]:
        """Return the leaf context and the position below `key`, and whether it is trusted."""
        name = snake_case(key)
        hint = self._table.hint(position.kind, position.parent, name)
        tree = position.trusted
        below_tree = tree.get(key) if tree is not None else None
        below = self._position(
            self._table.kind_below(position.kind, name),
            DATA,
            name if name in self._parents else "",
            below_tree,
        )
        trusted = tree is not None and key in tree and below_tree is None
        return self._leaf(hint, _register(name), below), below, trusted

    def _position(
        self, kind: Kind, register: str, parent: str, trusted: TrustedTree | None
    ) -> Position:
        ident = (kind, register, parent, id(trusted))
        position = self._positions.get(ident)
        if position is None:
            position = self._positions[ident] = Position(kind, register, parent, trusted)
            entity = key_names.KEY_ENTITY_IN[kind.value]
            hint = Hint(entity, whole=entity is not None)
            position.key_leaf = self._leaf(hint, DATA, position, is_key=True)
        return position

    def _leaf(
        self, hint: Hint, register: str, below: Position, *, is_key: bool = False
    ) -> LeafContext:
        ident = (hint, register, id(below), is_key)
        leaf = self._leaves.get(ident)
        if leaf is None:
            leaf = self._leaves[ident] = LeafContext(hint, register, below, is_key=is_key)
        return leaf


def trusted_tree(paths: Iterable[str]) -> TrustedTree:
    """Turn `documents[].id` and `event_id` into nested mappings; a list is no level."""
    root: dict[str, TrustedTree | None] = {}
    for path in paths:
        *parents, last = path.replace("[]", "").split(".")
        node = root
        for name in parents:
            child = node.get(name)
            if not isinstance(child, dict):
                child = {}
                node[name] = child
            node = child
        node.setdefault(last, None)
    return root


_REGISTER_OF_KEY: Final = dict.fromkeys(key_names.PROSE_KEYS, PROSE) | dict.fromkeys(
    key_names.CODE_KEYS, CODE
)


def _register(name: str) -> str:
    return _REGISTER_OF_KEY.get(name) or _REGISTER_OF_KEY.get(name.rpartition("_")[2], DATA)

"""The walk over an event: every key, every string, the numbers that a key name points at.

One pass over the decoded event. What was worked out for a key or a text is remembered where it
stood (see `contexts`), because agents repeat themselves: a conversation's history is in every
model call. What cannot be searched becomes `<UNVERIFIED>`: nothing passes because it failed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

import orjson

from pipeline.redaction.contexts import (
    Atlas,
    Counts,
    Edited,
    KeyPlan,
    Known,
    LeafContext,
    Position,
)
from pipeline.redaction.deadline import DetectionError
from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.hints import LONG_NUMBER, Kind, describes_person, plausible
from pipeline.redaction.id_form import beyond_ids, is_plain_id
from pipeline.redaction.operators import Replacer
from pipeline.redaction.policy import Policy
from pipeline.redaction.pseudonyms import UNVERIFIED, Keyring, Pseudonymizer
from pipeline.redaction.record_spans import RecordReader
from pipeline.redaction.text import TextRedactor, may_be_json

MAX_TEXT: Final = 1_000_000
"""Characters; a longer text is not searched and becomes `<UNVERIFIED>`."""
MAX_CACHED_TEXT: Final = 65_536
MAX_NESTED_RECORDS: Final = 8
"""Records in strings in records: deeper than this a text becomes `<UNVERIFIED>`."""
MAX_PLANS: Final = 50_000
MAX_OLD_PLANS: Final = 1_000
"""More keys than this are not kept when values are forgotten: most of them are ids."""
MAX_SHARED: Final = 1_000
_CACHE_ENTRY_BYTES: Final = 250

_TOO_LONG: Final = "text_too_long"
_TOO_DEEP: Final = "nested_too_deep"


class Walk:
    """Redacts events of one scope: one policy, one tenant, one keyring.

    Not for use by several threads at once. `counts` and `failures` belong to the event that was
    walked last: how many values of each entity it holds, and why texts became `<UNVERIFIED>`.
    """

    def __init__(
        self,
        policy: Policy,
        keyring: Keyring,
        detectors: DetectorSet,
        *,
        tenant_id: str | None = None,
        trusted: Iterable[str] = (),
        cache_bytes: int = 32 * 1024 * 1024,
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self.counts: dict[str, int] = {}
        self.failures: list[str] = []
        self.recent_bytes = 0
        """Memory that the texts take that were seen since the last `age`, in bytes, roughly."""
        self._older_bytes = 0
        self._atlas = Atlas(policy.hints, trusted)
        self._reader = RecordReader(self._atlas)
        self._texts = TextRedactor(
            policy,
            detectors,
            Replacer(policy, Pseudonymizer(keyring, tenant_id)),
            keyring.key_ids,
            records=self._reader.spans,
            check=check,
        )
        self._check = check
        self._cache_limit = cache_bytes
        self._shared: dict[Counts, Counts] = {}
        self._plans = 0
        self._nesting = 0

    @property
    def cached_bytes(self) -> int:
        """Memory that cached texts take, in bytes, roughly."""
        return self.recent_bytes + self._older_bytes

    def event(self, event: dict[str, Any]) -> dict[str, Any]:
        """Return the redacted event, a dict of its own; the input is not changed.

        Objects and lists in which nothing was replaced are those of the input.
        """
        self.counts = {}
        self.failures = []
        self._nesting = 0
        redacted = self._object(event, self._atlas.event)
        return event.copy() if redacted is event else redacted

    def text(self, text: str) -> str:
        """Return a redacted text that stands for itself, such as a line of input."""
        self.counts = {}
        self.failures = []
        self._nesting = 0
        return self._string(text, self._atlas.text)

    def spans(self, text: str) -> list[Any]:
        """Return the findings in `text` as spans of it, where it holds records too."""
        return self._texts.find(text, self._atlas.text)

    def clear(self) -> None:
        """Forget every cached value."""
        self._atlas.clear()
        self._reader.clear()
        self._texts.clear()
        self.recent_bytes = 0
        self._older_bytes = 0
        self._plans = 0

    def age(self) -> None:
        """Forget the texts that were not seen since the last time.

        To forget all of them at once would mean to search those again that always come.
        """
        self._atlas.age()
        self._older_bytes = self.recent_bytes
        self.recent_bytes = 0
        if self._plans > MAX_OLD_PLANS:
            self._atlas.forget_keys()
            self._plans = 0

    # ---- values ------------------------------------------------------------------------------

    def _object(self, obj: dict[str, Any], at: Position) -> dict[str, Any]:
        if "name" in obj and at.kind is Kind.NEUTRAL and describes_person(obj):
            at = self._atlas.of_person(at)
        plans = at.plans
        # most objects stay as they are, and most of the others: a copy is a fifth of the price of
        # a new dict
        out = obj
        for name in beyond_ids(obj, at.ids):
            plan = plans.get(name)
            if plan is None:
                plan = self._plan(name, at)
            if plan.renamed:
                if out is obj:
                    out = obj.copy()
                self._renamed(obj, at, name, plan, out)
                break
            value = obj[name]
            new = self._member(value, plan)
            if new is not value:
                if out is obj:
                    out = obj.copy()
                out[name] = new
        return out

    def _renamed(
        self, obj: dict[str, Any], at: Position, first: str, plan: KeyPlan, out: dict[str, Any]
    ) -> None:
        """Put the members from `first` on into `out` anew, in their order: a key is another.

        `plan` is that of `first`: one that failed is not kept, and would fail again.
        """
        names = [*obj]
        later = names[names.index(first) :]
        for name in later:
            del out[name]
        for name in later:
            if name != first:
                known = at.plans.get(name)
                plan = self._plan(name, at) if known is None else known
            self._count(plan.counts)
            free = plan.name if plan.name not in out else _free_name(plan.name, out, obj)
            out[free] = self._member(obj[name], plan)

    def _member(self, value: Any, plan: KeyPlan) -> Any:
        kind = type(value)
        if kind is str:
            if plan.trusted and is_plain_id(value):
                return value
            return self._string(value, plan.leaf)
        if kind is dict:
            return self._object(value, plan.below)
        if kind is list:
            return self._list(value, plan)
        if (kind is int or kind is float) and not plan.trusted:
            return self._number(value, plan)
        return value

    def _list(self, values: list[Any], plan: KeyPlan) -> list[Any]:
        """A list's items stand where the list stands."""
        out = values
        for place, value in enumerate(values):
            new = self._member(value, plan)
            if new is not value:
                if out is values:
                    out = values.copy()
                out[place] = new
        return out

    def _number(self, value: Any, plan: KeyPlan) -> Any:
        # Any: declared a float, an integer would become one where this is compiled
        """A number stays one unless it is a long one or its key promises something personal."""
        if plan.numeric:
            text = str(value)
            return self._string(text, plan.leaf) if plausible(plan.leaf.hint, text) else value
        if -LONG_NUMBER < value < LONG_NUMBER or type(value) is float:
            return value
        text = str(value)
        redacted = self._string(text, plan.leaf)
        return value if redacted == text else redacted

    def _string(self, text: str, leaf: LeafContext) -> str:
        known = leaf.cache.get(text)
        if known is None:
            known = leaf.older.get(text)
            if known is None:
                known = self._searched(text, leaf)
            else:
                self._remember(text, known, leaf)
        if known[1]:
            self._count(known[1])
        new = known[0]
        return text if new is None else new

    def _searched(self, text: str, leaf: LeafContext) -> Known:
        """Search a text that is not in the cache; whatever goes wrong, it does not pass."""
        if len(text) > MAX_TEXT:
            return self._unverified(_TOO_LONG)
        failures = len(self.failures)
        try:
            self._check()
            edited = self._record(text, leaf) or self._texts.redact(text, leaf)
        except DetectionError as refusal:
            return self._unverified(str(refusal))
        except Exception as error:  # noqa: BLE001 - a detector may raise anything: fail closed
            return self._unverified(f"detector_error:{type(error).__name__}")
        # the text itself is not handed on: one that is equal, but another object, would have the
        # objects and lists around it copied
        known: Known = (None if edited[0] == text else edited[0]), self._one_of(edited[1])
        if len(text) <= MAX_CACHED_TEXT and len(self.failures) == failures:
            self._remember(text, known, leaf)
        return known

    def _one_of(self, counts: Counts) -> Counts:
        """Return what is kept already of the same counts: most texts hold one value of one entity.

        Three objects less for each text that is remembered are as many that Python's collector of
        cycles does not go through.
        """
        if not counts:
            return counts
        known = self._shared.get(counts)
        if known is None:
            if len(self._shared) >= MAX_SHARED:
                self._shared.clear()
            known = self._shared[counts] = counts
        return known

    def _remember(self, text: str, known: Known, leaf: LeafContext) -> None:
        new = known[0]
        size = 2 * (len(text) + len(text if new is None else new)) + _CACHE_ENTRY_BYTES
        # half of the memory is for the texts that are next to be forgotten
        if self.recent_bytes + size > self._cache_limit // 2:
            self.age()
        self.recent_bytes += size
        leaf.cache[text] = known

    def _record(self, text: str, leaf: LeafContext) -> Edited | None:
        """Redact a text that is JSON as the record it holds; None where it is not JSON."""
        if not may_be_json(text) and text[:1] != '"':
            return None
        try:
            value = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if self._nesting >= MAX_NESTED_RECORDS:
            raise DetectionError(_TOO_DEEP)
        outer, self.counts = self.counts, {}
        self._nesting += 1
        try:
            redacted = self._value(value, leaf)
            counts = tuple(self.counts.items())
        finally:
            self._nesting -= 1
            self.counts = outer
        # a record that holds nothing keeps its bytes: blanks, order and long numbers
        same = redacted is value or redacted == value
        return (text if same else orjson.dumps(redacted).decode()), counts

    def _value(self, value: Any, leaf: LeafContext) -> Any:
        if type(value) is dict:
            return self._object(value, leaf.below)
        if type(value) is list:
            plan = KeyPlan(
                name="", renamed=False, counts=(), leaf=leaf, below=leaf.below, trusted=False
            )
            return self._list(value, plan)
        return self._string(value, leaf) if type(value) is str else value

    # ---- keys --------------------------------------------------------------------------------

    def _plan(self, key: str, at: Position) -> KeyPlan:
        """Work out what to do at `key`; keys are data too, and may hold ids and names."""
        if self._plans >= MAX_PLANS:
            self.clear()
        leaf, below, trusted = self._atlas.place(at, key)
        failures = len(self.failures)
        new, counts = (None, ()) if trusted else self._searched(key, at.key_leaf)
        name = key if new is None else new
        plan = KeyPlan(
            name=name,
            renamed=name != key or bool(counts),
            counts=counts,
            leaf=leaf,
            below=below,
            trusted=trusted,
        )
        if len(self.failures) == failures:
            at.plans[key] = plan
            self._plans += 1
            if trusted:
                at.ids.add(key)
        return plan

    # ---- book-keeping ------------------------------------------------------------------------

    def _count(self, counts: tuple[tuple[str, int], ...]) -> None:
        for entity, count in counts:
            self.counts[entity] = self.counts.get(entity, 0) + count

    def _unverified(self, reason: str) -> Known:
        self.failures.append(reason)
        return UNVERIFIED, (("UNVERIFIED", 1),)


def _free_name(name: str, out: dict[str, Any], obj: dict[str, Any]) -> str:
    """Return `name~2`, `name~3` … so that two keys that became one lose no value."""
    number = 2
    while (free := f"{name}~{number}") in out or free in obj:
        number += 1
    return free

"""The shadow audit: on a sample, off the hot path, what would the strict tier have said?

It counts disagreements by entity, never by value: a rising count for PERSON says that names of a
kind come in that the fast tier does not know. The sample is chosen by the event's id, so that it
is the same on every worker and in every replay.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, Final

from pipeline.redaction.detectors import PROSE, Context, DetectorSet
from pipeline.redaction.spans import Span

MAX_PENDING: Final = 256
MIN_TEXT: Final = 4
MAX_TEXT: Final = 4_000


class ShadowAudit:
    """Compares the fast tier with a reference on one event in `one_in`.

    `offer` is cheap and is called with raw events; `run` does the work and belongs in an idle
    moment or another thread. Raw events wait in memory only, at most `MAX_PENDING` of them.
    """

    def __init__(self, fast: DetectorSet, reference: DetectorSet, *, one_in: int) -> None:
        if one_in < 1:
            raise ValueError("one_in must be at least 1")
        self.audited = 0
        self.skipped = 0
        """Events of the sample that found the queue full."""
        self.failed = 0
        self.only_reference: Counter[str] = Counter()
        """By entity: found by the reference, not covered by the fast tier."""
        self.only_fast: Counter[str] = Counter()
        """By entity: found by the fast tier, not covered by the reference."""
        self.agreed: Counter[str] = Counter()
        self._fast = fast
        self._reference = reference
        self._one_in = one_in
        self._pending: deque[tuple[str, ...]] = deque()

    def offer(self, event_id: str, event: Mapping[str, Any]) -> bool:
        """Put the event on the list if the sample wants it; tell whether it did."""
        digest = blake2b(event_id.encode("utf-8", "replace"), digest_size=8).digest()
        if int.from_bytes(digest, "big") % self._one_in:
            return False
        if len(self._pending) >= MAX_PENDING:
            self.skipped += 1
            return False
        self._pending.append(tuple(_texts(event)))
        return True

    def run(self, limit: int = MAX_PENDING) -> int:
        """Audit at most `limit` waiting events; return how many were. Never raises."""
        done = 0
        while self._pending and done < limit:
            texts = self._pending.popleft()
            try:
                for text in texts:
                    self._compare(text)
                self.audited += 1
            except Exception:  # noqa: BLE001 - an audit must not stop the worker; it is counted
                self.failed += 1
            done += 1
        return done

    def _compare(self, text: str) -> None:
        context = Context(register=PROSE)
        fast = self._fast.detect(text, context)
        reference = self._reference.detect(text, context)
        for span in reference:
            if _covered(span, fast):
                self.agreed[span.entity_type] += 1
            else:
                self.only_reference[span.entity_type] += 1
        for span in fast:
            if not _covered(span, reference):
                self.only_fast[span.entity_type] += 1


def _covered(span: Span, others: list[Span]) -> bool:
    """Tell whether others cover at least half of the span, whatever they call it."""
    common = sum(
        max(0, min(span.end, other.end) - max(span.start, other.start)) for other in others
    )
    return 2 * common >= span.end - span.start


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= MIN_TEXT:
            yield value[:MAX_TEXT]
    elif isinstance(value, Mapping):
        for child in value.values():
            yield from _texts(child)
    elif isinstance(value, list):
        for child in value:
            yield from _texts(child)

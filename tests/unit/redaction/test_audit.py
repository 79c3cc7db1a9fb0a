"""The shadow audit: sampled, bounded, by type and never by value."""

from pipeline.redaction.audit import MAX_PENDING, ShadowAudit
from pipeline.redaction.detectors import Context, DetectorSet
from pipeline.redaction.spans import Span


class Finds(DetectorSet):
    """Finds one word, as one type."""

    def __init__(self, word: str, entity: str) -> None:
        self._word, self._entity = word, entity

    def detect(self, text: str, context: Context = Context()) -> list[Span]:  # noqa: B008
        if "boom" in text:
            raise RuntimeError(text)
        start = text.find(self._word)
        return [Span(start, start + len(self._word), self._entity, 1.0, "x")] if start >= 0 else []


def test_disagreements_are_counted_by_type() -> None:
    audit = ShadowAudit(Finds("ann", "PERSON"), Finds("bob", "PERSON"), one_in=1)
    event = {"a": "ann here", "b": [{"c": "bob here"}], "n": 4}
    assert audit.offer("e1", event)
    assert audit.run() == 1
    assert audit.audited == 1
    assert dict(audit.only_reference) == {"PERSON": 1}
    assert dict(audit.only_fast) == {"PERSON": 1}
    assert not audit.agreed


def test_another_name_for_the_same_finding_is_agreement() -> None:
    audit = ShadowAudit(Finds("ann", "ACCOUNT_ID"), Finds("ann", "PERSON"), one_in=1)
    audit.offer("e1", {"a": "ann here"})
    audit.run()
    assert dict(audit.agreed) == {"PERSON": 1}
    assert not audit.only_fast
    assert not audit.only_reference


def test_the_sample_is_a_share_chosen_by_id() -> None:
    audit = ShadowAudit(Finds("a", "PERSON"), Finds("a", "PERSON"), one_in=10)
    chosen = [number for number in range(1_000) if audit.offer(f"e{number}", {})]
    assert 60 <= len(chosen) <= 140
    again = ShadowAudit(Finds("a", "PERSON"), Finds("a", "PERSON"), one_in=10)
    assert chosen == [number for number in range(1_000) if again.offer(f"e{number}", {})]


def test_a_full_queue_drops_and_says_so() -> None:
    audit = ShadowAudit(Finds("a", "PERSON"), Finds("a", "PERSON"), one_in=1)
    for number in range(MAX_PENDING + 5):
        audit.offer(f"e{number}", {"a": "x"})
    assert audit.skipped == 5
    assert audit.run(limit=10) == 10
    assert audit.run() == MAX_PENDING - 10


def test_an_audit_that_fails_is_counted_and_stops_nothing() -> None:
    audit = ShadowAudit(Finds("a", "PERSON"), Finds("a", "PERSON"), one_in=1)
    audit.offer("e1", {"a": "boom"})
    audit.offer("e2", {"a": "fine text"})
    assert audit.run() == 2
    assert (audit.failed, audit.audited) == (1, 1)

"""Scores of found spans against the truth: by entity, by character, and whole values.

- *found* (recall): spans of the same family hold half of the true value or more; *correct*
  (precision): half of the found span or more lies in true values of its family;
- *covered*: every letter and digit of the truth lies in some span, whatever its type: nothing of
  the value would be left in the text;
- *characters*: of the truth's characters the part in spans (recall), of the spans' characters the
  part in the truth (precision), whatever the types.

What lies in an optional span of the truth counts for nothing, neither way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.redaction_set.labels import Item

HALF = 0.5

# Names that stand for the same thing to whoever reads the result.
_FAMILIES: Mapping[str, str] = {
    "LOCATION": "STREET_ADDRESS",
    "ZIP_CODE": "STREET_ADDRESS",
    "SECRET": "API_KEY",
    "CUSTOMER_ID": "ACCOUNT_ID",
    "PAYMENT_ID": "ACCOUNT_ID",
    "US_BANK_NUMBER": "ACCOUNT_ID",
    "US_ITIN": "US_SSN",
}


class Found(Protocol):
    """What any detector returns: Sluice's spans and Presidio's results alike."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def entity_type(self) -> str: ...


def family(entity_type: str) -> str:
    """Return the name under which an entity type is compared."""
    return _FAMILIES.get(entity_type, entity_type)


@dataclass(slots=True)
class Tally:
    """Counts behind the rates; a rate without a denominator is None."""

    truth: int = 0
    found: int = 0
    covered: int = 0
    predicted: int = 0
    correct: int = 0
    truth_chars: int = 0
    covered_chars: int = 0
    predicted_chars: int = 0
    correct_chars: int = 0

    @property
    def recall(self) -> float | None:
        """Part of the true values that were found with their type."""
        return self.found / self.truth if self.truth else None

    @property
    def precision(self) -> float | None:
        """Part of the found spans that hold a true value of their type."""
        return self.correct / self.predicted if self.predicted else None

    @property
    def coverage(self) -> float | None:
        """Part of the true values of which nothing is left."""
        return self.covered / self.truth if self.truth else None

    @property
    def char_recall(self) -> float | None:
        """Part of the true characters that lie in a span."""
        return self.covered_chars / self.truth_chars if self.truth_chars else None

    @property
    def char_precision(self) -> float | None:
        """Part of the characters in spans that are true."""
        return self.correct_chars / self.predicted_chars if self.predicted_chars else None


@dataclass(slots=True)
class Score:
    """The tally of a set, whole and by entity type."""

    total: Tally = field(default_factory=Tally)
    by_type: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))


def score(items: Iterable[Item], found: Iterable[Sequence[Found]]) -> Score:
    """Score what was found in each item, in the order of the items."""
    result = Score()
    for item, spans in zip(items, found, strict=True):
        _add(result, item, spans)
    return result


def _add(result: Score, item: Item, spans: Sequence[Found]) -> None:
    required = [span for span in item.spans if not span.optional]
    true_chars = _characters(required)
    ignored = _characters(span for span in item.spans if span.optional) - true_chars
    found_chars = _characters(spans)
    for truth in required:
        places = set(range(truth.start, truth.end))
        covered = len(places & found_chars)
        hit = len(places & _characters(_of_family(spans, truth.entity_type))) >= HALF * len(places)
        whole = all(i in found_chars for i in places if item.text[i].isalnum())
        for tally in (result.total, result.by_type[truth.entity_type]):
            tally.truth += 1
            tally.found += hit
            tally.covered += whole
            tally.truth_chars += len(places)
            tally.covered_chars += covered
    counted: set[int] = set()
    for span in spans:
        places = set(range(span.start, span.end))
        if len(places & ignored) > HALF * len(places):
            continue
        # overlapping spans of a detector that reports several readings count a character once
        fresh = places - ignored - counted
        counted |= fresh
        true_places = _characters(_of_family(required, span.entity_type))
        right = len(places & true_places) >= HALF * len(places)
        for tally in (result.total, result.by_type[span.entity_type]):
            tally.predicted += 1
            tally.correct += right
            tally.predicted_chars += len(fresh)
            tally.correct_chars += len(fresh & true_chars)


def _characters(spans: Iterable[Found]) -> set[int]:
    return {place for span in spans for place in range(span.start, span.end)}


def _of_family(spans: Iterable[Found], entity_type: str) -> list[Found]:
    return [span for span in spans if family(span.entity_type) == family(entity_type)]

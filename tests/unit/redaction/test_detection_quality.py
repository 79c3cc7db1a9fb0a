"""What was reached stays reached: scores of the default policy on the labelled sets.

The floors lie a little under the measured figures (docs/redaction.md); `sluice bench redaction`
has the figures by type. The last test shows that the floors can be missed.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.lines import LineRedactor
from pipeline.redaction.policy import default_policy
from tests.bench.parts.quality import structured_settings, without_name_list
from tests.redaction_set import airline, sets
from tests.redaction_set.labels import Item
from tests.redaction_set.scoring import Tally, score


def tally(items: Sequence[Item], redactor: LineRedactor) -> Tally:
    """Score what the redactor finds in the items."""
    return score(items, [redactor.spans(item.text) for item in items]).total


@pytest.fixture(scope="module")
def redactor() -> LineRedactor:
    return LineRedactor(default_policy())


def at_least(value: float | None, floor: float) -> None:
    assert value is not None
    assert value >= floor


def test_structured_types() -> None:
    items = sets.structured()
    detect = DetectorSet(structured_settings()).detect
    total = score(items, [detect(item.text) for item in items]).total
    at_least(total.recall, 0.985)
    at_least(total.precision, 0.98)


def test_core_types(redactor: LineRedactor) -> None:
    total = tally(sets.core(), redactor)
    at_least(total.char_recall, 0.95)
    at_least(total.char_precision, 0.95)


def test_core_types_without_a_list_of_names() -> None:
    total = tally(sets.core(), LineRedactor(default_policy(), detectors=without_name_list))
    at_least(total.char_recall, 0.95)
    at_least(total.char_precision, 0.95)


def test_texts_by_hand_in_sight(redactor: LineRedactor) -> None:
    for items in (sets.handwritten(), sets.desk(), sets.field()):
        total = tally(items, redactor)
        at_least(total.char_recall, 0.955)
        at_least(total.char_precision, 0.95)


def test_agent_events(redactor: LineRedactor) -> None:
    total = tally(sets.events()[::2], redactor)
    at_least(total.coverage, 0.985)
    at_least(total.char_precision, 0.90)


def test_recorded_runs(redactor: LineRedactor) -> None:
    if not airline.available():
        pytest.skip("../shared/data with the recorded airline runs is not there")
    total = tally(list(airline.items())[::10], redactor)
    at_least(total.coverage, 0.99)
    at_least(total.char_precision, 0.90)


def test_hard_negatives_stay_readable(redactor: LineRedactor) -> None:
    items = sets.negatives()
    marked = tally(items, redactor).predicted_chars
    assert marked <= 0.01 * sum(len(item.text) for item in items)


def test_the_floors_can_be_missed() -> None:
    class Blind(DetectorSet):
        """Finds nothing: what is left is what key names say."""

        def detect(self, text: str, context: object = None) -> list[object]:  # type: ignore[override]
            return []

    blind = LineRedactor(default_policy(), detectors=Blind)
    assert (tally(sets.core()[::5], blind).char_recall or 0.0) < 0.5
    assert (tally(sets.events()[::5], blind).coverage or 0.0) < 0.9

"""What one batch becomes: dead letters leave in the order of their places in the input."""

from __future__ import annotations

import orjson

from agents.redactor import Outputs
from pipeline.adapters.kafka.batches import Record


def test_dead_letters_leave_in_the_order_of_the_input() -> None:
    """The sink's fence drops a letter that follows one of a later place: it was lost."""
    places = [(0, 20, 0), (0, 10, 1), (0, 10, 0), (0, 9, 3)]
    outputs = Outputs(dead_letters=[(place, Record(b"k", orjson.dumps(place))) for place in places])
    sent = [tuple(orjson.loads(record.value or b"")) for record in outputs.dead_letters_in_order()]
    assert sent == sorted(places)

"""The harness waits as long as anything moves."""

from __future__ import annotations

import pytest

from tests.fault import waiting
from tests.fault.waiting import Patience


def test_it_gives_up_only_when_nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now)
    patience = Patience(seconds=10.0)
    for now in range(0, 100, 9):  # however long the whole takes
        patience.see(now, "moves")
    patience.see(99, "stands")
    now += 9.0
    patience.see(99, "stands")
    now += 2.0
    with pytest.raises(AssertionError, match="nothing moved for 10 s: stands"):
        patience.see(99, "stands")

"""What is sent as it is, and what compressed."""

from __future__ import annotations

from typing import Any

import lz4.frame
import pytest

from pipeline.adapters.clickhouse import client as module
from pipeline.adapters.clickhouse.client import BLOCK_ROWS, Client
from tests.unit.clickhouse.packed import rows_of


class Driver:
    """Remembers what would be sent."""

    def __init__(self) -> None:
        self.compression: str | None = "unknown"
        self.rows = 0

    def raw_insert(
        self, table: str, names: Any, body: bytes, settings: Any, *, fmt: str, compression: Any
    ) -> None:
        self.compression = compression
        self.rows = len(rows_of(body if compression else lz4.frame.compress(body)))


@pytest.mark.parametrize(
    ("is_near", "rows", "plain_bytes", "compression"),
    [
        (False, 3, 1_000, "lz4"),
        (True, 3, 1_000, None),
        (True, 3, 10, "lz4"),
        (True, BLOCK_ROWS, 100_000, None),
        (True, BLOCK_ROWS + 1, 100_000, "lz4"),
    ],
)
def test_small_inserts_on_one_machine_are_not_compressed(
    monkeypatch: pytest.MonkeyPatch,
    is_near: bool,
    rows: int,
    plain_bytes: int,
    compression: str | None,
) -> None:
    monkeypatch.setattr(module, "PLAIN_BYTES", plain_bytes)
    driver = Driver()
    client = Client(driver, is_near=is_near)
    assert client.insert("t", ["n"], ["UInt32"], [list(range(rows))], token="x") == rows
    assert (driver.compression, driver.rows) == (compression, rows)


@pytest.mark.parametrize(
    ("host", "is_near"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("localhost", True),
        ("10.0.0.1", False),
        ("clickhouse", False),
        ("", False),
    ],
)
def test_this_machine_is_known_by_its_name_or_number(host: str, is_near: bool) -> None:
    assert module._is_near(host) is is_near

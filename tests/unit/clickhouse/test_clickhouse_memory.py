"""What an insert was given is not kept beyond it."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.adapters.clickhouse.client import Client
from pipeline.errors import InputError


class Driver:
    """Keeps what it is given, as clickhouse-connect's insert contexts do until a collection."""

    def __init__(self, error: Exception | None = None) -> None:
        self.kept: Any = None
        self.rows = 0
        self._error = error

    def insert(self, table: str, columns: Any, **_: Any) -> None:
        self.kept = columns
        self.rows = len(columns[0])
        if self._error:
            raise self._error


def test_the_driver_is_left_without_the_columns_and_the_caller_has_them() -> None:
    driver, columns = Driver(), [[1, 2], ["a", "b"]]
    assert Client(driver).insert("t", ["n", "s"], ["UInt8", "String"], columns, token="x") == 2
    assert (driver.rows, driver.kept, columns) == (2, [], [[1, 2], ["a", "b"]])


def test_an_insert_that_fails_leaves_them_for_the_next_try() -> None:
    driver, columns = Driver(TypeError("a value")), [[1]]
    with pytest.raises(InputError):
        Client(driver).insert("t", ["n"], ["UInt8"], columns, token="x")
    assert (driver.kept, columns) == ([], [[1]])

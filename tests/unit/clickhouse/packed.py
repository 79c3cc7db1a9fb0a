"""What is in a packed block."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import lz4.frame
from clickhouse_connect.driver.transform import NativeTransform
from clickhouse_connect.driverc.buffer import ResponseBuffer


def rows_of(data: bytes) -> list[dict[str, Any]]:
    """Return the rows of a body, as clickhouse-connect reads them."""
    source = SimpleNamespace(gen=iter([lz4.frame.decompress(data)]), close=lambda: None)
    result: Any = NativeTransform.parse_response(ResponseBuffer(source))
    return list(result.named_results())

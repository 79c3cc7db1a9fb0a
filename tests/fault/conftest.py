"""One stack behind proxies for all fault tests of the short form."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator

import pytest

from tests.fault.stack import FaultStack

SESSION_SECONDS = 4.0
"""Short: most of the time of a fault is spent waiting until a dead worker is missed."""


@pytest.fixture(scope="package")
def fault_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultStack]:
    """Broker and engine, each behind a proxy, and no workers yet."""
    for variable in [name for name in os.environ if name.startswith("SLUICE_")]:
        del os.environ[variable]
    # the test's own clients lose their broker too, and would log that as an error
    logger = logging.getLogger("aiokafka")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        with FaultStack(tmp_path_factory.mktemp("fault"), session_seconds=SESSION_SECONDS) as stack:
            yield stack
    finally:
        logger.setLevel(before)

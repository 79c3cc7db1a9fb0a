"""Rules for every test: an error log that it did not announce fails it, and no clock does.

And what is tested is what the source says: tests refuse to run on code that was compiled before.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from tests.compiled import edited_sources

# How long an example takes says more of the machine than of the code: benchmarks measure that.
hypothesis_settings.register_profile(
    "sluice", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("sluice")


def pytest_configure() -> None:
    if edited := edited_sources():
        pytest.exit(
            f"edited since it was compiled: {', '.join(edited)}; `make setup` compiles it anew, "
            "`make interpreted` deletes it: pytest then runs the sources",
            returncode=4,
        )


class _ErrorCollector(logging.Handler):
    """Keeps the records at ERROR and above."""

    def __init__(self) -> None:
        super().__init__(level=logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


@pytest.fixture(autouse=True)
def _no_unexpected_errors(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test during which an error was logged, unless it carries `expects_error_logs`."""
    collector = _ErrorCollector()
    root = logging.getLogger()
    root.addHandler(collector)
    try:
        yield
    finally:
        root.removeHandler(collector)
    if collector.records and request.node.get_closest_marker("expects_error_logs") is None:
        lines = [f"{record.name}: {record.getMessage()}" for record in collector.records]
        pytest.fail("unexpected error log:\n" + "\n".join(lines))

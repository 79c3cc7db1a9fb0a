"""ClickHouse for contract tests: our local server always, a real one where a variable names it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit
from uuid import uuid4

import pytest

from tests.contract.clickhouse_server import Endpoint, LocalClickHouse

REAL_SERVER = "SLUICE_TEST_CLICKHOUSE_URL"
SERVERS = ["local", "real"] if REAL_SERVER in os.environ else ["local"]


@pytest.fixture(scope="session")
def local_clickhouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """Our own server, one for all tests that do not stop it."""
    with LocalClickHouse(tmp_path_factory.mktemp("clickhouse")) as server:
        yield server.endpoint


@pytest.fixture(scope="session", params=SERVERS)
def endpoint(request: pytest.FixtureRequest) -> Endpoint:
    """Every server that must behave the same."""
    if request.param == "local":
        return request.getfixturevalue("local_clickhouse")
    parts = urlsplit(os.environ[REAL_SERVER])
    assert parts.hostname is not None
    return Endpoint(
        parts.hostname,
        parts.port or 8123,
        unquote(parts.username or "default"),
        unquote(parts.password or ""),
        secure=parts.scheme == "https",
    )


@pytest.fixture
def database(endpoint: Endpoint) -> Iterator[str]:
    """A database of the test's own."""
    name = f"contract_{uuid4().hex[:12]}"
    assert endpoint.post(f"CREATE DATABASE {name}").status == 200
    yield name
    endpoint.post(f"DROP DATABASE {name}")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A data directory of the test's own."""
    return tmp_path / "data"

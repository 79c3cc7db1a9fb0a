"""ClickHouse with TLS, user and password: the engine behind a proxy that ends the TLS."""

from __future__ import annotations

import asyncio
import ssl
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import trustme

from pipeline.adapters.clickhouse import connect_async
from pipeline.adapters.clickhouse.migrate import migrate
from pipeline.config import ClickHouseSettings
from pipeline.errors import ConfigError, SluiceError, UnavailableError
from pipeline.local.process import ProcessSpec
from pipeline.local.readiness import http_ok
from pipeline.local.snapshot import table_states
from pipeline.local.supervisor import Supervisor
from tests.services import free_ports
from tests.tls import issue, write_authority

USER, PASSWORD = "agent", "correct-horse-battery"
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def engine_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The engine over plain HTTP, with a user and a password."""
    folder, port = tmp_path_factory.mktemp("engine"), free_ports(1)[0]
    engine = ProcessSpec(
        "clickhouse",
        [
            *(sys.executable, "-m", "pipeline.local.clickhouse"),
            *("--port", str(port), "--data", str(folder / "data")),
        ],
        {
            "PYTHONPATH": str(ROOT),
            "SLUICE_CLICKHOUSE__USERNAME": USER,
            "SLUICE_CLICKHOUSE__PASSWORD": PASSWORD,
        },
        folder / "clickhouse.log",
        port,
        partial(http_ok, port, "/ping"),
    )
    supervisor = Supervisor()
    supervisor.launch([engine])
    yield port
    supervisor.stop()
    assert PASSWORD not in engine.log.read_text()


@pytest.fixture
async def secured(engine_port: int, tmp_path: Path) -> AsyncIterator[ClickHouseSettings]:
    """Settings that reach the engine over HTTPS."""
    authority = trustme.CA()
    certificate = issue(authority, tmp_path, "127.0.0.1")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate.both)

    connections: set[asyncio.Task[object]] = set()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        connections.add(task)
        upstream = await asyncio.open_connection("127.0.0.1", engine_port)
        # asyncio logs a connection's task that ends cancelled as an error
        with suppress(asyncio.CancelledError):
            await asyncio.gather(_pump(reader, upstream[1]), _pump(upstream[0], writer))

    proxy = await asyncio.start_server(forward, "127.0.0.1", 0, ssl=context)
    yield ClickHouseSettings.model_validate(
        {
            "host": "127.0.0.1",
            "port": proxy.sockets[0].getsockname()[1],
            "username": USER,
            "password": PASSWORD,
            "secure": True,
            "ca_cert": write_authority(authority, tmp_path / "authority.pem"),
        }
    )
    proxy.close()
    for connection in connections:
        connection.cancel()
    await asyncio.gather(*connections)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass bytes on until one side ends; what a broken connection raises ends it too."""
    try:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


async def test_tables_are_made_and_seen_over_tls(secured: ClickHouseSettings) -> None:
    await asyncio.to_thread(migrate, secured)
    assert "events" in {table.name for table in await table_states(secured)}


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
async def test_a_certificate_may_be_left_unverified(secured: ClickHouseSettings) -> None:
    trusting = secured.model_copy(update={"ca_cert": None, "verify": False})
    client = await connect_async(trusting, database="default")
    assert await client.query_value("SELECT 1") == 1
    await client.close()


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"password": "wrong-horse-battery"}, ConfigError),
        ({"ca_cert": None}, UnavailableError),
        ({"secure": False}, UnavailableError),
    ],
    ids=["password", "authority", "protocol"],
)
async def test_what_is_wrong_is_refused_without_a_secret(
    secured: ClickHouseSettings, wrong: dict[str, object], error: type[SluiceError]
) -> None:
    values = {**secured.model_dump(), **wrong}
    settings = ClickHouseSettings.model_validate(values)
    with pytest.raises(error) as raised:
        await table_states(settings)
    for text in (str(raised.value), raised.value.hint):
        assert settings.password.get_secret_value() not in text

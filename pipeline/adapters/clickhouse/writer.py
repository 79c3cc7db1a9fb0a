"""What the sink holds: a connection that is made when it is first needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipeline.adapters.clickhouse.client import AsyncClient, Client, connect_async
from pipeline.adapters.clickhouse.native import Packed, Same
from pipeline.config import ClickHouseSettings


class ClickHouseWriter:
    """Inserts and queries; a ClickHouse that is away is an `UnavailableError` of the call alone.

    So a worker that starts during an outage waits like one that was running.
    """

    def __init__(self, settings: ClickHouseSettings) -> None:
        self._settings = settings
        self._client: AsyncClient | None = None

    async def start(self) -> None:
        """Do nothing yet: the first call connects."""

    async def stop(self) -> None:
        """Wait for the calls that run, and disconnect."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.close()

    async def insert(
        self,
        table: str,
        names: Sequence[str],
        types: Sequence[str],
        columns: Sequence[Sequence[Any]],
        *,
        token: str,
    ) -> None:
        """Insert columns once, however often it is repeated; see `Client.insert`."""
        client = await self._connected()
        await client.insert(table, names, types, columns, token=token)

    pack = staticmethod(Client.pack)

    async def insert_packed(
        self,
        table: str,
        names: Sequence[str],
        blocks: Sequence[Packed],
        same: Sequence[Same] = (),
        *,
        token: str,
    ) -> None:
        """Insert packed blocks once, however often it is repeated; see `Client.insert_packed`."""
        client = await self._connected()
        await client.insert_packed(table, names, blocks, same, token=token)

    async def query(self, sql: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        client = await self._connected()
        return await client.query(sql, parameters)

    async def _connected(self) -> AsyncClient:
        if self._client is None:
            self._client = await connect_async(self._settings)
        return self._client

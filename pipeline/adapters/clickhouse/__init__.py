"""ClickHouse over HTTP, through clickhouse-connect.

connect        a `Client` for one thread at a time: commands, queries, column inserts
connect_async  the same for asyncio, an `AsyncClient` over a few worker threads
"""

from pipeline.adapters.clickhouse.client import AsyncClient, Client, connect, connect_async

__all__ = ["AsyncClient", "Client", "connect", "connect_async"]

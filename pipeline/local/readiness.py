"""Is a process ready to serve: checks that answer yes or no, and never raise."""

from __future__ import annotations

import http.client

from pipeline.local.ports import LOOPBACK

TIMEOUT_SECONDS = 2.0


def http_ok(port: int, path: str) -> bool:
    """Return whether `GET path` on a loopback port answers 200."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()

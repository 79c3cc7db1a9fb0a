"""TCP ports on loopback: is one free, and is someone listening."""

from __future__ import annotations

import socket

import psutil

from pipeline.errors import ConfigError

LOOPBACK = "127.0.0.1"


def is_listening(port: int) -> bool:
    """Return whether a connection to `port` is accepted."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1.0):
            return True
    except OSError:
        return False


def ensure_free(port: int, setting: str) -> None:
    """Raise `ConfigError` if `port` cannot be bound; it names the holder and the setting."""
    with socket.socket() as probe:
        # as servers do: a connection of the last run that lingers in TIME_WAIT is no obstacle
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            variable = f"SLUICE_{setting.upper().replace('.', '__')}"
            raise ConfigError(
                f"port {port} ({setting}) is taken{_holder(port)}",
                hint=f"stop it, or set {variable} to a free port",
            ) from None


def _holder(port: int) -> str:
    """Return ` by NAME (pid N)` for the process that listens on `port`, or nothing if unknown."""
    try:
        for connection in psutil.net_connections("tcp"):
            if connection.status != psutil.CONN_LISTEN or connection.pid is None:
                continue
            if connection.laddr and connection.laddr.port == port:
                return f" by {psutil.Process(connection.pid).name()} (pid {connection.pid})"
    except psutil.Error:
        # another user's process, or one that has just ended: the port is taken all the same
        return ""
    return ""

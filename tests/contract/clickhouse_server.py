"""A ClickHouse to talk to over plain HTTP, and our local server as a process of its own."""

from __future__ import annotations

import base64
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

from pipeline.config import ClickHouseSettings
from tests.services import free_ports

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `body` as it came over the wire."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    complete: bool = True
    """False where the connection ended before the answer did."""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def code(self) -> int:
        """ClickHouse's exception code; 0 where there is none."""
        return int(self.headers.get("X-ClickHouse-Exception-Code", "0"))


@dataclass(frozen=True)
class Endpoint:
    """Where a server answers, and as whom to ask."""

    host: str
    port: int
    user: str = "default"
    password: str = field(default="", repr=False)
    secure: bool = False

    def settings(self, database: str = "default") -> ClickHouseSettings:
        return ClickHouseSettings.model_validate(
            {
                "host": self.host,
                "port": self.port,
                "username": self.user,
                "password": self.password,
                "secure": self.secure,
                "database": database,
            }
        )

    def get(self, path: str = "/", **parameters: str) -> Answer:
        return self.request("GET", path, parameters=parameters)

    def post(self, body: str | bytes = b"", **parameters: str) -> Answer:
        return self.request("POST", "/", body=body, parameters=parameters)

    def request(
        self,
        method: str,
        path: str,
        *,
        body: str | bytes | Iterator[bytes] = b"",
        parameters: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        authenticate: bool = True,
    ) -> Answer:
        kind = http.client.HTTPSConnection if self.secure else http.client.HTTPConnection
        connection = kind(self.host, self.port, timeout=60)
        sent = dict(headers or {})
        if authenticate:
            secret = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            sent.setdefault("Authorization", f"Basic {secret}")
        target = f"{path}?{urlencode(parameters)}" if parameters else path
        try:
            chunked = not isinstance(body, (str, bytes))
            if chunked:
                sent["Transfer-Encoding"] = "chunked"
            connection.request(method, target, body or None, sent, encode_chunked=chunked)
            response = connection.getresponse()
            try:
                return Answer(response.status, response.headers, response.read())
            except http.client.IncompleteRead as error:
                return Answer(response.status, response.headers, error.partial, complete=False)
        finally:
            connection.close()


class LocalClickHouse:
    """Our server in a process; `log` holds what it printed."""

    def __init__(self, data_dir: Path, *, port: int | None = None, password: str = "") -> None:
        self.data_dir = data_dir
        self.endpoint = Endpoint("127.0.0.1", port or free_ports(1)[0], password=password)
        self.log = data_dir.with_name(data_dir.name + ".log")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start and wait until it answers."""
        self.launch()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            assert self._process is not None
            assert self._process.poll() is None, self.log.read_text()
            try:
                if self.endpoint.get("/ping").text == "Ok.\n":
                    return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"no answer in 60 s: {self.log.read_text()}")

    def launch(self) -> None:
        """Start and do not wait."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("SLUICE_")
        }
        environment["SLUICE_CLICKHOUSE__PASSWORD"] = self.endpoint.password
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable,
                    *("-m", "pipeline.local.clickhouse"),
                    *("--port", str(self.endpoint.port)),
                    *("--data", str(self.data_dir)),
                    *("--log-level", "DEBUG"),
                ],
                cwd=ROOT,
                env=environment,
                stdout=log,
                stderr=log,
            )

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and return the exit code."""
        assert self._process is not None
        self._process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        """Return the exit code of a process that ends by itself."""
        assert self._process is not None
        return self._process.wait(timeout=30)

    def __enter__(self) -> LocalClickHouse:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None and self._process.poll() is None:
            self.stop(signal.SIGKILL)

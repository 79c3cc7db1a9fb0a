"""A worker that does nothing but answer for its health: for tests of the stack itself.

`python -m tests.stand_ins NAME` behaves by name: `steady` serves until SIGTERM; `broken` ends at
once with a line that says so; `deaf` ignores SIGTERM; `engine` stands in for ClickHouse's `/ping`.
"""

from __future__ import annotations

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Health(BaseHTTPRequestHandler):
    """Answers every path with 200."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Say nothing."""


def main(name: str) -> int:
    print(f"{name}: started", flush=True)
    if name == "broken":
        print("broken: cannot read its policy", flush=True)
        return 3
    if name == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    port = int(os.environ["SLUICE_WORKER__PORT"])
    ThreadingHTTPServer(("127.0.0.1", port), Health).serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

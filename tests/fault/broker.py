"""The broker of the fault tests: a second listener, whose advertised address is a proxy's.

A Kafka client goes where the broker says it is; so the proxy works only if the broker names it.
`python -m tests.fault.broker PORT CONTROLLER_PORT DATA HEAP_MB SECOND_PORT PROXY_PORT`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.local.kafka import BrokerConfig, prepare


def main() -> None:
    port, controller, data, heap, second, proxy = sys.argv[1:]
    overrides = {
        "listeners": f"PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller},"
        f"PROXIED://127.0.0.1:{second}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port},PROXIED://127.0.0.1:{proxy}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,"
        "PROXIED:PLAINTEXT",
    }
    config = BrokerConfig(int(port), int(controller), Path(data), int(heap), overrides)
    command = prepare(config)
    os.execv(command[0], command)


if __name__ == "__main__":
    main()

"""How long a worker may hold its partitions to be its own, whatever happens to it meanwhile.

A process can be stopped for any time between two instructions (SIGSTOP, a suspended machine, a long
pause), and goes on as if nothing had been while its partitions have a new owner. The group
coordinator gives partitions away only when it has heard nothing for the session timeout; so from
the moment a heartbeat that succeeds was *sent*, they are ours for that long. Effects carry this end
with them: ClickHouse refuses a row whose lease is over (`lease_until` in the events table).
"""

from __future__ import annotations

import time
from typing import Any

from aiokafka.errors import NoError, RebalanceInProgressError
from aiokafka.protocol.group import HeartbeatRequest, SyncGroupRequest
from faust.transport.drivers import aiokafka as driver

from pipeline.errors import RetryableError

MARGIN_SECONDS = 1.0
"""How far clocks may differ, and how long an insert may take from its check to its rows."""

_KEEPING = (HeartbeatRequest, SyncGroupRequest)
"""Requests with which a member keeps what it has, or gets it."""
_KEPT = (NoError.errno, RebalanceInProgressError.errno)
"""Answers after which the coordinator waits for another session; a rebalance waits for us too."""


class LeaseOverError(RetryableError):
    """Partitions may have a new owner; a heartbeat that succeeds tells."""


class Lease:
    """Until when the partitions of one consumer are its own; times are monotonic seconds."""

    def __init__(self, session_seconds: float) -> None:
        self._length = session_seconds - min(MARGIN_SECONDS, session_seconds / 4)
        self._end = 0.0

    def renew(self, sent_at: float) -> None:
        """Note that the coordinator answered a request of ours that was sent at `sent_at`."""
        self._end = max(self._end, sent_at + self._length)

    def seconds_left(self) -> float:
        """Return how long it lasts; raise `LeaseOverError` if it is over."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise LeaseOverError("no heartbeat for the length of a session: partitions may be lost")
        return left


class LeasedThread(driver.AIOKafkaConsumerThread):
    """Faust's consumer thread; the coordinator's answers renew `lease`."""

    lease: Lease

    async def on_start(self) -> None:
        """Start, and listen to what the coordinator answers.

        Faust subscribes later, so no partition is assigned before.
        """
        await super().on_start()
        coordinator: Any = getattr(self._consumer, "_coordinator", None)
        if not hasattr(coordinator, "_send_req"):
            return  # a client without a group
        send = coordinator._send_req

        async def send_and_listen(request: Any) -> Any:
            sent_at = time.monotonic()
            response = await send(request)
            if isinstance(request, _KEEPING) and response.error_code in _KEPT:
                self.lease.renew(sent_at)
            return response

        coordinator._send_req = send_and_listen

"""A lease ends when no heartbeat has succeeded for the length of a session."""

from __future__ import annotations

import time

import pytest

from agents.lease import Lease, LeaseOverError


def test_it_is_over_before_the_first_answer() -> None:
    with pytest.raises(LeaseOverError):
        Lease(10.0).seconds_left()


def test_it_counts_from_when_the_heartbeat_was_sent() -> None:
    lease = Lease(10.0)
    lease.renew(time.monotonic() - 4.0)
    assert 4.5 < lease.seconds_left() <= 5.0
    lease.renew(time.monotonic() - 8.0)
    assert lease.seconds_left() > 4.5, "an older answer takes nothing back"


def test_a_worker_that_was_stopped_has_lost_it() -> None:
    lease = Lease(10.0)
    lease.renew(time.monotonic() - 9.1)
    with pytest.raises(LeaseOverError):
        lease.seconds_left()

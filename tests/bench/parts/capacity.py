"""From measured figures to 10⁵ and 10⁶ events a second: the arithmetic of docs/capacity.md."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.cli.figures import Report
from pipeline.topics import AGGREGATOR_STATE, EVENTS_CLEAN, EVENTS_RAW
from tests.bench.parts.footprint import Detection
from tests.bench.parts.one_core import Result

UTILISATION = 0.6
"""Share of a core that the load may take: what is left drains the backlog of an outage."""
SPARE_PARTITIONS = 1.5
"""Partitions for each worker of the dearest role: a few more workers fit in without new ones."""
REPLICATION = 3
RATES = (1e5, 1e6)


@dataclass(frozen=True)
class Measured:
    """One run's figures; µs and bytes are of one event."""

    role_us: Mapping[str, float]
    """CPU of redactor, aggregator and sink."""
    broker_us: float
    engine_us: float
    topic_bytes: Mapping[str, float]
    """On the broker, compressed: raw, clean, state."""
    stored_bytes: float
    """In ClickHouse."""
    messages_per_partition: float
    """To the detector, in a second of event time."""
    message_us: float
    """CPU of the detector for one of them."""


@dataclass(frozen=True)
class Plan:
    """What a rate needs."""

    workers: Mapping[str, int]
    partitions: int
    detector_cores: float
    broker_cores: float
    broker_mb_in: float
    """MB/s that producers and workers send."""
    broker_mb_out: float
    """MB/s that workers read."""
    broker_mb_written: float
    """MB/s to all brokers' disks, replicas included."""
    engine_cores: float
    stored_gb_a_day: float


def measured(result: Result, detection: Detection) -> Measured:
    """Collect the figures of a run."""
    by_role = result.drained.cpu_microseconds
    topics = {"raw": EVENTS_RAW, "clean": EVENTS_CLEAN, "state": AGGREGATOR_STATE}
    return Measured(
        role_us={role: us for role, us in by_role.items() if role != "detector"},
        broker_us=result.costs.broker_us,
        engine_us=result.costs.engine_us,
        topic_bytes={name: result.costs.topic_bytes[topic.name] for name, topic in topics.items()},
        stored_bytes=result.stored_bytes,
        messages_per_partition=detection.messages_per_partition,
        message_us=detection.message_us,
    )


def plan(measured: Measured, rate: float) -> Plan:
    """Return what `rate` events a second need, by the formulas of docs/capacity.md."""
    workers = {
        role: math.ceil(rate * us / 1e6 / UTILISATION) for role, us in measured.role_us.items()
    }
    wanted = SPARE_PARTITIONS * max(workers.values())
    partitions = 1 << math.ceil(math.log2(wanted))
    sent = rate * sum(measured.topic_bytes.values()) / 1e6
    # the aggregator and the sink read the clean topic, the redactor the raw one
    read = rate * (measured.topic_bytes["raw"] + 2 * measured.topic_bytes["clean"]) / 1e6
    return Plan(
        workers=workers,
        partitions=partitions,
        detector_cores=partitions * measured.messages_per_partition * measured.message_us / 1e6,
        broker_cores=rate * measured.broker_us / 1e6 / UTILISATION,
        broker_mb_in=sent,
        broker_mb_out=read,
        broker_mb_written=sent * REPLICATION,
        engine_cores=rate * measured.engine_us / 1e6 / UTILISATION,
        stored_gb_a_day=rate * measured.stored_bytes * 86_400 / 1e9,
    )


def report(report: Report, measured: Measured) -> None:
    """Add the table of docs/capacity.md."""
    plans = [plan(measured, rate) for rate in RATES]
    rows: list[list[object]] = [
        [f"{role}: workers", *(each.workers[role] for each in plans)] for role in measured.role_us
    ]
    rows += [
        ["partitions", *(each.partitions for each in plans)],
        ["detector: cores", *(each.detector_cores for each in plans)],
        ["brokers: cores, before replication", *(each.broker_cores for each in plans)],
        ["brokers: MB/s in", *(each.broker_mb_in for each in plans)],
        ["brokers: MB/s out", *(each.broker_mb_out for each in plans)],
        [
            f"brokers: MB/s to disks, {REPLICATION} replicas",
            *(each.broker_mb_written for each in plans),
        ],
        ["ClickHouse: cores for inserts", *(each.engine_cores for each in plans)],
        ["ClickHouse: GB a day, one replica", *(each.stored_gb_a_day for each in plans)],
    ]
    headings = ["from the figures of this run", *(f"{rate:,.0f} events/s" for rate in RATES)]
    report.table("Capacity", headings, rows)

"""Events: what decoding costs one core, and how fast the simulated fleet produces them.

The fleet's own events, mixed types of about 0.9 KB. orjson alone, in the same run, for scale.
"""

from __future__ import annotations

import gc
import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial

import orjson

from pipeline.cli.figures import Report
from pipeline.config import LimitSettings
from pipeline.events.decode import Origin, decode_message
from pipeline.simulate.config import FleetConfig
from pipeline.simulate.fleet import simulate

_START = 1_793_000_000.0
_ORIGIN = Origin("agent.events.raw", 0, 0)
_LIMITS = LimitSettings()
_ROUNDS = 15
_BATCH = 1_000


def run(report: Report, *, quick: bool) -> None:
    """Measure the fleet first, then decode what it produced."""
    count = 3_000 if quick else 20_000
    config = FleetConfig(start=_START, seed=1, sessions_per_minute=60, max_events=count)
    for _ in simulate(config):
        pass  # the first pass pays for imports and for the customers that come back
    begun = time.process_time()
    messages = [event.value for event in simulate(config)]
    report.figure(
        "simulated fleet", count / (time.process_time() - begun), "events/s", at_least=20_000
    )

    gc.freeze()  # the sample must not make the collector's rounds longer than a worker's are
    # as many as the redactor decodes in one go: they are in the processor's cache by then
    batch = messages[:_BATCH]
    parse = _best(partial(_parse_all, batch))
    decode = _best(partial(_decode_all, batch))
    report.figure("decode an event", decode / len(batch) * 1e6, "µs", at_most=12.0)
    report.figure("orjson alone, on the same events", parse / len(batch) * 1e6, "µs")

    by_type: dict[str, list[bytes]] = defaultdict(list)
    for message in messages:
        by_type[orjson.loads(message)["event_type"]].append(message)
    rows = []
    for event_type, sample in sorted(by_type.items()):
        sample = sample[:_BATCH]
        taken = _best(partial(_decode_all, sample))
        size = sum(map(len, sample)) // len(sample)
        rows.append((event_type, len(sample), size, taken / len(sample) * 1e6))
    report.table("Decoding by type", ["type", "events", "bytes", "µs"], rows)


def _parse_all(messages: list[bytes]) -> None:
    for message in messages:
        orjson.loads(message)


def _decode_all(messages: list[bytes]) -> None:
    for message in messages:
        decode_message(message, origin=_ORIGIN, limits=_LIMITS, now=_START + 86_400 * 30)


def _best(work: Callable[[], object]) -> float:
    """Return the shortest of several times, in seconds of this process's own CPU time."""
    taken = []
    for _ in range(_ROUNDS):
        begun = time.process_time()
        work()
        taken.append(time.process_time() - begun)
    return min(taken)

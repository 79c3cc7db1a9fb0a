"""How fast: short texts and whole events on one core, hostile texts, and memory.

Rates come from this process's CPU time, so that a busy machine changes them little. Each round
brings texts that were never seen before, and the rounds of the candidates alternate.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson

from agents import garbage
from agents.redactor import event_redactor
from pipeline.cli.figures import Report
from pipeline.config import RedactionSettings
from pipeline.redaction.detectors import DetectorSet
from pipeline.redaction.lines import LineRedactor
from pipeline.redaction.policy import default_policy
from tests.bench.parts.events import (
    airline_messages,
    decoded,
    labelled_messages,
    simulated_messages,
)
from tests.bench.parts.hostile import hostile_texts
from tests.bench.parts.presidio import Presidio
from tests.bench.parts.quality import settings_of_default_policy, structured_settings
from tests.redaction_set import sets

WARM_UP_SEEDS = range(1, 4)
ROUND_SEED = 100
BATCH = 500
CLOCK_TICK = 0.004
"""Seconds; some kernels count CPU time in steps of this size."""
ALL_DIFFERENT = "agent events, all different"
KEY = "a key for the benchmark only"


def measure_texts(report: Report, *, quick: bool) -> None:
    """Report texts/s of the structured and of all detectors against Presidio, short texts."""
    candidates: dict[str, tuple[Callable[[str], object], int]] = {
        "structured": (DetectorSet(structured_settings()).detect, 1500),
        "all": (DetectorSet(settings_of_default_policy()).detect, 1500),
        "presidio": (Presidio().detect, 150),
    }
    garbage.settle()  # as in a worker, here and in all that follows
    for detect, count in candidates.values():
        for seed in WARM_UP_SEEDS:
            _seconds(detect, _texts(count, seed))
    rounds = 2 if quick else 6
    spent = dict.fromkeys(candidates, 0.0)
    done = dict.fromkeys(candidates, 0)
    with report.progress("short texts", rounds) as advance:
        for number in range(rounds):
            for name, (detect, count) in candidates.items():
                spent[name] += _seconds(detect, _texts(count, ROUND_SEED + number))
                done[name] += count
            advance(1)
    rate = {name: done[name] / spent[name] for name in candidates}
    report.figure("Presidio, short texts", round(rate["presidio"]), "texts/s")
    report.figure("structured detectors, short texts", round(rate["structured"]), "texts/s")
    report.figure(
        "structured detectors against Presidio",
        rate["structured"] / rate["presidio"],
        "×",
        at_least=100,
    )
    report.figure("all detectors, short texts", round(rate["all"]), "texts/s")
    report.figure(
        "all detectors against Presidio", rate["all"] / rate["presidio"], "×", at_least=30
    )


def measure_events(report: Report, *, quick: bool) -> None:
    """Report events/s from bytes to proven bytes, by source, and against Presidio."""
    rounds = 1 if quick else 3
    seeds = range(ROUND_SEED, ROUND_SEED + rounds)
    sources = {
        "simulated fleet": [simulated_messages(4000, seed) for seed in seeds],
        ALL_DIFFERENT: [labelled_messages(2000, seed) for seed in seeds],
    }
    recorded = airline_messages()
    if recorded:
        # each event once and in order, as a worker meets them
        sources["recorded runs"] = [recorded]
    rates = {name: _events_per_second(report, name, each) for name, each in sources.items()}
    for name, rate in rates.items():
        report.figure(f"{name}: parse to bytes out", round(rate), "events/s", at_least=10_000)
    sample = labelled_messages(40 if quick else 120, WARM_UP_SEEDS[0])
    presidio = Presidio()
    leaves = [list(_leaves(orjson.loads(message))) for message in sample]
    seconds = sum(_seconds(presidio.detect, each) for each in leaves)
    baseline = len(sample) / seconds
    report.figure("Presidio, the leaves of different events", round(baseline), "events/s")
    report.figure("different events against Presidio", rates[ALL_DIFFERENT] / baseline, "×")


def measure_hostile(report: Report, *, quick: bool) -> None:
    """Report the slowest hostile text of 20 KB and how time grows from 10 KB to 40 KB."""
    redactor = LineRedactor(default_policy())
    sizes = (10_000, 20_000, 40_000)
    rounds = 2 if quick else 4
    best: dict[tuple[str, int], float] = {}
    with report.progress("hostile texts", rounds * len(sizes)) as advance:
        for number in range(rounds):
            for size in sizes:
                for kind, text in hostile_texts(size, f"n{number}s{size} ").items():
                    seconds = _seconds(redactor.redact, [text])
                    best[kind, size] = min(seconds, best.get((kind, size), math.inf))
                advance(1)
    kinds = {kind for kind, _ in best}
    slowest = sorted(kinds, key=lambda kind: -best[kind, 20_000])
    report.figure(
        "slowest hostile text of 20 KB", best[slowest[0], 20_000] * 1000, "ms", at_most=100
    )
    growth = {
        kind: math.log(best[kind, 40_000] / max(best[kind, 10_000], CLOCK_TICK)) / math.log(4)
        for kind in kinds
        if best[kind, 40_000] > 10 * CLOCK_TICK
    }
    # time ∝ length^exponent; above 1.3 is more than noise and caches explain
    report.figure(
        "steepest growth with length, 10 to 40 KB",
        max(growth.values(), default=None),
        "exponent",
        at_most=1.3,
    )
    rows = [
        [kind, *(best[kind, size] * 1000 for size in sizes), growth.get(kind)]
        for kind in sorted({*slowest[:8], *sorted(growth, key=lambda kind: -growth[kind])[:2]})
    ]
    report.table(
        "Slowest hostile texts", ["text", "10 KB ms", "20 KB ms", "40 KB ms", "exp."], rows
    )


def measure_memory(report: Report, *, quick: bool) -> None:
    """Report the largest resident set of a process that redacts many different events."""
    events = 5_000 if quick else 40_000
    with report.progress(f"memory after {events} events"):
        done = subprocess.run(
            [sys.executable, "-m", "tests.bench.parts.redactor_memory", str(events)],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).resolve().parents[3],
        )
    report.figure("memory of a redactor process", float(done.stdout), "MB", at_most=400)


def _texts(count: int, seed: int) -> list[str]:
    # not the cached set: rounds must not keep what they measured
    return [item.text for item in sets.core.__wrapped__(count=count, seed=seed)]


def _seconds(call: Callable[[str], object], texts: Sequence[str]) -> float:
    begin = time.process_time()
    for text in texts:
        call(text)
    return time.process_time() - begin


def _events_per_second(report: Report, name: str, repetitions: list[list[bytes]]) -> float:
    seconds, events = 0.0, 0
    with report.progress(name, len(repetitions)) as advance:
        redactor = event_redactor(RedactionSettings.model_validate({"key": KEY}))
        redactor.redact_batch(decoded(labelled_messages(BATCH, WARM_UP_SEEDS[0])))
        for messages in repetitions:
            begin = time.process_time()
            for first in range(0, len(messages), BATCH):
                redactor.redact_batch(decoded(messages[first : first + BATCH]))
            seconds += time.process_time() - begin
            events += len(messages)
            advance(1)
    return events / seconds


def _leaves(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _leaves(child)

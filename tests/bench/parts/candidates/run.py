"""Runs what Sluice is held against, each in a process of its own, bound to one core.

A candidate is a module beside this one: its `main` reads the input topic, tells a `Meter` what it
takes and what it has finished, and finds broker and engine through the settings in its environment.
`measure` is for the benchmark; `python -m tests.bench.parts.candidates.run NAME CORE COUNT` is the
process.
"""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

import orjson

from pipeline.config import load_settings
from tests.bench.parts.candidates.meter import Meter

ROOT = Path(__file__).resolve().parents[4]
GIVE_UP_SECONDS = 600.0


@dataclass(frozen=True)
class Spent:
    """What a candidate needed for `events` events."""

    events: float
    seconds: float
    cpu_seconds: float
    memory_mib: float

    @property
    def events_per_second(self) -> float:
        """By the clock, on one core."""
        return self.events / self.seconds

    @property
    def events_per_cpu_second(self) -> float:
        """By the process's own CPU time: what a core does that nobody else disturbs."""
        return self.events / self.cpu_seconds

    @property
    def cpu_microseconds(self) -> float:
        """CPU of one event."""
        return self.cpu_seconds / self.events * 1e6

    def with_another(self, other: Spent) -> Spent:
        """Return both runs as one."""
        return Spent(
            self.events + other.events,
            self.seconds + other.seconds,
            self.cpu_seconds + other.cpu_seconds,
            max(self.memory_mib, other.memory_mib),
        )


def measure(
    name: str,
    count: int,
    core: int,
    environment: Mapping[str, str],
    step: Callable[[int], None],
) -> Spent:
    """Let the candidate `name` do its job on `count` events of the input topic."""
    module = "tests.bench.parts.candidates.run"
    command = [sys.executable, "-m", module, name, str(core), str(count)]
    with (
        tempfile.TemporaryFile() as errors,
        tempfile.TemporaryDirectory(prefix="sluice-bench-") as folder,
    ):
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            # what a candidate keeps on disk goes with it
            env={**os.environ, **environment, "TMPDIR": folder},
            stdout=subprocess.PIPE,
            stderr=errors,
        )
        # a candidate that hangs must not hang the benchmark
        timer = Timer(GIVE_UP_SECONDS, process.kill)
        timer.start()
        result: dict[str, float] = {}
        try:
            assert process.stdout is not None
            for line in process.stdout:
                told = orjson.loads(line)
                if "step" in told:
                    step(told["step"])
                else:
                    result = told
        finally:
            timer.cancel()
            process.kill()
            process.wait()
        if not result:
            errors.seek(0)
            raise RuntimeError(f"{name} did not finish: {errors.read()[-2000:].decode()}")
    return Spent(**result)


def main(name: str, core: str, count: str) -> None:
    """Bind this process to its core before anything starts a thread, then run the candidate."""
    os.sched_setaffinity(0, {int(core)})
    module_name, _, variant = name.partition(":")
    module = importlib.import_module(f"tests.bench.parts.candidates.{module_name}")
    arguments = [variant] if variant else []
    module.main(load_settings(), Meter(int(count)), *arguments)


if __name__ == "__main__":
    main(*sys.argv[1:])

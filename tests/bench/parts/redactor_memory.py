"""Run as a program: what a redactor process holds in memory after many different events.

It imports what a worker imports and redacts through the worker's own stage; prints the largest
resident set in MB.
"""

from __future__ import annotations

import resource
import sys

import agents.redactor
from pipeline.config import RedactionSettings
from tests.bench.parts.events import decoded, labelled_messages


def main(events: int) -> None:
    """Redact that many distinct events in batches and print the largest resident set, in MB."""
    redactor = agents.redactor.event_redactor(RedactionSettings())
    batch = 1_000
    for seed in range(events // batch):
        redactor.redact_batch(decoded(labelled_messages(batch, seed)))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


if __name__ == "__main__":
    main(int(sys.argv[1]))

"""What a batch of events led to, as messages for the detector: signals, partials, progress.

Signals are single facts: crossed budgets, late events, full labels.
"""

from __future__ import annotations

from collections.abc import Iterator

from pipeline.detection.messages import Progress, Signals, labels_of
from pipeline.detection.signals import Signal
from pipeline.windows.batch import Changes

FULL_PERCENT = 100


def messages_of(
    changes: Changes, progress: Progress, told: Progress | None, offset: int
) -> list[tuple[bytes, bytes]]:
    """Return keys and values in the order to send; `told` is the progress that was sent last."""
    signals = signals_of(progress.partition, offset, progress.watermark_ms, changes)
    messages = [(b"signals", Signals(signals).to_bytes())] if signals else []
    messages += changes.partials
    if progress != told:
        messages.append((progress.key, progress.to_bytes()))
    return messages


def signals_of(
    partition: int, offset: int, watermark_ms: int, changes: Changes
) -> tuple[Signal, ...]:
    """Return the signals of a batch that ended at `offset`; ids are the same when it comes again.

    A budget event is published until its task is forgotten, so none is lost. Counts of late events
    and overflows are told once: a crash between the state and the topic loses those of one batch,
    which the metrics still have.
    """
    return tuple(_signals(partition, offset, watermark_ms / 1000, changes))


def _signals(partition: int, offset: int, now: float, changes: Changes) -> Iterator[Signal]:
    for crossing in changes.crossings:
        if crossing["level_percent"] >= FULL_PERCENT:
            named = (("agent", crossing["agent_name"]), ("workflow", crossing["workflow"]))
            yield Signal(
                time=crossing["crossed_ms"] / 1000,
                id=crossing["id"],
                measure="budget_exceeded",
                labels=labels_of((name, value or "") for name, value in named),
                value=crossing["value"] / crossing["limit"],
                trace_id=crossing["trace_id"] or "",
            )
    late = sum(changes.late.values())
    if late:
        yield Signal(now, f"late:{partition}:{offset}", "late_events", value=float(late))
    for label in changes.overflowed:
        yield Signal(
            now, f"overflow:{partition}:{label}", "cardinality_overflow", (("label", label),)
        )

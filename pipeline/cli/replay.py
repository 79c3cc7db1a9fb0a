"""`sluice replay`: process a range of a topic again, in the place of what is stored."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime

import click
import orjson

from pipeline.adapters.kafka.admin import topic_states
from pipeline.adapters.kafka.ranges import OffsetRange, offsets_at
from pipeline.cli.console import err, out, progress
from pipeline.cli.settled import settled_offsets
from pipeline.cli.times import INSTANT
from pipeline.config import Settings, load_settings
from pipeline.errors import InputError, SluiceError
from pipeline.local.environment import settings_environment
from pipeline.topics import EVENTS_CLEAN, EVENTS_RAW

TOPICS = {"raw": EVENTS_RAW.name, "clean": EVENTS_CLEAN.name}


@click.command(name="replay")
@click.option("--from", "begin", type=INSTANT, help="First time, by Kafka's clock.")
@click.option("--to", "end", type=INSTANT, help="Time behind the last, by Kafka's clock.")
@click.option(
    "--offsets", multiple=True, help="Instead of times: partition:first-last, repeatable."
)
@click.option("--topic", type=click.Choice(sorted(TOPICS)), default="raw", show_default=True)
@click.option("--dry-run", is_flag=True, help="Say what would be processed.")
def command(
    begin: datetime | None,
    end: datetime | None,
    offsets: tuple[str, ...],
    topic: str,
    dry_run: bool,
) -> None:
    """Process a range again: raw, with the policy in force now; clean, as it stands in the topic.

    Rows and dead letters of the range are replaced, never added to, and nothing is published a
    second time, so that windows, tasks and alerts stay as they are. Only what has reached
    ClickHouse is touched. A run that breaks off is repaired by running it again.
    """
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    settings = load_settings()
    if bool(offsets) == bool(begin or end):
        raise InputError("say what to replay: --from and --to, or --offsets")
    wanted = [OffsetRange.parse(text) for text in offsets]
    name = TOPICS[topic]
    ranges = asyncio.run(settled_ranges(settings, name, wanted, begin, end))
    total = sum(found.last - found.first + 1 for found in ranges)
    err.print(f"{name}: {total:,} records in {len(ranges)} partitions")
    if dry_run or not ranges:
        out.print("\n".join(map(str, ranges)))
        return
    done = run_reprocess(settings, name, ranges)
    out.print(
        f"{done['records']:,} records again: {done['rows']:,} rows in the place of "
        f"{done['replaced']:,}, {done['dead_letters']:,} dead letters, "
        f"{done['repeated']:,} published twice and stored once"
    )


def run_reprocess(settings: Settings, topic: str, ranges: Sequence[OffsetRange]) -> dict[str, int]:
    """Run the worker that processes `ranges` again, showing progress; return what it did."""
    total = sum(wanted.last - wanted.first + 1 for wanted in ranges)
    done: dict[str, int] = dict.fromkeys(
        ("records", "rows", "replaced", "dead_letters", "repeated"), 0
    )
    arguments = [sys.executable, "-m", "agents.reprocess", topic, *map(str, ranges)]
    with (
        subprocess.Popen(arguments, env=_environment(settings), stdout=subprocess.PIPE) as process,
        progress() as display,
    ):
        task = display.add_task("replaying", total=total)
        assert process.stdout is not None  # noqa: S101 - asked for above
        for line in process.stdout:
            done = orjson.loads(line)
            display.update(task, completed=done["records"])
    if process.returncode:
        raise SluiceError("the replay broke off", hint="run it again: it repairs what is half done")
    return done


def _environment(settings: Settings) -> dict[str, str]:
    return {**os.environ, **settings_environment(settings)}


async def settled_ranges(
    settings: Settings,
    topic: str,
    wanted: list[OffsetRange],
    begin: datetime | None = None,
    end: datetime | None = None,
) -> list[OffsetRange]:
    """Return the ranges, cut to what the broker still has and what has reached ClickHouse."""
    settled = await settled_offsets(settings.kafka)
    [state] = await topic_states(settings.kafka, [topic])
    if not wanted:
        first = await offsets_at(settings.kafka, topic, _ms(begin)) if begin else {}
        behind = await offsets_at(settings.kafka, topic, _ms(end)) if end else {}
        wanted = [
            OffsetRange(number, first.get(number, 0), behind.get(number, stop) - 1)
            for number, stop in state.end_offsets.items()
        ]
    cut = [
        OffsetRange(
            number,
            max(first_offset, state.begin_offsets.get(number, 0)),
            min(last_offset, settled.get((topic, number), 0) - 1),
        )
        for number, first_offset, last_offset in wanted
    ]
    return [found for found in cut if found.first <= found.last]


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)

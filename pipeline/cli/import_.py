"""`sluice import`: recorded chat runs in the OpenAI message format, published as native events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import click
import orjson

from pipeline.adapters.kafka.batches import Record
from pipeline.cli.console import err, out
from pipeline.cli.event_files import messages, opened
from pipeline.cli.sending import send_all
from pipeline.cli.times import INSTANT
from pipeline.clock import SystemClock
from pipeline.config import load_settings
from pipeline.errors import InputError
from pipeline.events.chat_runs import RunOptions, events_of_run
from pipeline.topics import EVENTS_RAW


@click.command("import")
@click.argument("file")
@click.option("--topic", default=EVENTS_RAW.name, show_default=True, help="Where to publish.")
@click.option("--agent", default="imported", show_default=True, help="The agent's name.")
@click.option("--release", default="recorded", show_default=True, help="The agent's release.")
@click.option("--workflow", default="imported", show_default=True, help="The workflow's name.")
@click.option("--provider", default="openai", show_default=True, help="Who served the model.")
@click.option("--model", default="gpt-4o", show_default=True, help="Where a run does not say.")
@click.option("--seed", default=0, show_default=True, help="Of the estimated times.")
@click.option("--start", type=INSTANT, default=None, help="When the first run begins. [now]")
@click.option("--out", "out_file", default=None, help="Write NDJSON to this file, publish nothing.")
def command(
    file: str,
    topic: str,
    agent: str,
    release: str,
    workflow: str,
    provider: str,
    model: str,
    seed: int,
    start: datetime | None,
    out_file: str | None,
) -> None:
    """Publish the recorded chat runs of FILE (- for standard input; gzip too).

    One run a line: a list of chat messages, or an object that has one under messages or traj.
    Times, latencies and tokens, which recordings lack, are estimated and marked in
    attributes.estimated. The same file gives the same ids.
    """
    settings = load_settings()
    options = RunOptions(
        start=start.timestamp() if start else SystemClock().now(),
        seed=seed,
        agent_name=agent,
        release_version=release,
        workflow=workflow,
        provider=provider,
        model=model,
    )
    counts: Counter[str] = Counter()
    with opened(file) as source:
        records = _records(messages(source), options, counts)
        if out_file:
            with click.open_file(out_file, "wb") as target:
                for record in records:
                    target.write((record.value or b"") + b"\n")
        else:
            send_all(settings.kafka, topic, records, title="importing")
    if not counts["runs"]:
        raise InputError(f"{file} holds no chat run")
    skipped = f", {counts['skipped']:,} skipped" if counts["skipped"] else ""
    where = out_file or topic
    out.print(
        f"imported {counts['runs']:,} runs as {counts['events']:,} events to {where}{skipped}"
    )


def _records(lines: Iterator[bytes], options: RunOptions, counts: Counter[str]) -> Iterator[Record]:
    for position, line in enumerate(lines):
        try:
            events = events_of_run(line, position, options)
        except InputError as error:
            err.print(f"run {position + 1} {error}: skipped", markup=False)
            counts["skipped"] += 1
            continue
        counts["runs"] += 1
        counts["events"] += len(events)
        for event in events:
            yield Record(event["session_id"].encode(), orjson.dumps(event))

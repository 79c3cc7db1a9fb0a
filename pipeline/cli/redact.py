"""`sluice redact`: what the redactor does, on a line of text or JSON, at the terminal."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Group
from rich.table import Table
from rich.text import Text

from pipeline.cli.console import err, out
from pipeline.config import RedactionSettings, load_settings
from pipeline.errors import ConfigError
from pipeline.redaction.lines import LineRedactor
from pipeline.redaction.policy import compile_policy, default_policy
from pipeline.redaction.pseudonyms import Keyring
from pipeline.redaction.spans import Span
from pipeline.redaction.tiers import detector_factory

_COLOURS = ("cyan", "magenta", "yellow", "green", "blue", "red")


@click.command(name="redact")
@click.option("--policy", type=click.Path(path_type=Path), help="Policy file (default: settings).")
@click.option("--tenant", help="Use the policy's section of this tenant, and its pseudonyms.")
@click.option("--workflow", help="Use the policy's section of this workflow.")
@click.option("--spans", is_flag=True, help='Lines {"text": …} in, lines {"text", "spans"} out.')
@click.option("--explain", is_flag=True, help="Show what was found, by which detector.")
@click.argument("file", type=click.File("rb"), default="-")
def command(
    policy: Path | None,
    tenant: str | None,
    workflow: str | None,
    spans: bool,
    explain: bool,
    file: BinaryIO,
) -> None:
    """Redact FILE or standard input, line by line: JSON or text.

    Pseudonyms need SLUICE_REDACTION__KEY; without it values become plain labels.
    """
    if spans and explain:
        raise click.UsageError("--spans and --explain exclude each other")
    settings = load_settings().redaction
    chosen = policy or settings.policy_file
    redactor = LineRedactor(
        compile_policy(chosen) if chosen else default_policy(),
        _keyring(settings),
        tenant_id=tenant,
        workflow=workflow,
        detectors=detector_factory(settings.tier, settings.model),
    )
    lines = _lines(file)
    if explain:
        _explain(redactor, lines)
    elif spans:
        _spans(redactor, lines)
    else:
        _redact(redactor, lines)


def _keyring(settings: RedactionSettings) -> Keyring:
    file = settings.key_file
    if file is None:
        return Keyring.single(settings.key_id, settings.key.get_secret_value())
    try:
        return Keyring.parse(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError):
        raise ConfigError(f"the key file {file} cannot be read") from None


def _lines(file: BinaryIO) -> Iterator[str]:
    for line in file:
        yield line.decode("utf-8", "replace").rstrip("\r\n")


def _redact(redactor: LineRedactor, lines: Iterator[str]) -> None:
    failures: Counter[str] = Counter()
    for text in lines:
        line = redactor.redact(text)
        failures.update(line.failures)
        _write(line.text.encode("utf-8", "replace"))
    sys.stdout.flush()
    for reason, count in failures.items():
        err.print(f"[yellow]{count} values became <UNVERIFIED>: {reason}[/]")


def _spans(redactor: LineRedactor, lines: Iterator[str]) -> None:
    for given in lines:
        text = _text_of(given)
        found = [
            {"start": s.start, "end": s.end, "entity_type": s.entity_type, "score": s.score}
            for s in redactor.spans(text)
        ]
        # json, because orjson refuses the lone surrogates that a text may hold
        line = json.dumps({"text": text, "spans": found}, ensure_ascii=False)
        _write(line.encode("utf-8", "surrogatepass"))
    sys.stdout.flush()


def _text_of(line: str) -> str:
    """Return the field `text` of a JSON line; any other line is a text itself."""
    try:
        value = json.loads(line)
    except ValueError:
        return line
    if isinstance(value, dict) and isinstance(value.get("text"), str):
        return str(value["text"])
    return line


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")
    if sys.stdout.isatty():
        sys.stdout.flush()


def _explain(redactor: LineRedactor, lines: Iterator[str]) -> None:
    for line in lines:
        text = _text_of(line)
        found = redactor.spans(text)
        out.print(Group(_coloured(text, found), _table(text, found), Text()))


def _coloured(text: str, found: list[Span]) -> Text:
    shown = Text(text)
    for span in found:
        shown.stylize(f"bold {_colour(span)} reverse", span.start, span.end)
    return shown


def _table(text: str, found: list[Span]) -> Table | Text:
    if not found:
        return Text("  nothing found", style="dim")
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for column in ("place", "entity", "score", "found by", "value"):
        table.add_column(column)
    for span in found:
        table.add_row(
            f"{span.start}–{span.end}",
            Text(span.entity_type, style=_colour(span)),
            f"{span.score:.2f}",
            span.detector,
            Text(text[span.start : span.end]),
        )
    return table


def _colour(span: Span) -> str:
    return _COLOURS[sum(span.entity_type.encode()) % len(_COLOURS)]

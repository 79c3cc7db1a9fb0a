"""Where a canary may have got to: tables (system tables too), topics, logs, metrics."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.adapters.clickhouse import Client
from pipeline.adapters.kafka.admin import topic_states
from pipeline.cli.downstream import records
from pipeline.config import KafkaSettings
from pipeline.errors import SluiceError

# tables of the engine that have no end, or whose rows are made from the query itself
_ENDLESS = ("numbers", "zeros", "primes", "generate")
_ROWS_A_TABLE = 5_000_000
_HTTP_SECONDS = 5.0


@dataclass
class Findings:
    """What a search found: (place, entity) -> how often; and where it could not look."""

    hits: dict[tuple[str, str], int] = field(default_factory=dict)
    searched: dict[str, int] = field(default_factory=dict)
    """Kind of place -> how many of them were searched."""
    skipped: list[str] = field(default_factory=list)

    def add(self, place: str, entity: str, count: int = 1) -> None:
        """Count a hit."""
        self.hits[place, entity] = self.hits.get((place, entity), 0) + count

    def looked_at(self, kind: str) -> None:
        """Count a place that was searched."""
        self.searched[kind] = self.searched.get(kind, 0) + 1


class Needles:
    """The spellings to look for, with their entities; case does not matter."""

    def __init__(self, spellings: Mapping[str, str]) -> None:
        self._entities = {form.casefold(): entity for form, entity in spellings.items()}
        forms = sorted(self._entities, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, forms)))
        self.forms: Sequence[str] = forms

    def entity(self, form: str) -> str:
        """Return the entity of a form."""
        return self._entities[form]

    def found_in(self, text: str) -> set[str]:
        """Return the entities whose values `text` holds."""
        return {self._entities[match] for match in self._pattern.findall(text.casefold())}


def search_tables(client: Client, needles: Needles, findings: Findings) -> None:
    """Search every row of every table, the engine's own included.

    The needles are put together inside the query: written out, the query's own log would hold
    them, and the search would find itself.
    """
    tables = client.query(
        "SELECT database, name FROM system.tables WHERE lower(database) != 'information_schema'"
    )
    for database, table in sorted(tables):
        if database == "system" and table.startswith(_ENDLESS):
            continue
        place = f"table {database}.{table}"
        try:
            # one question for all of them; which ones it was is asked only after a hit
            if _rows_with(client, database, table, needles.forms):
                for entity, forms in _by_entity(needles).items():
                    count = _rows_with(client, database, table, forms)
                    if count:
                        findings.add(place, entity, count)
        except SluiceError:
            findings.skipped.append(place)
        else:
            findings.looked_at("system tables" if database == "system" else "tables")


def _by_entity(needles: Needles) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for form in needles.forms:
        groups.setdefault(needles.entity(form), []).append(form)
    return groups


def _rows_with(client: Client, database: str, table: str, forms: Sequence[str]) -> int:
    halves = ", ".join(
        f"concat('{_quoted(form[: len(form) // 2])}', '{_quoted(form[len(form) // 2 :])}')"
        for form in forms
    )
    # names come from system.tables and needles from ourselves
    query = (
        "SELECT count() FROM (SELECT lower(formatRowNoNewline('JSONEachRow', *)) AS row "  # noqa: S608
        f"FROM `{database}`.`{table}` LIMIT {_ROWS_A_TABLE}) WHERE multiSearchAny(row, [{halves}])"
    )
    settings = {"output_format_json_escape_forward_slashes": 0, "max_execution_time": 60}
    [(count,)] = client.query(query, settings=settings)
    return int(count)


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")


async def search_topics(
    settings: KafkaSettings, inputs: Iterable[str], needles: Needles, findings: Findings
) -> None:
    """Search keys and values of every topic of the broker but the inputs, changelogs included."""
    left_out = set(inputs)
    for state in await topic_states(settings):
        if state.name in left_out:
            continue
        async for text in _texts(settings, state.name):
            for entity in needles.found_in(text):
                findings.add(f"topic {state.name}", entity)
        findings.looked_at("topics")


async def _texts(settings: KafkaSettings, topic: str) -> AsyncIterator[str]:
    async for record in records(settings, topic):
        headers = [value for _, value in record.headers or ()]
        for part in (record.key, record.value, *headers):
            if part:
                yield part.decode("utf-8", "replace")


def search_logs(folders: Iterable[Path], needles: Needles, findings: Findings) -> None:
    """Search all files named `*.log*` in `folders`."""
    for folder in folders:
        for path in sorted(folder.glob("*.log*")):
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    for entity in needles.found_in(line):
                        findings.add(f"log {path.name}", entity)
            findings.looked_at("logs")


def search_metrics(urls: Iterable[str], needles: Needles, findings: Findings) -> None:
    """Search what workers tell about themselves: names, labels and values."""
    for url in urls:
        text = _fetched(url)
        if text is None:
            findings.skipped.append(f"metrics {url}")
            continue
        for entity in needles.found_in(text):
            findings.add(f"metrics {url}", entity)
        findings.looked_at("metrics")


def _fetched(url: str) -> str | None:
    try:
        with urllib.request.urlopen(url, timeout=_HTTP_SECONDS) as answer:  # noqa: S310 - from settings
            return str(answer.read().decode("utf-8", "replace"))
    except (urllib.error.URLError, OSError):
        return None


def hits_by_place(findings: Findings) -> Iterator[tuple[str, str, int]]:
    """Yield (place, entity, count), sorted."""
    for (place, entity), count in sorted(findings.hits.items()):
        yield place, entity, count

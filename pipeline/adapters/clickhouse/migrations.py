"""Numbered, forward-only SQL files: what they must be, and which are still to apply. No I/O.

A file is `NNNN_name.sql`: statements in order, `{database}` for the database's name. ClickHouse
has no transactions around DDL, so a file may end up half-applied, and two runs may meet; both are
harmless because every statement must be one that can be run again.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.errors import ConfigError
from pipeline.sql import Token, split_statements, tokens

_FILE_NAME = re.compile(r"(\d{4})_([a-z0-9_]+)\.sql")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VERBS = ("CREATE", "DROP", "ALTER")


@dataclass(frozen=True)
class Migration:
    """One file, ready to run."""

    number: int
    name: str
    checksum: str
    """SHA-256 of the file's text as it stands, before the database's name is put in."""
    statements: tuple[str, ...]

    @property
    def label(self) -> str:
        """Number and name as in the file's name."""
        return f"{self.number:04d}_{self.name}"


@dataclass(frozen=True)
class Applied:
    """One row of the database's record."""

    number: int
    name: str
    checksum: str


def read(file_name: str, text: str, database: str) -> Migration:
    """Read one file for a database. Raises `ConfigError` that names the file."""
    match = _FILE_NAME.fullmatch(file_name)
    if match is None:
        raise ConfigError(f"{file_name}: a migration is named NNNN_name.sql")
    if not _DATABASE.fullmatch(database):
        raise ConfigError("clickhouse.database is not a plain identifier")
    statements = tuple(split_statements(text.replace("{database}", database)))
    if not statements:
        raise ConfigError(f"{file_name}: holds no statement")
    for position, statement in enumerate(statements, 1):
        fault = _fault(statement)
        if fault:
            raise ConfigError(f"{file_name}, statement {position}: {fault}")
    checksum = hashlib.sha256(text.encode()).hexdigest()
    return Migration(int(match.group(1)), match.group(2), checksum, statements)


def plan(available: Iterable[Migration], applied: Sequence[Applied]) -> list[Migration]:
    """Return the migrations still to apply, in order.

    Raises `ConfigError` for a gap or a duplicate in the files, for an applied file that was
    changed, and for a database that is ahead of the files or has a gap itself.
    """
    files = sorted(available, key=lambda migration: migration.number)
    for one, two in pairwise(files):
        if one.number == two.number:
            raise ConfigError(f"two migrations have one number: {one.label} and {two.label}")
    for expected, migration in enumerate(files, 1):
        if migration.number != expected:
            raise ConfigError(f"migration {expected:04d} is missing before {migration.label}")
    by_number = {migration.number: migration for migration in files}
    for expected, row in enumerate(sorted(applied, key=lambda row: row.number), 1):
        known = by_number.get(row.number)
        if known is None:
            raise ConfigError(
                f"the database has migration {row.number:04d}_{row.name}, these files do not",
                hint="use the version of Sluice that applied it, or a later one",
            )
        if row.number != expected:
            raise ConfigError(f"the database lacks migration {expected:04d} but has a later one")
        if known.checksum != row.checksum:
            raise ConfigError(
                f"migration {known.label} was changed after it was applied",
                hint="restore the file and put the change into a new one",
            )
    return files[len(applied) :]


def _fault(statement: str) -> str:
    """Say why a statement could not be run twice; empty where it can."""
    found = list(tokens(statement.encode()))
    words = [token.keyword for token in found]
    verb = words[0] if words else ""
    if verb not in _VERBS:
        return f"only {', '.join(_VERBS)} may stand here"
    if verb == "CREATE" and words[1] == "OR" and words[2] == "REPLACE":
        return ""
    if verb == "CREATE":
        return "" if _follows(words, 1, "IF", "NOT", "EXISTS") else "CREATE needs IF NOT EXISTS"
    if verb == "DROP":
        return "" if _follows(words, 1, "IF", "EXISTS") else "DROP needs IF EXISTS"
    return _alter_fault(found, words)


def _alter_fault(found: Sequence[Token], words: Sequence[str]) -> str:
    for at, token in enumerate(found):
        starts_action = token.depth == 0 and (at == 0 or found[at - 1].text == b"," or at > 2)
        if not starts_action:
            continue
        if token.keyword == "ADD" and not _follows(words, at + 1, "IF", "NOT", "EXISTS"):
            return "ALTER … ADD needs IF NOT EXISTS"
        if token.keyword in ("DROP", "RENAME") and not _follows(words, at + 1, "IF", "EXISTS"):
            return f"ALTER … {token.keyword} needs IF EXISTS"
    return ""


def _follows(words: Sequence[str], start: int, *wanted: str) -> bool:
    """Tell whether `wanted` stands at `start` or after up to two words of an object's kind."""
    return any(tuple(words[at : at + len(wanted)]) == wanted for at in range(start, start + 3))

"""What a request's SQL is, as far as an HTTP interface must know it before the engine parses it.

The engine takes statement, data and output format apart from each other; over HTTP they arrive as
one text. This module finds the seams with ClickHouse's own lexical rules (comments, strings,
quoted names, heredocs) and leaves everything else to the engine's parser.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from pipeline.local.clickhouse.exceptions import ClickHouseError, Code
from pipeline.sql import Token, quote, tokens

_INSERT_CLAUSES = frozenset({"VALUES", "FORMAT", "SELECT", "WITH", "FROM", "WATCH"})
_READS = frozenset({"SELECT", "WITH", "FROM"})


class Kind(Enum):
    """How the engine is to run a statement."""

    SELECT = "select"
    """Returns rows; can be streamed."""
    INSERT = "insert"
    """Takes rows from the request."""
    OTHER = "other"
    """DDL, SHOW, SET, INSERT … SELECT: runs at once, returns little."""
    EMPTY = "empty"


@dataclass(frozen=True)
class Statement:
    """One statement, its seams found. Offsets are in bytes of the text that was analysed."""

    kind: Kind
    verb: str
    """First keyword in upper case, such as SELECT; empty where there is none."""
    sql: bytes
    """The statement without its FORMAT clause, inline data and closing semicolon."""
    format: str | None = None
    """Output format of a read, input format of an insert, where the statement names one."""
    format_at: int = 0
    """Where in `sql` a clause of the output format goes."""
    data_offset: int = 0
    """INSERT: where in the analysed text the data begins."""
    source: tuple[int, int] = (0, 0)
    """INSERT: what of `sql`, from and to, gives way to the file with the data."""

    def with_output(self, file: str, output_format: str) -> bytes:
        """Return the statement so that it writes its result to `file`."""
        clause = f"\nINTO OUTFILE {quote(file)} FORMAT {output_format} ".encode()
        return self.sql[: self.format_at] + clause + self.sql[self.format_at :]

    def with_input(self, file: str) -> bytes:
        """Return the INSERT so that it takes its data from `file`."""
        start, stop = self.source
        before, after = self.sql[:start], self.sql[stop:]
        if start != stop:
            return before + f"file({quote(file)}, {self.format}, ".encode() + after
        clause = f"\nFROM INFILE {quote(file)} ".encode()
        return before + clause + after + f"\nFORMAT {self.format}".encode()


def is_insert(text: bytes) -> bool:
    """Tell whether the text begins an INSERT, whose data may follow the statement."""
    first = next(tokens(text), None)
    return first is not None and first.keyword == "INSERT"


def analyse(text: bytes) -> Statement:
    """Find the seams of the one statement in `text`.

    For an INSERT whose clause (VALUES, FORMAT, SELECT) has not arrived yet, `data_offset` is the
    length of the text. Raises `ClickHouseError` for several statements, and for those that name a
    file of the server to read from or write to.
    """
    if is_insert(text):
        return _analyse_insert(text)
    return _analyse_query(text)


def _analyse_query(text: bytes) -> Statement:
    found = list(tokens(text))
    end = next((at for at, token in enumerate(found) if token.text == b";"), len(found))
    if any(token.text != b";" for token in found[end:]):
        raise ClickHouseError(
            Code.SYNTAX_ERROR,
            "Syntax error (Multi-statements are not allowed): "
            f"failed at position {found[end].start + 1} (end of query)",
        )
    stop = found[end].start if end < len(found) else len(text)
    found = found[:end]
    if not found:
        return Statement(Kind.EMPTY, "", b"")
    verb = next((token.keyword for token in found if token.keyword), "")
    if any(one.keyword == "INTO" and two.keyword == "OUTFILE" for one, two in pairwise(found)):
        raise ClickHouseError(
            Code.INTO_OUTFILE_NOT_ALLOWED, "INTO OUTFILE is not allowed over the HTTP interface"
        )
    kind = Kind.SELECT if verb in _READS else Kind.OTHER
    clause = _format_clause(found)
    if clause is None:
        return Statement(kind, verb, text[:stop], format_at=stop)
    keyword, name = clause
    sql = text[: keyword.start] + text[name.end : stop]
    return Statement(kind, verb, sql, name.text.decode(errors="replace"), keyword.start)


def _format_clause(found: list[Token]) -> tuple[Token, Token] | None:
    """Find a closing `FORMAT name`; only a SETTINGS clause may come after it."""
    for at in range(len(found) - 2, 0, -1):
        keyword, name = found[at], found[at + 1]
        if keyword.depth or keyword.keyword != "FORMAT":
            continue
        after = found[at + 2].keyword if at + 2 < len(found) else "SETTINGS"
        if name.keyword and after == "SETTINGS":
            return keyword, name
    return None


def _analyse_insert(text: bytes) -> Statement:
    """Read an INSERT up to its clause; what follows may be binary data and is not looked at."""
    seen: list[Token] = []
    for token in tokens(text):
        seen.append(token)
        if not _after_table_name(seen):
            continue
        opens_select = token.depth == 1 and seen[-2].text == b"("
        if opens_select and token.keyword in ("SELECT", "WITH"):
            return _insert_select(text)
        if token.depth == 0 and token.keyword in _INSERT_CLAUSES:
            return _insert_with_clause(text, seen)
    sql = text.rstrip(b" \t\r\n;")
    return _insert(sql, seen, "Values", len(text))


def _after_table_name(seen: list[Token]) -> bool:
    """Tell whether the last token may begin a clause: INSERT INTO [TABLE|FUNCTION] name came."""
    prefix = sum(token.keyword in ("INSERT", "INTO", "TABLE", "FUNCTION") for token in seen[:4])
    return len(seen) > prefix + 1 and seen[-2].text != b"."


def _insert_with_clause(text: bytes, seen: list[Token]) -> Statement:
    clause = seen[-1]
    if clause.keyword == "FROM":
        raise ClickHouseError(
            Code.ACCESS_DENIED, "INSERT … FROM INFILE is not allowed over the HTTP interface"
        )
    if clause.keyword not in ("VALUES", "FORMAT"):
        return _insert_select(text)
    sql = text[: clause.start]
    if clause.keyword == "VALUES":
        return _insert(sql, seen, "Values", clause.end)
    name = next(tokens(text[clause.end :]), None)
    if name is None or not name.keyword:
        return Statement(Kind.INSERT, "INSERT", sql, None, data_offset=len(text))
    data = _data_start(text, clause.end + name.end)
    return _insert(sql, seen, name.text.decode(errors="replace"), data)


def _insert(sql: bytes, seen: list[Token], input_format: str, data: int) -> Statement:
    """Describe an INSERT with data; the data's file is named before a SETTINGS clause."""
    settings = (t.start for t in seen if t.depth == 0 and t.keyword == "SETTINGS")
    at = next(settings, len(sql))
    return Statement(Kind.INSERT, "INSERT", sql, input_format, data_offset=data, source=(at, at))


def _insert_select(text: bytes) -> Statement:
    """Describe INSERT … SELECT; with the function input() it takes data after all."""
    seen: list[Token] = []
    source: tuple[int, int] | None = None
    for token in tokens(text):
        if len(seen) > 1 and token.text == b"(" and seen[-1].keyword == "INPUT":
            source = (seen[-1].start, token.end)
        if source and token.depth == 0 and seen[-1].keyword == "FORMAT" and token.keyword:
            return Statement(
                Kind.INSERT,
                "INSERT",
                text[: seen[-1].start],
                token.text.decode(errors="replace"),
                data_offset=_data_start(text, token.end),
                source=source,
            )
        seen.append(token)
    whole = _analyse_query(text)
    return Statement(Kind.OTHER, "INSERT", whole.sql, whole.format, whole.format_at, len(text))


def _data_start(text: bytes, at: int) -> int:
    """Skip what separates a format's name from the data: blanks, then at most one line end."""
    while at < len(text) and text[at : at + 1] in (b" ", b"\t", b"\f"):
        at += 1
    if text[at : at + 1] == b"\r":
        at += 1
    if text[at : at + 1] == b"\n":
        at += 1
    return at

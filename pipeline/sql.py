"""ClickHouse's lexical rules: enough to find where a clause or a statement ends, and no grammar.

Follows src/Parsers/Lexer.cpp of ClickHouse: comments, strings with backslashes and doubled quotes,
quoted names, heredocs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""
    (?P<space>   \s++ | --[^\n]*+ | \#[\ !][^\n]*+ | /\*.*?\*/ )
  | (?P<string>  '(?:[^'\\]++|\\.|'')*+' )
  | (?P<quoted>  `(?:[^`\\]++|\\.|``)*+` | "(?:[^"\\]++|\\.|"")*+" )
  | (?P<heredoc> \$(?P<tag>\w*+)\$.*?\$(?P=tag)\$ )
  | (?P<word>    [A-Za-z_\x80-\xff][A-Za-z0-9_$\x80-\xff]*+ )
  | (?P<number>  [0-9][A-Za-z0-9_.]*+ )
  | (?P<symbol>  . )
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One lexical token: its class, its bytes, where it stands, how many brackets are open."""

    kind: str
    """string, quoted (a name), heredoc, word, number or symbol."""
    text: bytes
    start: int
    end: int
    depth: int

    @property
    def keyword(self) -> str:
        """The word in upper case; empty for everything that is no word."""
        return self.text.decode(errors="replace").upper() if self.kind == "word" else ""


def tokens(text: bytes) -> Iterator[Token]:
    """Yield the tokens of `text` without spaces and comments.

    An unclosed string or comment gives single symbols: whoever runs the text will report it.
    """
    depth = 0
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup or "symbol"
        if kind == "space":
            continue
        token = match.group()
        if token in (b")", b"]", b"}"):
            depth = max(0, depth - 1)
        yield Token(kind, token, match.start(), match.end(), depth)
        if token in (b"(", b"[", b"{"):
            depth += 1


def split_statements(text: str) -> list[str]:
    """Split a script at its semicolons; statements without a token are left out."""
    raw = text.encode()
    statements = []
    first: int | None = None
    for token in tokens(raw):
        if token.text == b";":
            if first is not None:
                statements.append(raw[first : token.start].decode().strip())
            first = None
        elif first is None:
            first = token.start
    if first is not None:
        statements.append(raw[first:].decode().strip())
    return statements


def quote(value: str) -> str:
    """Return `value` as a string literal of SQL."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


def quote_name(name: str) -> str:
    """Return `name` as a quoted identifier of SQL."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"

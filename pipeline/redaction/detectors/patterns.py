"""Patterns compiled twice, because most texts are ASCII and Unicode's classes cost twice as much.

On an ASCII text both give the same matches: there `\\w`, `\\d`, `\\b` and letters without regard to
case mean the same with `re.ASCII`, but are read from a table instead of Unicode's database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_WHOLE: Final = 1 << 62
"""An end beyond that of any text."""


class TextPattern:
    """One pattern with the methods of `re.Pattern`; each chooses by the text it is given."""

    __slots__ = ("_ascii", "_wide")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._ascii: re.Pattern[str] = re.compile(pattern, flags | re.ASCII)
        self._wide: re.Pattern[str] = re.compile(pattern, flags)

    def finditer(self, text: str, start: int = 0, end: int = _WHOLE) -> Iterator[re.Match[str]]:
        """Yield the matches in `text[start:end]`, from left to right."""
        return (self._ascii if text.isascii() else self._wide).finditer(text, start, end)

    def findall(self, text: str) -> list[str]:
        """Return the matches in `text`, of a pattern without groups."""
        return (self._ascii if text.isascii() else self._wide).findall(text)

    def search(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Return the first match in `text` from `start` on."""
        return (self._ascii if text.isascii() else self._wide).search(text, start)

    def match(self, text: str, start: int = 0) -> re.Match[str] | None:
        """Return the match in `text` that begins at `start`."""
        return (self._ascii if text.isascii() else self._wide).match(text, start)

    def fullmatch(self, text: str, start: int = 0, end: int = _WHOLE) -> re.Match[str] | None:
        """Return the match of the whole of `text[start:end]`."""
        return (self._ascii if text.isascii() else self._wide).fullmatch(text, start, end)


class CaselessPattern:
    """A pattern that reads no difference between capitals and small letters.

    `re.IGNORECASE` costs the engine its quick ways: it tries each alternative in full instead of
    skipping those that begin with another letter. So an ASCII text is put into small letters once,
    and read with the pattern in small letters, in about half the time. What a match says of the
    text is then in small letters too: use its places, or compare without regard to case.
    """

    __slots__ = ("_ascii", "_wide")

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self._ascii: re.Pattern[str] = re.compile(_in_small_letters(pattern), flags | re.ASCII)
        self._wide: re.Pattern[str] = re.compile(pattern, flags | re.IGNORECASE)

    def reading(self, text: str) -> tuple[re.Pattern[str], str]:
        """Return the pattern to use and the text to use it on; places are those of `text`."""
        return (self._ascii, text.lower()) if text.isascii() else (self._wide, text)

    def finditer(self, text: str) -> Iterator[re.Match[str]]:
        """Yield the matches in `text`, from left to right."""
        return self._ascii.finditer(text.lower()) if text.isascii() else self._wide.finditer(text)

    def fullmatch(self, text: str) -> re.Match[str] | None:
        """Return the match of the whole of `text`."""
        return self._ascii.fullmatch(text.lower()) if text.isascii() else self._wide.fullmatch(text)

    def end_at(self, text: str, start: int, reach: int) -> int | None:
        """Return where the match that begins at `start` ends; it sees `reach` characters."""
        window = text[start : start + reach]
        match = self._ascii.match(window.lower()) if window.isascii() else self._wide.match(window)
        return start + match.end() if match else None


AnyPattern = TextPattern | CaselessPattern

# What must keep its letters: escapes, and the names and signs of groups.
_KEPT: Final = re.compile(r"\\.|\(\?P[<=]\w+[>)]|\(\?[a-z]*[:)]", re.DOTALL)


def _in_small_letters(pattern: str) -> str:
    if "(?-i" in pattern:
        raise ValueError("a part that reads capitals has no place in a caseless pattern")
    parts: list[str] = []
    end = 0
    for kept in _KEPT.finditer(pattern):
        parts += [pattern[end : kept.start()].lower(), kept[0]]
        end = kept.end()
    return "".join([*parts, pattern[end:].lower()])

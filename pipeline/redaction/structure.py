"""Records inside text: JSON, whole or broken off, Python's `repr`, `key="value"`, as places.

A parser gives values, but not where they stand, and gives up on what is broken. This scanner reads
tokens from left to right, tolerates anything and keeps places, so that key names help wherever a
record stands: in a recorded tool result, in the middle of a sentence, in a log line that was cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

MAX_DEPTH: Final = 200

_TOKEN: Final = re.compile(
    r"""
    "(?P<double>(?:[^"\\]|\\.)*+)(?:"|\\?\Z)   # a string of JSON, maybe cut off
    | (?<![A-Za-z0-9])'(?P<single>(?:[^'\\\n]|\\.){0,400}+)'(?=\s*[:,\]})])   # one of Python
    | (?P<name>[A-Za-z_]\w{0,40})\s?[:=]\s?(?=["'])
    | (?P<open>[{\[])
    | (?P<close>[}\]])
    | (?P<colon>:)
    | (?P<comma>,)
    | (?P<bare>[^\s"{}\[\]:,]+)
    """,
    re.VERBOSE | re.DOTALL,
)
_HAS_RECORD: Final = re.compile(r"""["']\s*:|\w\s?[:=]\s?["']""")
_BARE_VALUE: Final = re.compile(r"-?[0-9][0-9.eE+-]*|true|false|null|None|True|False|NaN")
_ESCAPE: Final = re.compile(r"\\(?:u[0-9A-Fa-f]{4}(?:\\u[dD][c-fC-F][0-9A-Fa-f]{2})?|.)", re.DOTALL)


@dataclass(slots=True)
class Leaf:
    """A scalar: `[start, end)` is its content, without quotes; `quoted` says whether it had any."""

    start: int
    end: int
    quoted: bool


@dataclass(slots=True)
class Record:
    """An object or a list: entries in order; the keys of a list's entries are None."""

    is_object: bool
    entries: list[tuple[Leaf | None, Leaf | Record]] = field(default_factory=list)


def holds_record(text: str) -> bool:
    """Tell cheaply whether `text` may hold a record: a key or a value in quotes."""
    if '"' not in text and "'" not in text:
        return False
    return (":" in text or "=" in text) and _HAS_RECORD.search(text) is not None


def records(text: str) -> Iterator[Record]:
    """Yield the outermost records of `text` in order; what stands between them is passed over.

    Broken input gives what could be read: an unclosed record ends with the text, and a pair
    outside any record (`"email": "…"`, as a cut-off line has it) is a record of its own.
    Time is linear in the length; deeper than `MAX_DEPTH` the levels are read as one.
    """
    stack: list[Record] = []
    key: Leaf | None = None
    keys: list[Leaf | None] = []
    pending: Leaf | None = None
    colon = False
    loose = Record(is_object=True)

    def settle() -> None:
        """Put the scalar read last where it belongs."""
        nonlocal key, pending, colon
        if pending is not None and (colon or (stack and not stack[-1].is_object)):
            (stack[-1] if stack else loose).entries.append((key if colon else None, pending))
        key, pending, colon = None, None, False

    for match in _TOKEN.finditer(text):
        group = match.lastgroup
        if group in ("double", "single"):
            assert group is not None  # noqa: S101 - for the type checker
            if pending is not None:
                settle()
            pending = Leaf(match.start(group), match.end(group), quoted=True)
            if colon:
                settle()
        elif group == "name":
            # a key without quotes, as JavaScript and log lines write it: `firstName: "Ann"`
            settle()
            key, pending, colon = Leaf(*match.span(group), quoted=True), None, True
        elif group == "bare":
            if _BARE_VALUE.fullmatch(match.group()) and (
                colon or (stack and not stack[-1].is_object)
            ):
                pending = Leaf(match.start(), match.end(), quoted=False)
                settle()
            else:
                settle()
        elif group == "colon":
            if pending is not None and pending.quoted and not colon:
                key, pending, colon = pending, None, True
        elif group == "comma":
            settle()
        elif group == "open":
            record = Record(is_object=match.group() == "{")
            if len(stack) < MAX_DEPTH:
                if stack:
                    stack[-1].entries.append((key if colon else None, record))
                elif colon:
                    loose.entries.append((key, record))
                keys.append(key)
                stack.append(record)
            key, pending, colon = None, None, False
        elif group == "close":
            settle()
            if stack:
                record = stack.pop()
                owner = keys.pop()
                if not stack and owner is None:
                    yield record
    settle()
    if stack and keys[0] is None:
        yield stack[0]
    if loose.entries:
        yield loose


def decoded(text: str, leaf: Leaf) -> tuple[str, list[int] | None]:
    """Return a leaf's value and where each of its characters begins in `text`.

    The second is None where nothing was escaped: character `i` then stands at `leaf.start + i`.
    """
    raw = text[leaf.start : leaf.end]
    if "\\" not in raw:
        return raw, None
    parts: list[str] = []
    starts: list[int] = []
    end = 0
    for match in _ESCAPE.finditer(raw):
        begin = match.start()
        parts.append(raw[end:begin])
        starts.extend(range(leaf.start + end, leaf.start + begin))
        value = _decode(match.group())
        parts.append(value)
        starts.extend([leaf.start + begin] * len(value))
        end = match.end()
    parts.append(raw[end:])
    starts.extend(range(leaf.start + end, leaf.end + 1))
    return "".join(parts), starts


_SIMPLE: Final = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f"}


def _decode(escape: str) -> str:
    if len(escape) == 2:
        return _SIMPLE.get(escape[1], escape[1])
    units = [int(part, 16) for part in escape.split("\\u") if part]
    raw = b"".join(unit.to_bytes(2, "big") for unit in units)
    # half of a pair stands for nothing; it keeps a place
    return raw.decode("utf-16-be", "replace")

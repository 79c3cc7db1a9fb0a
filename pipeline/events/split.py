"""Find the events in the bytes of a message that does not parse as a whole.

One bad element must cost its neighbours nothing, so the bytes are cut at the boundaries of the
outermost array, or at line ends, without the help of a JSON parser. Every scan is linear.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

# strings whole, so that brackets inside them do not count; a quote that nothing closes alone
_TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|["\[\]{},]', re.DOTALL)
_BRACKETS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[\[\]{}]', re.DOTALL)
_CLOSES = {b"]": b"[", b"}": b"{"}


def is_array(value: bytes) -> bool:
    """Say whether the first character that is not blank opens an array."""
    return value.lstrip()[:1] == b"["


def array_elements(value: bytes) -> Iterator[bytes]:
    """Yield the elements of the outermost array, unparsed.

    Where the brackets stop making sense (an unclosed string, a wrong closing bracket, text after
    the array) the rest of the message is yielded as one element, which then fails to parse.
    """
    start = value.index(b"[") + 1
    open_brackets: list[bytes] = [b"["]
    for token in _TOKEN.finditer(value, start):
        mark = token.group()
        if mark == b"," and len(open_brackets) == 1:
            yield value[start : token.start()]
            start = token.end()
        elif mark in (b"[", b"{"):
            open_brackets.append(mark)
        elif mark == b'"' or (mark in _CLOSES and open_brackets.pop() != _CLOSES[mark]):
            break
        elif not open_brackets:
            yield value[start : token.start()]
            if rest := value[token.end() :].strip():
                yield rest
            return
    yield value[start:]


def lines(value: bytes) -> list[bytes] | None:
    """Return the lines of NDJSON that are not blank, or None where `value` is one document.

    It is NDJSON if a line is an object by itself: from its first column, which keeps
    pretty-printed documents out, to its end.
    """
    found = [line for line in value.split(b"\n") if line.strip()]
    if len(found) > 1 and any(
        line.startswith(b"{") and line.rstrip().endswith(b"}") for line in found
    ):
        return found
    return None


def nests_deeper(value: bytes, limit: int) -> bool:
    """Say whether brackets outside of strings nest deeper than `limit` levels."""
    depth = 0
    for token in _BRACKETS.finditer(value):
        mark = token.group()
        if mark in (b"[", b"{"):
            depth += 1
            if depth > limit:
                return True
        elif mark in _CLOSES:
            depth -= 1
    return False

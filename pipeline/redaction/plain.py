"""A text in plain form, with the way back to the text as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Plain(NamedTuple):
    """A plain form: `starts[i]` is where its character `i` begins in the original.

    `starts` has one entry more than `text`: the original's length. An original character may
    have become several (they share a start), several may have become one.
    """

    text: str
    starts: Sequence[int]

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Map `[start, end)` of the plain form to the original; `start < end`."""
        starts = self.starts
        last = starts[end - 1]
        # characters that share a start came from one original character: take all of it
        while end < len(starts) - 1 and starts[end] == last:
            end += 1
        return starts[start], starts[end]

    def over(self, below: Plain) -> Plain:
        """Return this form of `below`'s text as a form of what `below` was made from."""
        starts = below.starts
        return Plain(self.text, [starts[index] for index in self.starts])


def replaced(text: str, pattern: re.Pattern[str], plain: Callable[[str], str]) -> Plain:
    """Put every match of `pattern` into the form that `plain` gives it; keep the way back."""
    parts: list[str] = []
    starts: list[int] = []
    end = 0
    for match in pattern.finditer(text):
        begin = match.start()
        parts.append(text[end:begin])
        starts.extend(range(end, begin))
        form = plain(match.group())
        parts.append(form)
        end = match.end()
        # a form of the same length keeps its places; otherwise all of it stands for the match
        starts.extend(range(begin, end) if len(form) == end - begin else [begin] * len(form))
    parts.append(text[end:])
    starts.extend(range(end, len(text) + 1))
    return Plain("".join(parts), starts)

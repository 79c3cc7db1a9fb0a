"""Words around a value that say what it is."""

from __future__ import annotations

import re

from pipeline.redaction.detectors.patterns import TextPattern

Pattern = re.Pattern[str] | TextPattern


def cue_before(pattern: Pattern, text: str, start: int, width: int = 48) -> bool:
    """Whether `pattern`, written in lower case, occurs in the `width` characters before `start`."""
    return pattern.search(text[max(0, start - width) : start].lower()) is not None


def cue_after(pattern: Pattern, text: str, end: int, width: int = 32) -> bool:
    """Whether `pattern`, written in lower case, occurs in the `width` characters from `end` on."""
    return pattern.search(text[end : end + width].lower()) is not None


def end_of_last(pattern: re.Pattern[str], text: str) -> int:
    """Return where the last match of `pattern` in `text` ends; 0 without one."""
    return max((match.end() for match in pattern.finditer(text)), default=0)


def cue_near(
    pattern: Pattern, text: str, start: int, end: int, before: int = 48, after: int = 32
) -> bool:
    """Whether `pattern` occurs on either side of `[start, end)`."""
    return cue_before(pattern, text, start, before) or cue_after(pattern, text, end, after)

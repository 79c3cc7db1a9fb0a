"""Unicode tricks undone before detection, with the way back to the original offsets."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from pipeline.redaction.spans import Span

# Characters that show nothing: soft hyphen, zero-width, joiners, direction marks, tags, BOM.
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e007f]"
)
_SAME: Final = {
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-"),
    **dict.fromkeys(
        (0xA0, 0x1680, 0x202F, 0x205F, 0x3000, *range(0x2000, 0x200B)),
        " ",
    ),
    **dict.fromkeys(map(ord, "\u2024\u3002\uff0e\uff61"), "."),
    ord("\u2019"): "'",
    ord("\u2018"): "'",
    ord("\uff07"): "'",
}


def fold(text: str) -> tuple[str, list[int] | None]:
    """Return `text` in plain characters, and where each of its characters came from.

    Compatibility forms become the character they stand for where that is a single one, dashes,
    blanks and digits of all scripts become those of ASCII, and invisible characters go. The second
    value is None where offsets did not change.
    """
    folded = "".join(map(_plain, text.translate(_SAME)))
    if not _INVISIBLE.search(folded):
        return folded, None
    kept: list[str] = []
    origin: list[int] = []
    for offset, char in enumerate(folded):
        if not _INVISIBLE.match(char):
            kept.append(char)
            origin.append(offset)
    return "".join(kept), origin


def _plain(char: str) -> str:
    if char < "\u0100":
        return char
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    form = unicodedata.normalize("NFKC", char)
    return form if len(form) == 1 else char


def unfold(spans: list[Span], origin: list[int]) -> list[Span]:
    """Return `spans` of a folded text as spans of the original one."""
    return [span._replace(start=origin[span.start], end=origin[span.end - 1] + 1) for span in spans]

"""Text as a reader or a parser would see it, with the way back to the text as it was written.

Personal data hides behind compatibility characters, zero-width characters, look-alike letters and
escapes (`\\u0040`, `%40`, `&#64;`). Detection reads the plain form; what it finds is replaced in
the original, so that a text without findings keeps its bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from html.entities import html5
from typing import Final, NamedTuple

MAX_LAYERS: Final = 3
"""Escapes inside escapes are undone this often (`%2540` → `%40` → `@`)."""


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


_ZERO_WIDTH: Final = frozenset("\u00ad\u034f\u061c\u180e\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
_ZERO_WIDTH_PATTERN: Final = re.compile(
    f"[{''.join(sorted(_ZERO_WIDTH))}\u202a-\u202e\u2066-\u2069]"
)

# Letters of other scripts that look like Latin ones, after Unicode's confusables.txt (UTS #39).
_LOOK_ALIKES: Final = dict(
    zip(
        "аеорсхуіјѕԁһԛԝкАВЕКМНОРСТХУІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧαονιρυ",
        "aeopcxyijsdhqwkABEKMHOPCTXYIJSABEZHIKMNOPTYXaovipu",
        strict=True,
    )
)
_HAS_LOOK_ALIKE: Final = re.compile(f"[{''.join(_LOOK_ALIKES)}]")
_MIXED_WORD: Final = re.compile(r"[^\s,;:<>()\[\]{}\"']+")
_LATIN: Final = re.compile(r"[A-Za-z]")
_NOT_ASCII_DIGIT: Final = re.compile(r"(?![0-9])\d")

_ESCAPES: Final = re.compile(
    r"\\+u[0-9A-Fa-f]{4}(?:\\+u[0-9A-Fa-f]{4})?"
    r"|\\+x[0-9A-Fa-f]{2}"
    r"|(?:%[0-9A-Fa-f]{2})+"
    r"|&#[0-9]{1,7};|&#[xX][0-9A-Fa-f]{1,6};|&(?:commat|period|amp|lowbar|num|nbsp|hyphen|plus);"
)
_HAS_ESCAPE: Final = re.compile(
    r"\\[ux][0-9A-Fa-f]{2}|%[0-9A-Fa-f]{2}|&#|&(?:commat|period|lowbar)"
)


def plain_form(text: str) -> Plain | None:
    """Return the plain form of `text`, or None where it is plain already. Linear in its length."""
    layers: list[Plain] = []
    current = text
    for _ in range(MAX_LAYERS):
        step = _unescape(current)
        if step is None:
            break
        layers.append(step)
        current = step.text
    if not current.isascii():
        for simplify in (_compatible, _without_look_alikes):
            step = simplify(current)
            if step is not None:
                layers.append(step)
                current = step.text
    if not layers:
        return None
    starts = layers[-1].starts
    for layer in reversed(layers[:-1]):
        below = layer.starts
        starts = [below[index] for index in starts]
    return Plain(current, starts)


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


def _unescape(text: str) -> Plain | None:
    if "\\" not in text and "%" not in text and "&" not in text:
        return None
    return replaced(text, _ESCAPES, _decode) if _HAS_ESCAPE.search(text) else None


def _decode(escape: str) -> str:
    """Decode one escape; one that says nothing valid stays as it is."""
    try:
        if escape[0] == "%":
            return bytes.fromhex(escape.replace("%", "")).decode("utf-8")
        if escape.startswith("&#"):
            digits = escape[2:-1]
            return chr(int(digits[1:], 16) if digits[0] in "xX" else int(digits))
        if escape[0] == "&":
            return html5[escape[1:]]
        units = [int(part[-4:], 16) for part in re.findall(r"[ux][0-9A-Fa-f]{2,4}", escape)]
        return b"".join(unit.to_bytes(2, "big") for unit in units).decode("utf-16-be")
    except (ValueError, KeyError, OverflowError):
        return escape


def _compatible(text: str) -> Plain | None:
    """Unicode's compatibility form (NFKC), ASCII digits, nothing invisible."""
    hidden = _ZERO_WIDTH_PATTERN.search(text) is not None
    digits = _NOT_ASCII_DIGIT.search(text) is not None
    if not hidden and not digits and unicodedata.is_normalized("NFKC", text):
        return None
    parts: list[str] = []
    starts: list[int] = []
    begin = 0
    length = len(text)
    while begin < length:
        end = begin + 1
        # combining marks belong to the letter before them
        while end < length and unicodedata.combining(text[end]):
            end += 1
        cluster = text[begin:end]
        if not cluster.isascii():
            cluster = _ZERO_WIDTH_PATTERN.sub("", unicodedata.normalize("NFKC", cluster))
            cluster = "".join(
                str(unicodedata.decimal(char, char)) if char.isdecimal() else char
                for char in cluster
            )
        parts.append(cluster)
        starts.extend([begin] * len(cluster))
        begin = end
    starts.append(length)
    return Plain("".join(parts), starts)


def _without_look_alikes(text: str) -> Plain | None:
    """Latin letters for those that look like them, in words that mix the scripts."""
    if not _HAS_LOOK_ALIKE.search(text):
        return None

    def latin(word: str) -> str:
        if not _LATIN.search(word) and "@" not in word:
            return word
        return "".join(_LOOK_ALIKES.get(char, char) for char in word)

    return replaced(text, _MIXED_WORD, latin)

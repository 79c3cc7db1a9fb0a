"""Text as a reader or a parser would see it, with the way back to the text as it was written.

Personal data hides behind compatibility characters, zero-width characters, look-alike letters and
escapes (`\\u0040`, `%40`, `&#64;`). Detection reads the plain form; what it finds is replaced in
the original, so that a text without findings keeps its bytes.
"""

from __future__ import annotations

import re
import unicodedata
from html.entities import html5
from typing import Final

from pipeline.redaction.plain import Plain, replaced
from pipeline.redaction.spoken import without_spelling

MAX_LAYERS: Final = 3
"""Escapes inside escapes are undone this often (`%2540` → `%40` → `@`)."""


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


# Latin letters up to those of Extended-B, without the soft hyphen: among them are no digits but
# ASCII's, no dashes, and none that is taken for a letter of another script.
_NOT_LATIN: Final = re.compile("[^\x00-\xac\xae-\u024f]")


def is_plain_ascii(text: str) -> bool:
    """Tell whether `text` is ASCII without a sign of any escape."""
    return text.isascii() and "\\" not in text and "%" not in text and "&" not in text


def plain_form(text: str) -> Plain | None:
    """Return the plain form of `text`, or None where it is plain already. Linear in its length."""
    if is_plain_ascii(text):
        return without_spelling(text)
    if _is_plain_latin(text):
        return without_spelling(text)
    plain: Plain | None = None
    for simplify in (*[_unescape] * MAX_LAYERS, *_SIMPLIFIERS):
        step = simplify(text if plain is None else plain.text)
        if step is not None:
            plain = step if plain is None else step.over(plain)
    return plain


def _is_plain_latin(text: str) -> bool:
    """Tell cheaply whether only spellings are to be undone, of a text with a name such as `Zoë`."""
    return (
        "\\" not in text
        and "%" not in text
        and "&" not in text
        and _NOT_LATIN.search(text) is None
        and unicodedata.is_normalized("NFKC", text)
    )


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
    if text.isascii():
        return None
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
    if text.isascii() or not _HAS_LOOK_ALIKE.search(text):
        return None

    def latin(word: str) -> str:
        if not _LATIN.search(word) and "@" not in word:
            return word
        return "".join(_LOOK_ALIKES.get(char, char) for char in word)

    return replaced(text, _MIXED_WORD, latin)


def _hyphens(text: str) -> Plain | None:
    """A plain hyphen for the others, inside words and numbers."""
    if text.isascii() or not _DASH.search(text):
        return None
    return replaced(text, _DASH, lambda _: "-")


_DASH: Final = re.compile("(?<=\\w)[\u2010-\u2013\u2212](?=\\w)")
_SIMPLIFIERS: Final = (_compatible, _without_look_alikes, _hyphens, without_spelling)

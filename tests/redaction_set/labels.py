"""Labelled texts: exact spans of personal data, written as markup or as marks around values.

Hand-written texts carry markup, `Call [[PERSON:Ada Wong]] in [[?LOCATION:Leeds]]`. Generated ones
put marks (private-use characters, which JSON encoding leaves recognisable) around each value, so
that the truth is exact however deep the value was nested and escaped.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

OPEN, MIDDLE, CLOSE = "\ue000", "\ue001", "\ue002"


@dataclass(frozen=True, slots=True)
class Span:
    """Personal data in code points [start, end) of a text."""

    start: int
    end: int
    entity_type: str
    optional: bool = False
    """True: finding it is neither required nor wrong (a city that stands alone, a company)."""


@dataclass(frozen=True, slots=True)
class Item:
    """A text with its truth; `tags` say where it comes from, for figures by kind."""

    text: str
    spans: tuple[Span, ...]
    tags: tuple[str, ...] = ()

    def values(self) -> list[str]:
        """Return the required values in order of their place."""
        return [self.text[span.start : span.end] for span in self.spans if not span.optional]


def mark(entity_type: str, value: str) -> str:
    """Wrap a value in marks; a type that begins with `?` is optional, an empty type adds none."""
    return f"{OPEN}{entity_type}{MIDDLE}{value}{CLOSE}" if entity_type else value


def _unescape_marks(text: str) -> str:
    # written as \ue000, with one more backslash for each level of JSON inside strings
    for character in (OPEN, MIDDLE, CLOSE):
        text = re.sub(rf"\\+u{ord(character):04x}", character, text)
    return text


def parse_marked(text: str, tags: tuple[str, ...] = ()) -> Item:
    """Take the marks out of a text and return it with its spans; marks must not be nested."""
    plain: list[str] = []
    spans: list[Span] = []
    length = 0
    for position, piece in enumerate(_unescape_marks(text).split(OPEN)):
        if position == 0:
            plain.append(piece)
            length += len(piece)
            continue
        head, _, tail = piece.partition(CLOSE)
        entity_type, middle, value = head.partition(MIDDLE)
        if not middle or not value:
            raise ValueError("a mark without a type or a value")
        optional = entity_type.startswith("?")
        spans.append(Span(length, length + len(value), entity_type.lstrip("?"), optional))
        plain += (value, tail)
        length += len(value) + len(tail)
    return Item("".join(plain), tuple(spans), tags)


_MARKUP = re.compile(r"\[\[(\??[A-Z_]+):(.+?)\]\]", re.DOTALL)


def parse_markup(text: str, tags: tuple[str, ...] = ()) -> Item:
    """Return the item behind a text with `[[TYPE:value]]` markup."""
    item = parse_marked(_MARKUP.sub(lambda match: mark(match[1], match[2]), text), tags)
    if "[[" in item.text or "]]" in item.text:
        raise ValueError(f"broken markup near {item.text[:40]!r}")
    return item


def read_handwritten(path: Path) -> list[Item]:
    """Read a file of marked-up texts; a line `%% tag tag` begins each of them."""
    items: list[Item] = []
    for record in re.split(r"^%%", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        head, _, body = record.partition("\n")
        items.append(parse_markup(body.strip("\n"), tuple(head.split())))
    return items
